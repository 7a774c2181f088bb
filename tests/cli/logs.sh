#!/usr/bin/env bash
# What containers write, and one command in one of them. Two hosts with a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
two_hosts
run_container prod db app:1
config() { config_two "" "" '"secret_commands":{"TOKEN":"echo hunter2hunter2"}'; }
config
# shellcheck disable=SC2016
sed -i 's/"web"\]/"web","db"],"health":[{"url":"http:\/\/127.0.0.1:9\/?t=${TOKEN}"}]/' rfa.json
"$RFA" init >/dev/null
logs() { "$RFA" logs shop --env prod "$@"; }
write() { # CONTAINER SECOND TEXT: a line of its log
	printf '2026-11-22T10:30:%s %s\n' "$2" "$3" >>"prod/log.$1"
}
write web 15.100000000Z "first"
write db 15.200000000Z "second"
write web 15.300000000Z $'third \033[31mred\033[0m'
write web 15.300000000Z "the token is hunter2hunter2!"
write web 20.000000001Z "last"

# ---- what there is

ok "all of them, by time" is "$(logs)" 'web | first
db | second
web | third \x1b[31mred\x1b[0m
web | the token is [secret]!
web | last'
ok "one: without its name" is "$(logs db)" second
ok "the last" is "$(logs web -n 1)" last
ok "the last of each" is "$(logs -n 1)" 'db | second
web | last'
ok "--since" is "$(logs --since '2026-11-22 10:30:16')" 'web | last'
ok "--since an age" is "$(logs --since 1m)" ""
ok "9: no such service" exits 9 logs wbe
ok "the one that is meant is said" says "did you mean web?" logs wbe
ok "9: no such stack" exits 9 "$RFA" logs shup --env prod
ok "64: in which environment?" exits 64 "$RFA" logs shop
ok "64: no lines" exits 64 logs -n 0
ok "64: no time" exits 64 logs --since soon
ok "nothing is kept of it" is "$("$RFA" runs)" "no run yet"
mkdir -p state-prod
echo '{"run":"20261122-103015-4f2a9c","flow":"promote"}' >state-prod/lock
ok "a lock is not in the way" exits 0 logs
rm state-prod/lock
ok "one that is not there is told" says "warning: db is not there" "$RFA" logs shop --env test
ok "the others are shown" says "web | web: to standard error" "$RFA" logs shop --env test
ok "a NUL is shown, too" says 'web | a\x00b' "$RFA" logs shop --env test
ok "9: nobody is there" exits 9 "$RFA" logs shop --env test db

# ---- what comes

begin() { # OPTIONS...: in the background, without the ignored SIGINT of such jobs
	rm -f out err # or what the last one said would be taken for what this one says
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$RFA" logs shop --env prod "$@" >out 2>err &
	pid=$!
}
write db 15.100000000Z "not the last one"
write db 15.300000000Z "second"
begin -f -n 1
ok "-f: what there is" wait_for grep -q last out
write web 20.000000001Z "last"
write web 20.000000002Z "late"
write db 19.500000000Z "later written, earlier said"
ok "what comes" wait_for grep -q late out
ok "a second container, too" wait_for grep -q earlier out
write web 25.000000000Z "end"
write web 24.000000000Z "of an earlier second"
ok "and on" wait_for grep -q end out
write web 23.500000000Z "later written, too"
sleep 2.5
kill -INT $pid
status=0
wait $pid || status=$?
ok "0: Ctrl-C ends it" is "$status" 0
ok "each line once, none that was not asked for" is "$(sort out)" "db | later written, earlier said
db | second
web | end
web | last
web | last
web | late
web | later written, too
web | of an earlier second"
ok "nothing else is said" is "$(cat err)" ""
rm prod/log.web
write web 30.000000000Z end
begin -f -n 1 web
wait_for grep -q end out
python3 - <<'PY'
import json
state = json.load(open("prod/state.json"))
json.dump([c for c in state["containers"] if c["Name"].lstrip("/") == "web"], open("kept.json", "w"))
state["containers"] = [c for c in state["containers"] if c["Name"].lstrip("/") != "web"]
json.dump(state, open("prod/state.json", "w"))
PY
ok "a container that goes is told" wait_for grep -q "web is not there" err
python3 - <<'PY'
import json
state = json.load(open("prod/state.json"))
state["containers"] += json.load(open("kept.json"))
json.dump(state, open("prod/state.json", "w"))
PY
write web 31.000000000Z "again"
ok "and its successor goes on" wait_for grep -q again out
kill -TERM $pid
status=0
wait $pid || status=$?
ok "0: a signal" is "$status" 0
ok "told once" is "$(grep -c . err)" 1
ok "each line once" is "$(tr '\n' ' ' <out)" "end again "
ok "a reader that goes away ends it" exits 0 timeout 20 bash -c "'$RFA' logs shop --env prod -f | head -n 1; exit 0"
ok "without a sound" nothing timeout 20 bash -c "'$RFA' logs shop --env prod -f -n 1 | head -n 1 >/dev/null"

# ---- very much

python3 - <<'PY'
with open("prod/log.db", "w") as f:
    for i in range(20000):
        f.write("2026-11-22T11:30:15.%09dZ line %05d %s\n" % (i, i, "x" * 60))
PY
"$RFA" logs shop --env prod db -n 20000 >out 2>err
ok "the newest 1 MiB is shown" is "$(tail -n 1 out | cut -c 1-10)" "line 19999"
ok "whole lines" is "$(grep -vc '^line [0-9]\{5\} x\{60\}$' out)" 0
ok "that older ones are left out is said" grep -q "db writes more than can be shown: older lines are left out" err
rm prod/log.db

# ---- one command

exec_in() { "$RFA" exec shop --env prod "$@"; }
last_run() { # the newest that has left a line
	"$RFA" runs --json --limit 50 | python3 -c '
import json, sys
runs = json.load(sys.stdin)
print(max(runs, key=lambda r: r["ended"] or "9")["run"])'
}
ran() { # KEY: what the ledger has of the last command
	local run
	run=$(last_run)
	"$RFA" show "$run" --json | python3 -c '
import json, sys
def find(v):
    if isinstance(v, dict):
        if "ran" in v: return v["ran"]
        v = list(v.values())
    if isinstance(v, list):
        for one in v:
            got = find(one)
            if got: return got
print(find(json.load(sys.stdin)).get(sys.argv[1], 0))' "$1"
}
export HUSH=correcthorsebattery
sed -i 's/"secret_commands"/"secrets":["HUSH"],"secret_commands"/' rfa.json
exec_in web --reason "ticket 4711" -- sh -c 'echo hello; echo "to you" >&2; exit 3' >out 2>err
ok "its exit status is rfa's" is $? 3
ok "its output is the answer" is "$(cat out)" "hello
to you"
ok "what is said of it is elsewhere" grep -q "shop on prod: the command has ended (run" err
ok "the history has it, and why" says "web: sh -c echo hello; echo \"to you\" >&2; exit 3 (status 3); ticket 4711" "$RFA" history
ok "the ledger has its status" is "$(ran status)" 3
ok "and what it wrote" is "$(ran output)" "hello
to you"
ok "and the command" is "$(ran command)" "['sh', '-c', 'echo hello; echo \"to you\" >&2; exit 3']"
ok "127: no such command" exits 127 exec_in web -- there-is-no-such-program
# shellcheck disable=SC2016
ok "odd words are words" is "$(exec_in -q web -- printf '%s|' "it's" '$(two)' 'a  b' -n --env)" "it's|\$(two)|a  b|-n|--env|"
ok "64: no command" exits 64 exec_in web
ok "64: no service" exits 64 exec_in
ok "9: no such service" exits 9 exec_in wbe -- true
ok "it says which there are" says "there is: web, db" exec_in wbe -- true
"$FAKE" "$TMP/prod" container stop -- db >/dev/null
ok "one that does not run is told" says "the container db does not run" exec_in db -- true
ok "124: too long" exits 124 exec_in web --timeout 1 -- sleep 20
ok "an escape is made harmless" is "$(exec_in -q web -- printf 'a\033[31mb')" 'a\x1b[31mb'
echo "the horse is correcthorsebattery" >horse
ok "a secret is not shown" is "$(exec_in -q web -- cat "$TMP/horse")" "the horse is [secret]"
ok "nor kept" is "$(ran output)" "the horse is [secret]"
ok "4: nor taken" exits 4 exec_in web -- echo correcthorsebattery
ok "4: nor the password of a URL" exits 4 exec_in web -- echo https://u:pass99word@h/
python3 -c 'print(("x" * 77 + " ") * 52 + "z" * 29 + " correcthorsebattery " + "y" * 3000)' >horse
exec_in -q web -- cat "$TMP/horse" >/dev/null
ok "at most 4 KiB are kept" test "$(ran output | wc -c)" -le 4097
ok "nor half of one at the cut" not says "corr" ran output
ok "as events" is "$(exec_in --events web -- echo hello | python3 -c '
import json, sys
print(json.loads(sys.stdin.readlines()[-1])["event"])')" result
ok "2: plan" exits 2 "$RFA" plan exec shop --env prod web -- true
ok "it has taken no lock" says "prod is free" "$RFA" lock show prod
echo '{"run":"20261122-103015-4f2a9c","flow":"promote","stack":"x"}' >state-prod/lock
ok "8: somebody deploys there" exits 8 exec_in web -- true
ok "0: --no-lock" exits 0 exec_in web --no-lock -- true
ok "the lock is his" says 20261122-103015-4f2a9c cat state-prod/lock
rm state-prod/lock

# ---- nobody knows how it ended

rm -f out err
# shellcheck disable=SC2016
exec_in web -- sh -c 'echo once >>'"$TMP"'/count; sleep 5' >out 2>err &
pid=$!
wait_for test -s count
kill -KILL "$(pgrep -P $pid || echo $pid)" 2>/dev/null
wait $pid 2>/dev/null
run=$("$RFA" runs --open --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])')
ok "7: a person has to look" exits 7 "$RFA" resume "$run"
ok "it says what is true" says "nobody knows how the command ended" "$RFA" show "$run"
ok "the history, too" says "stuck    web: sh -c echo once" "$RFA" history
ok "it was not run again" is "$(cat count)" once
ok "the lock is free" says "prod is free" "$RFA" lock show prod
ok "it goes on" exits 0 exec_in web -- true
ok "no secret is in the ledger" not sh -c 'git -C .rfa/ledger cat-file --batch --batch-all-objects |
	grep -a -e hunter2 -e correcthorse || grep -r -e hunter2 -e correcthorse .rfa state-prod'
ok "the ledger is whole" exits 0 "$RFA" ledger verify

done_testing
