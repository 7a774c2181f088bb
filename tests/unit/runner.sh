#!/usr/bin/env bash
# The runner of the tests, fed with programs that pass, fail, crash, hang, lie and say nothing.
. "$(dirname "$0")/../harness/tap.sh"

taprun=$SRC/tests/harness/taprun
suites=$TMP/suites

# run [LABEL LANE SECONDS COMMAND]...: the runner's output in $TMP/out, its status in $status
run() {
	local n=$#
	[ "$n" = 0 ] || printf '%s\t%s\t%s\t%s\n' "$@" >"$suites"
	[ "$n" != 0 ] || : >"$suites"
	"$taprun" "$TMP/logs" <"$suites" >"$TMP/out" 2>&1
	status=$?
}
# shellcheck disable=SC2317  # called through ok
last() { is "$(tail -n 1 "$TMP/out")" "$1"; }
# shellcheck disable=SC2317
shows() { grep -qF -- "$1" "$TMP/out" || { echo "not shown: $1"; cat "$TMP/out"; return 1; }; }
# shellcheck disable=SC2317
gone() { # PID: soon; a zombie is gone, too
	local n
	for n in {1..1200}; do
		grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null || return 0
		sleep 0.05
	done
	echo "process $1 is still there after $n looks"
	return 1
}

run a any 9 'echo ok 1 - x; echo ok 2 - y; echo 1..2'
ok "all pass: the sum" last "2 passed, 0 failed"
ok "all pass: status 0" is "$status" 0

run a any 9 'echo 1..2; echo ok 1 - x; echo not ok 2 - y; echo "# seed 4711"; exit 1'
ok "a failed test: the sum" last "1 passed, 1 failed"
ok "a failed test: status 1" is "$status" 1
ok "a failed test: its comments are shown" shows "# seed 4711"
ok "a failed test: how to run it again" shows "again: echo 1..2; echo ok 1"
ok "a failed test: its output is kept" grep -q "seed 4711" "$TMP/logs/a.log"

run a any 9 'echo 1..1; echo not ok 1 - x; exit 0'
ok "a failure with exit status 0 fails" last "0 passed, 1 failed"
run a any 9 'echo 1..1; echo ok 1 - x; exit 3'
ok "a bad exit status without a failure fails" last "1 passed, 1 failed"
ok "and says so" shows "exit status 3, although nothing failed"

run a any 9 'echo 1..2; echo ok 1 - x; kill -SEGV $$'
ok "a crash fails" last "1 passed, 1 failed"
ok "and says so" shows "died by signal 11"
run a any 9 'echo 1..2; echo ok 1 - x'
ok "an early end fails" last "1 passed, 1 failed"
ok "and says so" shows "planned 2, ran 1"
run a any 9 'echo 1..1; echo ok 1; echo ok 2'
ok "more than planned fails" last "2 passed, 1 failed"
run a any 9 'echo ok 1 - x'
ok "no plan fails" last "1 passed, 1 failed"
run a any 9 'true'
ok "silence fails" last "0 passed, 1 failed"
run a any 9 'echo 1..0'
ok "an empty plan without a reason fails" last "0 passed, 1 failed"
run a any 9 '/nonexistent/program'
ok "a program that is not there fails" last "0 passed, 1 failed"
run a any 9 'echo 1..1; echo ok 1 - x; echo "Bail out! no disk"'
ok "a bail-out fails" last "1 passed, 1 failed"
run a any 9 'echo 1..1; echo "ok 1 - x"; echo "text on stderr, not ok 9" >&2; exit 1'
ok "standard error is no result, but shown" shows "text on stderr"

run a any 1 'echo 1..1; echo ok 1 - x; sleep 60'
ok "a hang fails" last "1 passed, 1 failed"
ok "and says so" shows "still running after 1 s"
run a any 1 'trap "" TERM; echo 1..1; while :; do sleep 1; done'
ok "a hang that ignores SIGTERM fails" last "0 passed, 1 failed"
run a any 9 "sleep 300 & echo \$! >$TMP/left; echo 1..1; echo ok 1"
ok "what a test leaves behind is killed" gone "$(cat "$TMP/left")"

run a any 9 "setsid sleep 300 >/dev/null & sleep 0.2; echo \$! >$TMP/left; echo 1..1; echo ok 1"
ok "also in a session of its own" gone "$(cat "$TMP/left")"
run a any 9 "mktemp -d >$TMP/place; echo 1..1; echo ok 1"
ok "and its temporary files" not test -e "$(cat "$TMP/place")"

# Interrupted: whatever ran is gone.
rm -f "$TMP/left" "$TMP/place"
printf '%s\t%s\t%s\t%s\n' a any 99 "setsid sleep 300 & echo \$! >$TMP/left; mktemp -d >$TMP/place; sleep 300" \
	b any 99 "trap '' INT TERM; echo \$\$ >$TMP/stubborn; while :; do sleep 1; done" \
	c one 99 "echo \$\$ >$TMP/beside; sleep 300" >"$suites"
RFA_TEST_JOBS=3 "$taprun" "$TMP/logs" <"$suites" >"$TMP/out" 2>&1 &
runner=$!
for _ in {1..1200}; do
	[ ! -s "$TMP/place" ] || [ ! -s "$TMP/stubborn" ] || [ ! -s "$TMP/beside" ] || break
	sleep 0.05
done
kill -TERM "$runner"
wait "$runner"
status=$?
ok "interrupted: status 130" is "$status" 130
for f in left stubborn beside; do
	ok "interrupted: $f is gone" gone "$(cat "$TMP/$f")"
done
ok "interrupted: temporary files are gone" not test -e "$(cat "$TMP/place")"
ok "interrupted: and it says so" last "taprun: interrupted"

run a any 9 'echo 1..2; echo ok 1 - x; echo "ok 2 - y # SKIP no network"'
ok "a skipped test is counted" last "1 passed, 0 failed, 1 skipped"
ok "a skipped test: why" shows "no network"
run a any 9 'echo 1..2; echo ok 1 - x; echo "not ok 2 # SKIP y"'
ok "cmocka's way to skip" last "1 passed, 0 failed, 1 skipped"
run a any 9 'echo "1..0 # SKIP needs root"; exit 77' b any 9 'echo 1..1; echo ok 1'
ok "a skipped file is counted" last "1 passed, 0 failed, 1 skipped"
run a any 9 'echo "1..0 # SKIP needs root"'
ok "only skips: status 1" is "$status" 1
run
ok "nothing ran: the sum" last "0 passed, 0 failed"
ok "nothing ran: status 1" is "$status" 1

run a any 9 'echo 1..1; echo ok 1; echo 1..2; echo ok 1; echo ok 2'
ok "several plans add up" last "3 passed, 0 failed"
run a any 9 'echo 1..1; echo ok 1; echo 1..2; echo ok 1'
ok "several plans, one not fulfilled" last "2 passed, 1 failed"
run a/b any 9 'echo 1..1; echo ok 1' a/c any 9 'echo 1..1; echo not ok 1' d one 9 'echo 1..1; echo ok 1'
ok "several files: the sum" last "2 passed, 1 failed"

# Two programs that wait for one another end only if they run at the same time.
meet="mkfifo $TMP/meet 2>/dev/null; echo 1..1; echo ok 1"
export RFA_TEST_JOBS=2
run a any 9 "$meet; echo x >$TMP/meet" b any 9 "$meet; read -r x <$TMP/meet"
ok "lane any: at the same time" last "2 passed, 0 failed"
solo="echo 1..1; if mkdir $TMP/solo; then echo ok 1; else echo not ok 1; fi; sleep 0.2; rmdir $TMP/solo"
run a one 9 "$solo" b one 9 "$solo" c one 9 "$solo"
ok "lane one: never at the same time" last "3 passed, 0 failed"
each="echo 1..1; if mkdir $TMP/taker-\$TAKER; then echo ok 1; else echo not ok 1; fi; sleep 0.2; rmdir $TMP/taker-\$TAKER"
run a two/2 9 "$meet; echo x >$TMP/meet" b two/2 9 "$meet; read -r x <$TMP/meet"
ok "a lane of two takers: two at the same time" last "2 passed, 0 failed"
run a two/2 9 "$each" b two/2 9 "$each" c two/2 9 "$each" d two/2 9 "$each" e one 9 "$solo"
ok "each of them one at a time" last "5 passed, 0 failed"
run a two/2 9 'echo 1..1; echo not ok 1' b two/2 9 "$each" c two/2 9 "$each"
ok "who takes after a failure goes on" last "2 passed, 1 failed"
run a any 9 'trap "echo 1..1; echo ok 1; exit 0" INT; kill -INT $$; sleep 5'
ok "a test can receive SIGINT" last "1 passed, 0 failed"

done_testing
