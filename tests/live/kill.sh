#!/usr/bin/env bash
# rfa is killed (SIGKILL) at random moments, many times; each time `rfa resume` brings the run to its
# end, nothing is left behind, and prod runs what the ledger says.
#
# RFA_LIVE_SEED (printed) repeats the moments by event; RFA_LIVE_KILLS says how many kills. Without it
# there are as many as RFA_LIVE_SECONDS allow (90; 600 for `./dev test --all`), one at least.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
live_up

RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"

# Small containers that start and stop at once. All versions run on test side by side, and each in
# turn has the name that is promoted; prod keeps one old version, so that images travel each time.
versions='v1 v2 v3 v4'
for v in $versions; do
	"$LAB" image test "pair-a:$v" "$v" --port 8001 >/dev/null && "$LAB" image test "pair-b:$v" "$v" --port 8002 >/dev/null
	[ "$v" != v1 ] || { "$LAB" image prod pair-a:v1 v1 --port 8001 && "$LAB" image prod pair-b:v1 v1 --port 8002; } >/dev/null
done
on test "for v in $versions; do for c in a b; do
	docker run -d --name spare-\$c-\$v --health-interval 30s --health-start-interval 200ms --health-start-period 20s pair-\$c:\$v >/dev/null || exit
done; done"
on prod 'for c in a:8001 b:8002; do
	docker run -d --name pair-${c%:*} -p 127.0.0.1:${c#*:}:${c#*:} --restart unless-stopped --stop-timeout 2 -e "ODD=it'"'"'s \"odd\" \$HOME" pair-${c%:*}:v1 >/dev/null || exit
done'
shown=''
show_version() { # VERSION: it is what runs on test
	on test "${shown:+docker rename pair-a spare-a-$shown && docker rename pair-b spare-b-$shown &&}
		docker rename spare-a-$1 pair-a && docker rename spare-b-$1 pair-b"
	shown=$1
}
ready() { are_healthy "$1" pair-a pair-b; } # HOST

work kill '"pair": { "containers": ["pair-a", "pair-b"], "keep_images": 1, "health_deadline_s": '$((20 * SLOW))',
	"health": [{ "url": "http://127.0.0.1:8001/health" }, { "url": "http://127.0.0.1:8002/health" }] }' \
	'"timeouts": { "idle_s": '$((20 * SLOW))', "connect_s": '$((10 * SLOW))', "attempts": 3 }'
await 30 ready prod >/dev/null
as_before=$(container prod pair-a pair-b)

# One that nobody kills: how long it takes, and how many events it has.
show_version v2
await 30 ready test >/dev/null
undisturbed promote pair --from test --to prod
ran=v2

# What must hold whenever a run has ended.
holds() { # RUN VERSION-IF-IT-SUCCEEDED VERSION-IF-NOT
	local final
	final=$(final_of "$1")
	case $status/$final in
	0/SUCCEEDED) ran=$2 ;;
	5/ROLLED_BACK | 4/FAILED) ran=$3 ;;
	*) echo "exit status $status, $final"; tail -n 20 "$W/err"; return 1 ;;
	esac
	is "$(on prod "docker container inspect -f '{{.Config.Image}}' pair-a pair-b" | tr '\n' ' ')" "pair-a:$ran pair-b:$ran " &&
		is "$(images_of prod pair-a pair-b)" "$(on test "docker image inspect -f '{{.Id}}' pair-a:$ran pair-b:$ran")" &&
		clean test prod &&
		exits 0 rfa verify pair --env prod &&
		is "$(rfa status pair --env prod --json | grep -o '"version": *"[^"]*"' | head -n 1 | tr -d ' ')" "\"version\":\"$ran\""
}

successes=0
kills_for 60
for ((i = 1; ; i++)); do
	another_kill "$i" || break
	next=v$((${ran#v} % 4 + 1)) old=$ran all=''
	show_version "$next"
	start_rfa promote pair --from test --to prod
	moment
	slay
	all=$when
	id=$run
	if [ -z "$id" ]; then
		ok "kill $i $all: nothing had begun" says "no run is unfinished" rfa runs --open
		id=''
	fi
	# Every third time the resume is killed as well.
	if [ -n "$id" ] && [ $((i % 3)) = 0 ] && is_open "$id"; then
		start_rfa resume "$id"
		moment
		slay
		all="$all; resume $when"
	fi
	if [ -n "$id" ]; then
		run_rfa resume "$id"
		# Not in a subshell: it says what runs now.
		holds "$id" "$next" "$old" >"$TMP/held" 2>&1
		held=$?
		ok "kill $i $all: $(final_of "$id")" sh -c 'cat "$1"; exit "$2"' sh "$TMP/held" "$held"
		[ "$status" != 0 ] || successes=$((successes + 1))
	fi
	if [ "$(rfa runs --open 2>/dev/null)" != "no run is unfinished" ]; then
		ok "kill $i: no run is unfinished" says "no run is unfinished" rfa runs --open
		break
	fi
done
[ "$kills" -lt 10 ] || ok "most runs reached their end forwards" test $((successes * 2)) -gt "$kills"
ok "all else of both containers is as at the beginning" await 20 as_before "$as_before" container prod pair-a pair-b
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

done_testing
