#!/usr/bin/env bash
# The network stalls and is cut while images travel; hosts lose power; an engine is not there.
# rfa gives up by itself, says so, is in the way of others, and carries on where it was.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

# One container whose image brings 24 MB that do not compress.
fat=24
on prod 'docker network create fat >/dev/null'
"$LAB" image prod fat:v1 v1 --port 8001 >/dev/null
on prod 'docker run -d --name fat --network fat -p 127.0.0.1:8001:8001 --restart unless-stopped --stop-timeout 3 -e KEY=value fat:v1 >/dev/null'
healthy() { are_healthy "$1" fat; }
test_runs() { # VERSION MB
	"$LAB" image test "fat:$1" "$1" --port 8001 --fat "$2" >/dev/null
	on test "docker rm -f fat >/dev/null 2>&1; docker run -d --name fat fat:$1 >/dev/null"
	await 20 healthy test
}
work network '"fat": { "containers": ["fat"], "health": [{ "url": "http://127.0.0.1:8001/health" }], "health_deadline_s": '$((30 * SLOW))' }'
await 20 healthy prod >/dev/null
before=$(container prod fat)

sent_mb() { # MB: so much has passed in the transfer
	local passed
	passed=$(sed -n 's/.*"event":"progress".*"done":\([0-9]*\).*/\1/p' "$W/events" | tail -n 1)
	[ "${passed:-0}" -ge $(($1 * 1000000)) ]
}
in_step() { grep -q "\"event\":\"step-started\".*\"step\":\"$1\"\|\"step\":\"$1\".*\"event\":\"step-started\"" "$W/events"; }
last_line() { tail -n 1 "$W/err"; }

# interrupted HOW VERSION: the network fails while the image travels; then it heals
interrupted() {
	local how=$1 v=$2
	test_runs "$v" "$fat" >/dev/null
	"$LAB" net prod slow 40000
	start_rfa promote fat --from test --to prod
	ok "$how: the image travels" await 60 sent_mb 10
	"$LAB" net prod "$how"
	begun=$SECONDS
	await 60 gone "$job" >/dev/null || signal KILL "$job"
	join
	took=$((SECONDS - begun))
	id=$run
	ok "$how: rfa gives up by itself: exit status 75" ended 75
	ok "$how: within its timeouts (${took} s)" test "$took" -le $((40 * SLOW))
	ok "$how: the last line is the way on" is "$(last_line)" "  next      rfa resume $id"
	ok "$how: status says interrupted" says interrupted rfa status
	ok "$how: v1 serves meanwhile" on prod 'busybox wget -qO- -T 5 http://127.0.0.1:8001/health'
	ok "$how: and nothing of it was changed" as_before "$before" container prod fat
	"$LAB" net prod heal
	promote fat
	ok "$how: another promotion is refused" ended 8
	ok "$how: who is in the way" said "$id"
	ok "$how: since when" said 'since|begun|[0-9]{4}-[0-9]{2}-[0-9]{2}'
	for way in resume rollback abort; do ok "$how: way out: $way" said "rfa $way $id"; done
	run_rfa resume "$id"
	ok "$how: resume ends it: exit status 0" ended 0
	# What was there already is not sent again, up to the chunk that was under way.
	total=$(facts "$id" source.export exported/bytes) sent=$(facts "$id" target.receive sent)
	ok "$how: at most one chunk is sent again ($sent of $total bytes)" test "$sent" -le $((total - 10000000 + 8388608))
	ok "$how: and not all of it" test "$sent" -lt "$total"
	ok "$how: $v serves" answers prod 8001/health "$v"
	ok "$how: all else is as before" as_before "$before" container prod fat
	# A host learns of a dead connection when the next packet of it gets through: that takes a while.
	patience=60
	ok "$how: nothing is left" clean test prod
	patience=5
}
interrupted stall v2
# Another layer below: it must travel anew.
fat=25
interrupted cut v3

# ---- power

# power STEP VERSION MB: prod loses power in this step
power() {
	local step=$1 v=$2
	test_runs "$v" "$3" >/dev/null
	[ "$step" != target.receive ] || "$LAB" net prod slow 40000
	start_rfa promote fat --from test --to prod
	ok "power lost in $step: it is there" await 60 in_step "$step"
	"$LAB" restart prod >/dev/null 2>&1
	await 60 gone "$job" >/dev/null || signal KILL "$job"
	join
	id=$run
	ok "power lost in $step: interrupted, or carried on (exit status $status)" grep -qxE '75|0' <<<"$status"
	"$LAB" net prod heal
	run_rfa resume "$id"
	ok "power lost in $step: resume ends it (exit status $status)" grep -qxE '0|5' <<<"$status"
	case $status in 0) runs=$v ;; *) runs=$old ;; esac
	ok "power lost in $step: $runs serves" await 20 answers prod 8001/health "$runs"
	ok "power lost in $step: all else is as before" await 20 as_before "$before" container prod fat
	ok "power lost in $step: nothing is left" clean test prod
	ok "power lost in $step: verify agrees" exits 0 rfa verify fat --env prod
	old=$runs
}
old=v3
power target.receive v4 26
power target.replace v5 0

# ---- no engine

"$LAB" engine prod stop
promote fat
# Nothing was changed yet, so both are right: a refusal, and an interruption that goes on afterwards.
ok "no engine on prod: it does not go on (exit status $status)" grep -qxE '4|11|75' <<<"$status"
ok "no engine on prod: it is said" said '^rfa: .*[Dd]ocker'
ok "no engine on prod: and where" said '^  where .*prod'
ok "no engine on prod: and how to mend it" said 'start the engine'
"$LAB" engine prod start
await 20 answers prod 8001/health "$old" >/dev/null || on prod 'docker start fat'
if [ "$status" = 75 ]; then
	run_rfa resume "$run"
	ok "no engine on prod: once it is there, the run ends: exit status 0" ended 0
fi
ok "no engine on prod: nothing is unfinished" says "no run is unfinished" rfa runs --open
ok "no engine on prod: nothing is left" clean test prod

done_testing
