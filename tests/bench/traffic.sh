#!/usr/bin/env bash
# A new version of a Compose service behind a router, under a client that asks every 20 ms: with `docker
# compose up -d`, with a second container as it is done by hand (scale to 2, stop the old one), and with
# rfa, blue-green. Failed requests of each, and how long it takes.
#
# usage: traffic.sh     (./dev bench traffic)
# rfa also brings the image from another host, records, and soaks two shares for five seconds each.
# shellcheck disable=SC2016,SC2317  # quoted for hosts; called by name
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/../live/lib.sh"

live_up
for h in test prod; do
	for v in v1 v2 v3 v4; do
		[ "$h$v" = prodv4 ] || "$LAB" image $h "web:$v" "$v" --port 8080 --no-healthcheck >/dev/null || exit 1
	done
	on $h 'docker network create front >/dev/null; mkdir -p /srv/stacks/web
		printf "%s\n" "services:" "  web:" "    image: web:v1" "    restart: unless-stopped" "    networks: [front]" \
			"networks:" "  front:" "    external: true" >/srv/stacks/web/compose.yaml
		cd /srv/stacks/web && docker compose up -d >/dev/null 2>&1' || exit 1
done
"$LAB" image prod edge:1 1 --server haproxy --no-healthcheck >/dev/null || exit 1
on test 'cd /srv/stacks/web && sed -i s/:v1/:v4/ compose.yaml && docker compose up -d >/dev/null 2>&1' || exit 1
work traffic '"web": { "compose": { "project": "web", "directory": "/srv/stacks/web" },
	"traffic": { "services": { "web": { "how": "blue-green", "port": 8080 } },
		"router": { "container": "edge", "directory": "/srv/edge" },
		"shares": [20, 100], "soak_s": 5, "min_requests": 20 } }'
rfa init edge --router web --env prod >/dev/null || exit 1
on prod 'mkdir -p /srv/edge && chmod 755 /srv/edge'
for f in haproxy.cfg shares.map; do on prod "cat >/srv/edge/$f && chmod 644 /srv/edge/$f" <"$W/edge/$f"; done
on prod 'docker run -d --name edge --network front -p 127.0.0.1:8000:8080 -v /srv/edge:/etc/rfa:ro edge:1 \
	/usr/sbin/haproxy -db -f /etc/rfa/haproxy.cfg >/dev/null'
await 30 on prod 'busybox wget -qO- -T 2 http://127.0.0.1:8000/version' >/dev/null || exit 1
on prod 'cat >/run/prober && chmod 755 /run/prober' <"${RFA_PROBER:-$RFA_BUILD/tests/prober}"

measured() { # NAME CMD...
	local begun took visits
	on prod 'exec /run/prober 8000 /version 600' >"$TMP/visits" &
	local client=$!
	sleep 2
	begun=$(now_ms)
	"${@:2}" >"$TMP/log" 2>&1 || { cat "$TMP/log" >&2; exit 1; }
	took=$(($(now_ms) - begun))
	sleep 2
	on prod 'pidof prober | xargs kill -TERM'
	wait "$client"
	visits=$(cat "$TMP/visits")
	echo "$visits" | awk -v n="$1" -v t="$took" '{ printf "%-28s %6d asked %6d failed  down %6d ms  takes %6d ms\n", n, $2, $2 - $4, $8, t }'
}
by_compose() { on prod 'cd /srv/stacks/web && sed -i s/:v1/:v2/ compose.yaml && docker compose up -d'; }
by_hand() {
	on prod 'cd /srv/stacks/web && sed -i s/:v2/:v3/ compose.yaml && old=$(docker compose ps -q web) &&
		docker compose up -d --no-recreate --scale web=2 && sleep 2 && docker stop $old && docker rm $old &&
		docker compose up -d --no-recreate --scale web=1'
}
by_rfa() {
	promote web
	[ "$status" = 0 ] || { cat "$W/err"; return 1; }
}
measured 'docker compose up -d' by_compose
measured 'scale to 2, stop the old one' by_hand
measured 'rfa promote, blue-green' by_rfa
