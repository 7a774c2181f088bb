#!/usr/bin/env bash
# Zero downtime behind a real HAProxy: a client asks every 20 ms while versions come, go back, turn bad,
# and while rfa is killed; none of its questions fails. RFA_LIVE_KILLS says how many kills (4).
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

# ---- a service behind a router; no port of its own is published

for h in test prod; do
	"$LAB" image $h web:v1 v1 --port 8080 --no-healthcheck >/dev/null
	"$LAB" image $h web:v2 v2 --port 8080 --no-healthcheck >/dev/null
done
"$LAB" image test web:ill ill --port 8080 --no-healthcheck --health 500 >/dev/null
"$LAB" image prod edge:1 1 --server haproxy --no-healthcheck >/dev/null
on prod 'docker network create front >/dev/null
	docker run -d --name web --network front --restart unless-stopped --stop-timeout 5 web:v1 >/dev/null'
show() { on test "docker rm -f web >/dev/null 2>&1; docker run -d --name web web:$1 >/dev/null"; } # VERSION
show v2

stack() { # DRIVER CONTAINER
	echo '"web": { "containers": ["web"], "health_deadline_s": '$((20 * SLOW))',
	"traffic": { "services": { "web": { "how": "blue-green", "port": 8080 } },
		"router": { "driver": "'"$1"'", "container": "'"$2"'", "directory": "/srv/'"$2"'" },
		"shares": [20, 100], "soak_s": 4, "min_requests": 20, "drain_s": 10 } }'
}
work traffic "$(stack haproxy edge)"
put_parts() { # DIR FILE...: on prod, where the router finds them
	local f
	on prod "mkdir -p /srv/$1 && chmod 755 /srv/$1"
	for f in "${@:2}"; do on prod "cat >/srv/$1/$f && chmod 644 /srv/$1/$f" <"$W/$1/$f"; done
}
rfa init edge --router web --env prod >/dev/null
ok "the static part of the router is written" test -s "$W/edge/haproxy.cfg" -a -s "$W/edge/shares.map"
put_parts edge haproxy.cfg shares.map
edge_up() {
	on prod 'docker rm -f edge >/dev/null 2>&1
		docker run -d --name edge --network front -p 127.0.0.1:8000:8080 --restart always \
			-v /srv/edge:/etc/rfa:ro edge:1 /usr/sbin/haproxy -db -f /etc/rfa/haproxy.cfg >/dev/null'
}
edge_up
serves() { on prod 'busybox wget -qO- -T 2 http://127.0.0.1:8000/version'; }
ok "the router serves" await 30 serves

# ---- the client

on prod 'cat >/run/prober && chmod 755 /run/prober' <"${RFA_PROBER:-$RFA_BUILD/tests/prober}"
client=''
visit() { # PATH
	on prod "exec /run/prober 8000 $1 600" >"$TMP/visits" &
	client=$!
}
leave() { # the client goes, and its line is in `visits`
	on prod 'pidof prober | xargs kill -TERM' 2>/dev/null
	wait "$client"
	visits=$(cat "$TMP/visits")
	echo "# $visits"
}
visits=''
field() { echo "$visits" | tr ' ' '\n' | grep -x -A1 "$1" | tail -n 1; }
none_failed() { # AT_LEAST
	[ "$(field asked)" -ge "$1" ] || { echo "too few questions: $visits"; return 1; }
	is "$(field good)" "$(field asked)"
}
stands() { on prod 'docker ps -a --format "{{.Names}}" | grep -e green -e rfa-; cat /srv/edge/shares.map'; }

# ---- a version comes

visit /version
run_rfa promote web --from test --to prod
leave
first=$run
ok "promote v1 to v2: exit status 0" ended 0
ok "no question failed" none_failed 400
ok "it serves v2" says v2 serves
ok "nothing is left" is "$(stands)" "web 0"
ok "the ledger knows what was counted" says requests rfa show "$first"

# ---- and goes back, at once

visit /version
run_rfa rollback web --env prod --last --switch --yes prod
leave
ok "rollback --switch: exit status 0" ended 0
ok "no question failed" none_failed 200
ok "it serves v1" says v1 serves
ok "nothing is left" is "$(stands)" "web 0"

# ---- a version that answers 500 to visitors goes back by itself

show ill
visit /health
run_rfa promote web --from test --to prod
leave
ok "one that turns bad: exit status 5" ended 5
ok "it says how bad" said 'answers of the new web were errors'
bad=$(($(field asked) - $(field good)))
ok "visitors got no more than its share of errors ($bad)" test $((bad * 100)) -le $(($(field asked) * 25))
ok "it serves v1" says v1 serves
ok "nothing is left" is "$(stands)" "web 0"

# ---- rfa is killed

show v2
RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"
visit /version
ran=v1
for n in $(seq "${RFA_LIVE_KILLS:-4}"); do
	[ "$ran" = v1 ] && next=v2 || next=v1
	show "$next"
	start_rfa promote web --from test --to prod
	row=$(printf '%s\n' beside shift drain replace return dismiss | sed -n "$((n % 6 + 1))p")
	await 60 told "step-started.*target.$row" >/dev/null
	when="in $row"
	slay
	if [ $((n % 2)) = 0 ]; then
		run_rfa resume "$run"
		ok "killed $when, resumed" ended 0
		ran=$next
	else
		run_rfa rollback "$run" --yes prod
		[ "$status" = 5 ] || [ "$status" = 0 ] || cat "$W/err"
		ran=$(serves | grep -o 'v[12]' | head -n 1)
		ok "killed $when, undone" is "$(stands)" "web 0"
	fi
done
leave
ok "no question failed over all kills" none_failed 400
ok "nothing is left" is "$(stands)" "web 0"

# ---- the same behind nginx: a reload for each share. What it can promise is measured, and said.

on prod 'docker rm -f edge >/dev/null'
"$LAB" image prod ngx:1 1 --server nginx --no-healthcheck >/dev/null
configure "$(stack nginx ngx)"
rfa init ngx --router web --env prod >/dev/null
printf '%s\n' 'user root; daemon off; pid /var/lib/nginx/pid; error_log stderr; events {}' \
	'http { access_log off; include /etc/rfa/nginx.conf; }' >"$W/ngx/main.conf"
put_parts ngx nginx.conf shares.conf main.conf
on prod 'docker run -d --name ngx --network front -p 127.0.0.1:8000:8080 -v /srv/ngx:/etc/rfa:ro \
	-v /srv/ngx/main.conf:/etc/nginx/nginx.conf:ro ngx:1 /usr/sbin/nginx >/dev/null'
ok "nginx serves" await 30 serves
[ "$ran" = v1 ] && next=v2 || next=v1
show "$next"
visit /version
promote web
leave
ok "promote behind nginx: exit status 0" ended 0
ok "it is said that nothing is counted" said 'tells no errors by version|does not tell how requests were answered'
ok "it serves $next" says "$next" serves
ok "no share is left" says "# web 0" on prod 'cat /srv/ngx/shares.conf'
ok "of a hundred questions ninety-nine are answered" test $(($(field good) * 100)) -ge $(($(field asked) * 99))
done_testing
