#!/usr/bin/env bash
# Zero downtime behind a real HAProxy: visitors of all kinds ask while versions come, go back and turn bad,
# and the router and the engine are started again; none of their questions fails but where that is promised.
# The same behind nginx, in short.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
live_up
# shellcheck source=tests/harness/lab_traffic.sh
. "$SRC/tests/harness/lab_traffic.sh"

for h in test prod; do images $h web:v1 web:v2 || exit; done
"$LAB" image test web:ill ill --port 8080 --no-healthcheck --health 500 >/dev/null
"$LAB" image prod edge:1 1 --server haproxy --no-healthcheck >/dev/null
on prod 'docker network create front >/dev/null
	docker run -d --name web --network front --restart unless-stopped --stop-timeout 5 web:v1 >/dev/null'
show() { on test "docker rm -f web >/dev/null 2>&1; docker run -d --name web web:$1 >/dev/null"; } # VERSION
show v2
stack() { echo '"web": { "containers": ["web"], "health_deadline_s": '$((20 * SLOW))', '"$(traffic_of "$@")"' }'; }
work traffic "$(stack haproxy edge)"
ok "the router serves" edge_is_made

# ---- a version comes, and goes back at once

plan=$(rfa plan promote web --from test --to prod 2>&1)
ok "the plan says how long a connection may stay" says 'has 10 s to end' echo "$plan"
visit /version "${everybody[@]}" held
run_rfa promote web --from test --to prod
leave
first=$run
ok "promote v1 to v2: exit status 0" ended 0
ok "no question failed" none_failed 400
ok "it serves v2" says v2 serves
ok "nothing is left" is "$(stands)" "web 0"
ok "the ledger knows what was counted" says requests rfa show "$first"
# The rule of a connection that does not end: it stays until the drain has taken its time, and is told.
drained_ms=$(rfa show "$first" --json | python3 -c '
import datetime, json, sys
for r in json.load(sys.stdin)["records"]:
    if (r["record"], r["step"]) == ("DONE", "target.drain"):
        print(int(datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp()) * 1000)')
ok "the connection that did not end was cut" is "$(field held good)" 0
ok "but not before its time was over" test "$(field held cut_ms)" -ge "${drained_ms:-0}" -a "${drained_ms:-0}" -gt 0
ok "it is told" says 'its time is over: 1 request(s)' rfa show "$first"

visit /version "${everybody[@]}"
run_rfa rollback web --env prod --last --switch --yes prod
leave
ok "rollback --switch: exit status 0" ended 0
ok "no question failed" none_failed 200
ok "it serves v1" says v1 serves
ok "nothing is left" is "$(stands)" "web 0"

# ---- a version that answers 500 to visitors goes back by itself

show ill
visit /health new
run_rfa promote web --from test --to prod
leave
ok "one that turns bad: exit status 5" ended 5
ok "it says how bad" said 'answers of the new web were errors'
bad=$(($(field new asked) - $(field new good)))
ok "visitors got no more than its share of errors ($bad)" test $((bad * 100)) -le $(($(field new asked) * 25))
ok "it serves v1" says v1 serves
ok "nothing is left" is "$(stands)" "web 0"

# ---- the same behind nginx: a reload for each share. What it can promise is measured, and said.

on prod 'docker rm -f edge >/dev/null'
"$LAB" image prod ngx:1 1 --server nginx --no-healthcheck >/dev/null
configure "$(stack nginx ngx 2 2)"
rfa init ngx --router web --env prod >/dev/null
printf '%s\n' 'user root; daemon off; pid /var/lib/nginx/pid; error_log stderr; events {}' \
	'http { access_log off; include /etc/rfa/nginx.conf; }' >"$W/ngx/main.conf"
put_parts ngx nginx.conf shares.conf main.conf
on prod 'docker run -d --name ngx --network front -p 127.0.0.1:8000:8080 -v /srv/ngx:/etc/rfa:ro \
	-v /srv/ngx/main.conf:/etc/nginx/nginx.conf:ro ngx:1 /usr/sbin/nginx >/dev/null'
ok "nginx serves" await 30 serves
show v2
visit /version new
promote web
leave
ok "promote behind nginx: exit status 0" ended 0
ok "it is said that nothing is counted" said 'tells no errors by version|does not tell how requests were answered'
ok "it serves v2" says v2 serves
ok "no share is left" says "# web 0" on prod 'cat /srv/ngx/shares.conf'
ok "of a hundred questions ninety-nine are answered" test $(($(field new good) * 100)) -ge $(($(field new asked) * 99))
done_testing
