#!/usr/bin/env bash
# rfa is killed (SIGKILL) in rows of a promote behind a real HAProxy, and taken up again or taken back; then
# the router, and the engine, are started again in the midst of a soak. Visitors of all kinds ask meanwhile:
# no kill costs one of their questions. What a restart costs is measured; once the router answers again, nothing.
#
# Two rows, and the engine with live-restore, in the usual run; with RFA_TEST_LONG each row, once with resume and
# once with rollback, and each restart.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
live_up
# shellcheck source=tests/harness/lab_traffic.sh
. "$SRC/tests/harness/lab_traffic.sh"

for h in test prod; do images $h web:v1 web:v2 || exit; done
"$LAB" image prod edge:1 1 --server haproxy --no-healthcheck >/dev/null
on prod 'docker network create front >/dev/null
	docker run -d --name web --network front --restart unless-stopped --stop-timeout 5 web:v1 >/dev/null'
work traffic_kill '"web": { "containers": ["web"], "health_deadline_s": '$((20 * SLOW))', '"$(traffic_of haproxy edge 1)"' }'
ok "the router serves" edge_is_made

ran=v1 next=''
prepare() { # the other version is what test shows
	[ "$ran" = v1 ] && next=v2 || next=v1
	on test "docker rm -f web >/dev/null 2>&1; docker run -d --name web web:$next >/dev/null"
}
version() { serves | head -n 1; }
holds() { # what must hold whenever a run has ended: all is new, or all is old
	case $status/$(final_of "$id") in
	0/SUCCEEDED) ran=$next ;;
	[1-6]/ROLLED_BACK | [1-6]/FAILED) ;;
	*) echo "exit status $status, $(final_of "$id")"; tail -n 20 "$W/err"; return 1 ;;
	esac
	is "$(version)" "$ran" && is "$(stands)" "web 0" && clean test prod
}

# ---- rfa is killed

rows=() # all that such a run starts
see_rows() { # of one that nobody kills
	prepare
	start_rfa promote web --from test --to prod
	join
	id=$run
	ok_here "a run that nobody kills" holds
	mapfile -t rows < <(sed -n 's/.*"event":"step-started".*"step":"\([^"]*\)".*/\1/p' "$W/events" | awk '!seen[$0]++')
	ok "it has rows (${#rows[@]})" test "${#rows[@]}" -ge 10
}
kills() { # ROW resume|rollback, a line each
	if [ -n "${RFA_TEST_LONG:-}" ]; then
		printf '%s resume\n' "${rows[@]}"
		printf '%s rollback\n' "${rows[@]}"
	else
		printf '%s\n' "target.replace rollback" "target.return resume"
	fi
}
killed_in() { # ROW WAY
	prepare
	start_rfa promote web --from test --to prod
	await 120 eval "told 'step-started.*\"$1\"' || gone $job" >/dev/null
	when=''
	slay
	id=$run
	if [ "$2" = rollback ]; then
		run_rfa rollback "$id" --yes prod
		# Behind its point of no return that is refused: it has to go on.
		case $(final_of "$id") in ROLLED_BACK | FAILED) ;; *) run_rfa resume "$id" ;; esac
	else
		run_rfa resume "$id"
	fi
	ok_here "killed in $1$when, $2: $(final_of "$id")" holds
}
visit /version "${everybody[@]}"
[ -z "${RFA_TEST_LONG:-}" ] || see_rows
n=0
while read -r row way <&3; do
	n=$((n + 1))
	killed_in "$row" "$way"
done 3< <(kills)
leave
ok "no question failed over $n kills" none_failed 500

# ---- the router and the engine are started again, in a soak

restarted() { # WHAT LEAST CMD...: in the midst of the first soak of a run; LEAST: that many questions, and none fails
	local what=$1 least=$2
	shift 2
	prepare
	visit /version new
	start_rfa promote web --from test --to prod
	await 120 told '20 % of the requests go to' >/dev/null
	"$@" >/dev/null 2>&1
	ok "$what: it serves again" await 60 serves
	leave
	[ "$least" = 0 ] || ok "$what: no question failed" none_failed "$least"
	visit /version new
	await 120 gone "$job" >/dev/null
	join
	id=$run
	[ "$status" != 75 ] || run_rfa resume "$id"
	leave
	ok_here "$what: the run comes to its end: $(final_of "$id")" holds
	ok "$what: once it serves, no question fails" none_failed 25
}
live_restore() { # true|false: does the engine of prod leave containers alone when it ends?
	on prod "sed -i 's/, \"live-restore\": [a-z]*//; s/}\$/, \"live-restore\": $1}/' /etc/docker/daemon.json &&
		kill -HUP \$(cat /run/docker.pid)"
	await 20 says "$1" on prod 'docker info -f "{{.LiveRestoreEnabled}}"'
}
configure '"web": { "containers": ["web"], "health_deadline_s": '$((20 * SLOW))', '"$(traffic_of haproxy edge 6)"' }'
if [ -n "${RFA_TEST_LONG:-}" ]; then
	restarted "the router" 0 on prod 'docker restart -t 1 edge'
	restarted "the engine" 0 "$LAB" engine prod restart
fi
ok "live-restore" live_restore true
# What docker-proxy forwards ends with the engine: who comes by the router's own address is not cut.
door=$(on prod 'docker inspect -f "{{.NetworkSettings.Networks.front.IPAddress}}" edge'):8080
restarted "the engine, with live-restore" 25 "$LAB" engine prod restart
engine_away() { # longer than HAProxy believes in an address that nobody confirms, if it is not told to
	"$LAB" engine prod stop
	read -r -t 45 -u "$never"
	"$LAB" engine prod start
}
[ -z "${RFA_TEST_LONG:-}" ] || restarted "the engine, away for 45 s, with live-restore" 25 engine_away
live_restore false

done_testing
