# For live tests: a service `web` on prod behind a router of the lab, and visitors of all kinds who ask there.
# shellcheck shell=bash disable=SC2016,SC2034  # quoted for hosts; used by the tests

# ---- a service behind a router; no port of its own is published

images() { # HOST NAME:TAG...: each says its tag as its version
	local h=$1 ref
	for ref in "${@:2}"; do
		"$LAB" image "$h" "$ref" "${ref#*:}" --port 8080 --no-healthcheck --env MANY=1 >/dev/null || return
	done
}
put_parts() { # DIR FILE...: on prod, where the router finds them
	local f
	on prod "mkdir -p /srv/$1 && chmod 755 /srv/$1"
	for f in "${@:2}"; do on prod "cat >/srv/$1/$f && chmod 644 /srv/$1/$f" <"$W/$1/$f"; done
}
traffic_of() { # DRIVER CONTAINER [SOAK_S DRAIN_S]: the key
	echo '"traffic": { "services": { "web": { "how": "blue-green", "port": 8080 } },
		"router": { "driver": "'"$1"'", "container": "'"$2"'", "directory": "/srv/'"$2"'" },
		"shares": [20, 100], "soak_s": '"${3:-4}"', "min_requests": 20, "drain_s": '"${4:-10}"' }'
}
edge_up() { # haproxy, as `rfa init --router` writes it; its image is edge:1
	on prod 'docker rm -f edge >/dev/null 2>&1
		docker run -d --name edge --network front -p 127.0.0.1:8000:8080 --restart always \
			-v /srv/edge:/etc/rfa:ro edge:1 /usr/sbin/haproxy -db -f /etc/rfa/haproxy.cfg >/dev/null'
	await 30 serves
}
edge_is_made() {
	rfa init edge --router web --env prod >/dev/null && put_parts edge haproxy.cfg shares.map && edge_up
}
serves() { on prod 'busybox wget -qO- -T 2 http://127.0.0.1:8000/version'; }
stands() { on prod 'docker ps -a --format "{{.Names}}" | grep -e green -e rfa-; cat /srv/edge/shares.map'; }

# ---- the visitors, as visitors.py has them

everybody=(new keep slow upload socket)
visitors='' visits='' door=127.0.0.1:8000
visit() { # PATH KIND...
	local pid
	in_lab hosts/prod
	nsenter --target "$pid" --net -- python3 "$SRC/tests/harness/visitors.py" "$door" "$@" >"$TMP/visits" 2>"$TMP/failed" &
	visitors=$!
	started "$visitors"
}
leave() { # they go, and what they say is in `visits`, a line each
	signal TERM "$visitors"
	wait "$visitors"
	visits=$(cat "$TMP/visits")
	echo "# ${visits//$'\n'/$'\n# '}"
	head -n 5 "$TMP/failed" | sed 's/^/# /'
}
field() { echo "$visits" | sed -n "s/^$1 .*\<$2 \([0-9]*\).*/\1/p"; } # KIND FIELD
none_failed() { # LEAST: of each kind but `held`; a question of one that takes seconds stands for a hundred
	local kind _ asked good least
	while read -r kind _ asked _ good _; do
		least=$1
		case $kind in held) continue ;; new | keep) ;; *) least=$(($1 / 100)) ;; esac
		[ "$asked" -ge "$least" ] || { echo "too few questions: $kind $asked, $least at least"; return 1; }
		[ "$good" = "$asked" ] || { echo "$kind: $((asked - good)) of $asked failed"; return 1; }
	done <<<"$visits"
}
