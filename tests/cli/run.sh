#!/usr/bin/env bash
# Whole runs from the command line, on two hosts with a fake docker: success, rollback, Ctrl-C,
# resume, abort, locks; piped, as JSON lines, and on a terminal.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP LC_ALL=C.UTF-8
echo leak:libpcre2 >lsan
export LSAN_OPTIONS=suppressions=$TMP/lsan:print_suppressions=0
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org

# ---- two hosts: web runs app:2 on test, app:1 on prod

config() { # HEALTH: the stack's further keys
	cat >rfa.json <<JSON
{"version":1,"environments":{
"test":{"transport":"local","state_dir":"$TMP/state-test","docker":"$FAKE $TMP/test","address":"127.0.0.1"},
"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
"stacks":{"shop":{"containers":["web"],"gates":{"disk_free_percent":0}$1}}}
JSON
}
fresh() { # both hosts and the ledger as at the beginning
	rm -rf test prod state-test state-prod .rfa
	mkdir test prod
	for host in test prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
	run_web test app:2 && run_web prod app:1 && drop_image prod app:2
	config ""
	"$RFA" init >/dev/null
}
runs_on() { # HOST: the image of web there
	python3 - "$TMP/$1/state.json" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
print(*[c["Config"]["Image"] for c in state["containers"] if c["Name"].lstrip("/") == "web"])
PY
}
promote() { "$RFA" promote shop --from test --to prod "$@"; }
# In the background, without the ignored SIGINT that a shell's background jobs begin with.
begin() { # MORE OPTIONS
	rm -f out err # or the last run's words would be taken for this one's
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$RFA" promote shop --from test --to prod "$@" >out 2>err &
	pid=$!
}
last_run() { "$RFA" runs --json --limit 1 | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])'; }
last_line() { tail -n 1 "$1"; }

fresh
ok "two hosts are there" is "$(runs_on test) $(runs_on prod)" "app:2 app:1"
ok "check --connect" exits 0 "$RFA" check --connect
plan() { "$RFA" plan promote shop --from test --to prod; }
ok "plan: what would be replaced" says "replaced" plan
ok "plan: one layer has to travel" says "1 of 2" plan
ok "plan: every gate's verdict" says "gates passed" plan
ok "2: something would change" exits 2 plan
ok "--dry-run is plan" is "$(promote --dry-run 2>/dev/null)" "$(plan 2>/dev/null)"
ok "2: --dry-run, too" exits 2 promote --dry-run
ok "64: a preview has no events" exits 64 promote --dry-run --events
ok "an answer that does not arrive is no verdict" exits 1 sh -c "'$RFA' plan promote shop --from test --to prod >/dev/full"
printf '{"flow":"promote","machine":"m","run":"x","since":"x","stack":"%sééééé","user":"u"}' \
	"$(printf 'a%.0s' $(seq 62))" >state-prod.lock
mkdir -p state-prod && mv state-prod.lock state-prod/lock
ok "4: a lock with any name in it" exits 4 plan
ok "it is told by its gate" says "gate lock" plan
rm state-prod/lock
ok "plan touches nothing" is "$(runs_on prod) $("$RFA" runs)" "app:1 no run yet"

# ---- success

# Each docker process costs a host time: what is read shares one, each change has one.
called() { cat test/calls prod/calls | wc -l; }
at_most() { # N: so many docker processes, on both hosts together
	[ "$(called)" -le "$1" ] || { called; cut -c 1-100 test/calls prod/calls; return 1; }
}
rm -f test/calls prod/calls
ok "promote" exits 0 promote
ok "it starts few docker processes" at_most 12
ok "0: nothing would change now" exits 0 plan
ok "and that is said" says "nothing would change" plan
ok "how long the last one took is told" says "interrupted what serves on prod for" plan
ok "prod runs the new version" is "$(runs_on prod)" app:2
rm -f test/calls prod/calls
ok "promote, where nothing changes" exits 0 promote
ok "it starts next to none" at_most 4
ok "status says so" says "shop   prod  2 " "$RFA" status
ok "runs says so" says "SUCCEEDED" "$RFA" runs
ok "history says so" says "promote  2        success" "$RFA" history
ok "show has the steps" says "target.replace" "$RFA" show shop
ok "log has the records" says "INTENT" "$RFA" log shop
ok "resume of a finished run answers its result" says "shop on prod: 2 runs now" "$RFA" resume "$(last_run)"
ok "and does nothing" exits 0 "$RFA" resume "$(last_run)"
ok "verify: prod runs what the ledger says" exits 0 "$RFA" verify shop --env prod
ok "verify: everything" exits 0 "$RFA" verify --hosts
ok "ledger verify" exits 0 "$RFA" ledger verify
ok "the point is listed" says "1 " "$RFA" rollback shop --env prod
for command in status runs history "show shop" "log shop" "rollback shop --env prod" "verify --hosts" \
	"lock show prod" "plan promote shop --from test --to prod" "check --connect"; do
	# shellcheck disable=SC2086
	ok "$command --json is JSON" sh -c "'$RFA' $command --json | python3 -m json.tool"
done

# ---- back

ok "plan rollback: 2, something would change" exits 2 "$RFA" plan rollback shop --env prod --to 1
ok "a lock that nobody holds: nothing would change" exits 0 "$RFA" plan lock release prod --run 20261122-103015-4f2a9c --reason x
ok "64: an empty reason" exits 64 "$RFA" lock release prod --run 20261122-103015-4f2a9c --reason ""
ok "rollback asks" exits 4 "$RFA" rollback shop --env prod --to 1 </dev/null
ok "a mistyped point" says "did you mean" "$RFA" rollback shop --env prod --to 11
ok "rollback" exits 0 "$RFA" rollback shop --env prod --to 1 --yes prod
ok "prod runs the old version" is "$(runs_on prod)" app:1

# ---- somebody meddles

"$FAKE" "$TMP/prod" container stop -- web >/dev/null
ok "verify notices" exits 1 "$RFA" verify shop --env prod
ok "and says what" says "does not run" "$RFA" verify shop --env prod
"$FAKE" "$TMP/prod" container start -- web >/dev/null

# ---- failure: the new version is not healthy

config ',"health":[{"url":"http://127.0.0.1:9/health"}],"health_deadline_s":1'
status=0
promote >out 2>err || status=$?
ok "5: rolled back" is "$status" 5
ok "prod runs what it ran" is "$(runs_on prod)" app:1
ok "told: what failed" grep -q "^rfa: promote of shop to prod, ROLLED_BACK: http://127.0.0.1:9/health" err
ok "told: where" grep -q "where     HEALTH target.health on prod" err
ok "told: the container's last lines" grep -q "    | web | web: to standard output" err
ok "told: what is true now" grep -q "now       everything that the run changed was undone" err
ok "told: what to type next" grep -q "next      rfa show $(last_run)" err
ok "what a NUL came before is told too, and the NUL is shown" grep -q "    | web | a.x00b" err
ok "show keeps the evidence" says "| web: to standard output" "$RFA" show shop
ok "history keeps the failure" says "rolled back" "$RFA" history
ok "resume answers the recorded result" exits 5 "$RFA" resume "$(last_run)"

# ---- refused: a gate

config ""
"$FAKE" "$TMP/test" container stop -- web >/dev/null
status=0
promote -q >out 2>err || status=$?
ok "4: a gate refuses" is "$status" 4
ok "nothing was changed" grep -q "now       nothing that serves was changed" err
ok "the gate is told, with -q too" grep -q "gate source runs:" err
"$FAKE" "$TMP/test" container start -- web >/dev/null

# ---- JSON lines

promote --events >events 2>/dev/null
ok "each event is JSON" python3 -c 'import json; [json.loads(l) for l in open("events")]'
ok "the last is the result" python3 -c '
import json
last = json.loads(open("events").readlines()[-1])
assert last["event"] == "result" and last["status"] == 0 and last["final"] == "SUCCEEDED", last'
ok "only documented keys and words" python3 - "$SRC/docs/cli.md" <<'PY'
import json, re, sys
page = open(sys.argv[1]).read().split("## Events")[1]
keys = {k.strip() for row in re.findall(r"^\| ([a-z, ]+) \|", page, re.M) for k in row.split(",")}
words = set(re.findall(r"`([a-z-]+)`", page.split("The words of `event`:")[1])) | {"result"}
for line in open("events"):
    event = json.loads(line)
    assert set(event) <= keys, set(event) - keys
    assert event["event"] in words, event["event"]
PY

# ---- a preview shows no secret

config ',"base_url":{"file":"'"$TMP"'/url.json","key":"base_url"}'
echo '{"base_url":"http://u:hunter2secretvalue@elsewhere/"}' >url.json
sed -i 's/"version":1,/"version":1,"secrets":["PW"],/' rfa.json
for how in "" --json; do
	# shellcheck disable=SC2086
	PW=hunter2secretvalue "$RFA" plan promote shop --from test --to prod $how >out 2>err
	ok "plan $how: the gate speaks of it" grep -q elsewhere out
	ok "plan $how: without the secret" not grep -q hunter2 out err
done
config ""

# ---- interrupted

fresh
touch prod/hold
begin
ok "a run is under way" wait_for grep -q "target.pin .* done" err
ok "status calls it running" says "running: run" "$RFA" status
ok "8: another run is refused" exits 8 promote
ok "and told to wait for it" says "wait for it: rfa show $(last_run)" promote
ok "no way out of it is shown: it stands nowhere" not says "rfa abort $(last_run)" promote
sleep 0.3
kill -INT $pid
status=0
wait $pid || status=$?
ok "75: Ctrl-C interrupts" is "$status" 75
ok "the last line is what to type" is "$(last_line err)" "  next      rfa resume $(last_run)"
ok "status calls it interrupted" says "interrupted: run" "$RFA" status
ok "64: a run is not rolled back to be looked at" exits 64 "$RFA" rollback "$(last_run)" --dry-run
ok "it stands where it stood" says "interrupted: run" "$RFA" status
ok "doctor knows" says "waits at" "$RFA" doctor
ok "runs --open has it" says "$(last_run)" "$RFA" runs --open
ok "resume --dry-run says what is next" says "run $(last_run): forward, next:" "$RFA" resume "$(last_run)" --dry-run
ok "the lock is held" says "prod is locked" "$RFA" lock show prod
ok "an unfinished run's lock is not freed" exits 4 \
	"$RFA" lock release prod --run "$(last_run)" --reason x --yes prod
rm -f prod/hold
ok "resume" exits 0 "$RFA" resume "$(last_run)"
ok "prod runs the new version" is "$(runs_on prod)" app:2

fresh
touch prod/hold
begin
wait_for grep -q "target.pin .* done" err
sleep 0.3
kill -INT $pid
kill -TERM $pid
status=0
wait $pid || status=$?
ok "75: the second signal leaves at once" is "$status" 75
ok "its last line too is what to type" is "$(last_line err)" "  next      rfa resume $(last_run)"
rm -f prod/hold
status=0
"$RFA" rollback "$(last_run)" >out 2>err || status=$?
ok "rollback of an unfinished run is no 0" test "$status" -ne 0
ok "prod runs what it ran" is "$(runs_on prod)" app:1
ok "the lock is gone" says "prod is free" "$RFA" lock show prod

fresh
touch prod/hold
begin
wait_for grep -q "target.pin .* done" err
kill -KILL $pid
wait $pid 2>/dev/null
rm -f prod/hold
run=$(last_run)
begin --wait-lock 600
wait_for grep -q "run $run is unfinished; waiting up to 600 s" err
kill -INT $pid
status=0
wait $pid || status=$?
ok "75: who waits for a run can be stopped" is "$status" 75
ok "and has begun none" says "nothing was begun" cat err
ok "killed: interrupted" says "interrupted: run" "$RFA" status
ok "abort --no-undo asks" exits 4 "$RFA" abort "$run" --no-undo </dev/null
ok "6: abort --no-undo" exits 6 "$RFA" abort "$run" --no-undo --yes "$run" --reason "host is lost"
ok "the lock stays" says "way out: rfa lock release prod --run $run" "$RFA" lock show prod
ok "another run's lock is not freed" exits 8 \
	"$RFA" lock release prod --run 20200101-000000-000000 --reason x --yes prod
ok "lock release" exits 0 "$RFA" lock release prod --run "$run" --reason "looked at it" --yes prod
ok "it is free" says "prod is free" "$RFA" lock show prod
ok "the ledger keeps why" says "release-lock |  | success | looked at it" "$RFA" ledger git show main:history.log
ok "and the other one's" exits 0 "$RFA" lock release test --run "$run" --reason "looked at it" --yes test
ok "lock hold" exits 0 "$RFA" lock hold prod --reason "a new disk" --yes prod
run=$("$RFA" lock show prod | awk '$1 == "run" {print $2}')
ok "it says who holds it" says "way out: rfa lock release prod --run $run" "$RFA" lock show prod
ok "8: nobody deploys there meanwhile" exits 8 "$RFA" promote shop --from test --to prod
ok "nor holds it once more" exits 8 "$RFA" lock hold prod --reason again --yes prod
ok "8: it waits as long as it may" exits 8 "$RFA" promote shop --from test --to prod --wait-lock 1
"$RFA" promote shop --from test --to prod --wait-lock 600 >waits 2>&1 &
waits=$!
wait_for grep -q "prod is locked by run $run .* waiting up to 600 s" waits
ok "it is released" exits 0 "$RFA" lock release prod --run "$run" --reason "it is in" --yes prod
status=0
wait $waits || status=$?
ok "who waited for it goes through" is "$status" 0
ok "and everything is as before" exits 0 "$RFA" promote shop --from test --to prod
ok "the ledger keeps why it was held" says "hold-lock |  | success | a new disk" "$RFA" ledger git show main:history.log
ok "a run goes through" exits 0 promote
printf '%040d 20200101-000000-000000\n' 1 >"$(echo state-prod/ledger-heads/*)"
ok "4: a ledger without the head that prod keeps" exits 4 promote
ok "and what it is" says "this copy of the ledger does not have it" promote
ok "verify --hosts says so too" exits 10 "$RFA" ledger verify --hosts
ok "4: accepting it asks" exits 4 "$RFA" ledger accept prod --reason "restored" </dev/null
ok "accepted" exits 0 "$RFA" ledger accept prod --reason "restored" --yes prod
ok "once" says "trusts this ledger already" "$RFA" ledger accept prod --reason "restored"
ok "on it goes" exits 0 promote

# ---- on a terminal

fresh
cat >terminal.py <<'PY'
import os, pty, sys
# terminal.py OUT [NAME=VALUE...] -- COMMAND...: the output of a command on a terminal of COLS columns
# (100), which has RESIZE columns once the first bytes travel
import fcntl, struct, termios
out, rest = sys.argv[1], sys.argv[2:]
at = rest.index("--")
for item in rest[:at]:
    key, value = item.split("=", 1)
    os.environ[key] = value
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, int(os.environ.get("COLS", 100)), 0, 0))
    os.execvp(rest[at + 1], rest[at + 1:])
data = b""
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    data += part
    if b"target.receive" in part and "RESIZE" in os.environ:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, int(os.environ.pop("RESIZE")), 0, 0))
open(out, "wb").write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
on_tty() { python3 terminal.py "$@"; }
ok "a run on a terminal" exits 0 on_tty out TERM=xterm -- "$RFA" promote shop --from test --to prod
ok "it has the states" grep -q "PRECHECK.*✓.*TRANSFER" out
ok "it redraws" grep -q $'\033\[A' out
cat >screen.py <<'PY'
# A terminal's screen, as far as the view uses it.
import re, sys
rows, row, col = [""], 0, 0
for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|.", open("out", newline="").read(), re.S):
    if token == "\r":
        col = 0
    elif token == "\n":
        row += 1
        rows += [""] * (row - len(rows) + 1)
    elif token == "\x1b[A":
        row -= 1
    elif token == "\x1b[K":
        rows[row] = rows[row][:col]
    elif token.startswith("\x1b["):
        assert token.endswith("m"), repr(token)
    else:
        rows[row] = rows[row][:col].ljust(col) + token + rows[row][col + 1:]
        col += 1
screen = "\n".join(rows)
assert "VERIFY_STOPPED" not in screen, screen
assert "shop on prod: 2 runs now" in screen, screen
assert re.search(r"target.replace .* *done", screen), screen
assert "it took" in screen and "travelled" in screen, screen
# What is said at the end is there to be copied: a terminal breaks it by itself.
view = rows[:next(i for i, text in enumerate(rows) if text.startswith("shop on prod: "))]
assert max(map(len, view)) <= int(sys.argv[1]), screen
PY
ok "nothing of the view is left, the finished steps are" python3 screen.py 100
for columns in 40 80 132; do
	fresh
	ok "a run on $columns columns" exits 0 on_tty out TERM=xterm COLS=$columns -- "$RFA" promote shop --from test --to prod
	ok "no line is wider, no word is broken" python3 screen.py $columns
done
fresh
ok "a window that grows" exits 0 on_tty out TERM=xterm COLS=60 RESIZE=132 -- "$RFA" promote shop --from test --to prod
ok "is used as it is then" grep -q "PRECHECK.*TRANSFER.*RESTART.*HEALTH" out
fresh
ok "NO_COLOR" exits 0 on_tty out TERM=xterm NO_COLOR=1 -- "$RFA" promote shop --from test --to prod
ok "no escape at all" not grep -q $'\033' out
fresh
ok "TERM=dumb" exits 0 on_tty out TERM=dumb -- "$RFA" promote shop --from test --to prod
ok "no escape at all" not grep -q $'\033' out
fresh
ok "--no-color" exits 0 on_tty out TERM=xterm -- "$RFA" promote shop --from test --to prod --no-color
ok "no escape at all" not grep -q $'\033' out
ok "help on a terminal has colours" on_tty out TERM=xterm -- "$RFA" help
ok "indeed" grep -q $'\033\[1m' out

ok "the fake docker was called as promised" test ! -e test/bad -a ! -e prod/bad
done_testing
