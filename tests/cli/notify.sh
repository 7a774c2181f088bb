#!/usr/bin/env bash
# Telling how runs end, to receivers that are real: a web server that answers, hangs and dies, a mail
# server, a program. Two hosts with a fake docker.
# shellcheck disable=SC2016,SC2317  # references; functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
command -v python3 >/dev/null || skip_all "no python3"
two_hosts
export USER=olga
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
mkdir -m 700 kept
token=T0planted7391Secret key=MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
servers=()
stop_servers() { [ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null; }
trap 'stop_servers; rm -rf "$TMP"' EXIT
mode() { echo "$1" >mode; }
mode ok
: >got
python3 "$SRC/tests/harness/hook_receiver.py" >/dev/null 2>&1 &
servers+=($!)
wait_for test -s port
hook=http://127.0.0.1:$(cat port)/hook
echo "$hook/$token" >kept/url
echo "$token" >kept/token
echo "whsec_$key" >kept/key
chmod 600 kept/*
files='"secret_files":{"URL":"kept/url","TOKEN":"kept/token","KEY":"kept/key"}'
plain='"team":{"kind":"webhook","url":"'$hook'?key=${TOKEN}","secret":"${KEY}"}'
config() { # CHANNELS [MORE KEYS [MORE KEYS OF THE STACK [A CHECK]]]
	local check=${4:-'{"name":"runs","container":"web","at":["smoke"]}'}
	config_two "" '"health_deadline_s":1,"checks":['"$check]${3:+,$3}" '"notify":{'"$1"'},'"$files${2:+,$2}"
}
config "$plain"
"$RFA" init >/dev/null
smoke() { "$RFA" smoke shop --env prod "$@"; }
rfa() { "$RFA" "$@"; }
got() { # PYTHON: of all that came, g: one; its value for each, a line
	python3 -c 'import json, sys
for line in open("got"):
    g = json.loads(line)
    b = json.loads(g["body"]) if g["body"].startswith("{") else g["body"]
    print('"$1"')'
}
runs() { "$RFA" runs --json --limit 100 | python3 -c 'import json, sys
for r in reversed(json.load(sys.stdin)): print(r["run"])'; }
# What an operator waits for, and no longer: the clock of a try is in the ledger.
notify_json() { "$RFA" notify --json | python3 -c 'import json, sys; c = json.load(sys.stdin)[0]; print('"$1"')'; }

# ---- the configuration

ok "check: nothing is wrong" exits 0 rfa check
config '"team":{"kind":"webhook","url":"https://hooks.slack.example/services/T0/B0/x","format":"slack"}'
ok "an open address of a group: refused" exits 3 rfa check
ok "it says what to do" says 'name that under secret_files' rfa check
config '"team":{"kind":"webhook","url":"${NOBODY}"}'
ok "a secret that nobody names: refused" says "no secret has the name NOBODY" rfa check
config '"team":{"kind":"email","url":"smtp://127.0.0.1","to":[]}'
ok "a mail to nobody: refused" says "the list is empty" rfa check
ok "a mail from nobody: refused" says '"from" is missing' rfa check
config '"team":{"kind":"exec","command":["/bin/true"],"url":"http://127.0.0.1/"}'
ok "a program with an address: refused" says "no such key has a channel of the kind exec" rfa check
config '"team":{"kind":"exec","command":["/bin/true"],"environments":["produ"],"flows":["deplay"]}'
ok "an environment that is not there: refused" says 'did you mean "prod"?' rfa check
ok "a flow that is not there: refused" says "there is no such flow" rfa check
config '"team":{"kind":"webhook","url":"https://user:pw@example.com/"}'
ok "a login in the address: refused" exits 3 rfa check

# ---- one run, one message

config ""
smoke >/dev/null 2>&1
config "$plain"
ok "before anything: it is new" is "$(notify_json 'c["state"], len(c["pending"])')" "new 0"
smoke >out 2>err
ok "the run is as always" is "$?" 0
ok "one message" is "$(got 'b["type"]')" run.ended
ok "of this run; history is not told" is "$(got 'b["data"]["run"]')" "$(runs | tail -n 1)"
ok "who, what, where, how" is "$(got '[b["data"][k] for k in ("who", "flow", "stack", "env", "verdict")]')" \
	"['olga', 'smoke', 'shop', 'prod', 'SUCCEEDED']"
ok "the zone is said" is "$(got 'b["data"]["ended"][-1]')" Z
ok "the secret is where it belongs" is "$(got 'g["path"]')" "/hook?key=$token"
ok "the id" is "$(got 'g["headers"]["webhook-id"] == b["id"]')" True
cat >verify.py <<'PY'
import base64, hashlib, hmac, json, sys, time
for line in open("got"):
    g = json.loads(line)
    h = g["headers"]
    said = h["webhook-signature"].split(",")
    what = "%s.%s.%s" % (h["webhook-id"], h["webhook-timestamp"], g["body"])
    sign = base64.b64encode(hmac.new(base64.b64decode(sys.argv[1]), what.encode(), hashlib.sha256).digest()).decode()
    assert said == ["v1", sign], said
    assert abs(time.time() - int(h["webhook-timestamp"])) < 600
PY
ok "the signature of Standard Webhooks" python3 verify.py "$key"
ok "nothing waits" is "$(notify_json 'c["state"], len(c["pending"])')" "ok 0"
ok "nothing is told twice" exits 0 rfa notify --send
ok "still one message" is "$(grep -c . got)" 1

# ---- a receiver that does not do what it should

mode 500
smoke >out 2>err
ok "500: the run is as always" is "$?" 0
ok "500: it says so" grep -q "team was not told: http://127.0.0.1:.* answers 500: no_service" err
ok "it waits" is "$(notify_json 'c["state"], c["tries"], len(c["pending"])')" "trying 1 1"
ok "the list shows the run" says "$(runs | tail -n 1)" rfa notify
smoke >/dev/null 2>&1
ok "it is left alone for a while" is "$(notify_json 'c["tries"], len(c["pending"])')" "1 2"
ok "--due: not yet" exits 0 rfa notify --send --due
ok "still one try" is "$(notify_json 'c["tries"]')" 1
ok "--send: now; 1: nobody was told" exits 1 rfa notify --send
ok "two tries" is "$(notify_json 'c["tries"]')" 2
mode die
"$RFA" notify --send >/dev/null 2>&1
mode ok
ok "it is back: --send" exits 0 rfa notify --send
ok "all of it, in order, the first one twice" is "$(got 'b["data"]["run"]' | tail -n 3)" \
	"$(runs | tail -n 2 | head -n 1)
$(runs | tail -n 2)"
ok "with the same id" is "$(got 'b["id"]' | sort | uniq -d | wc -l)" 1
ok "and another signature, which is right" python3 verify.py "$key"

mode 429
smoke >/dev/null 2>&1
ok "429: as long as it asks for" is "$(notify_json '"%d" % ((__import__("calendar").timegm(__import__("time").strptime(c["next_try"], "%Y-%m-%dT%H:%M:%SZ")) - __import__("time").time()) // 3600)')" 1
mode redirect
"$RFA" notify --send >out 2>&1
ok "a redirect is not followed" grep -q "answers 307: a redirect is not followed" out
ok "nobody elsewhere got it" not grep -q elsewhere got
mode ok
"$RFA" notify --send >/dev/null

mode hang
begun=$(date +%s)
config "$plain" '"timeouts":{"notify_s":2}'
smoke >out 2>err
ok "one that hangs: the run is as always" is "$?" 0
ok "and is not kept waiting" test $(($(date +%s) - begun)) -lt 20
ok "it did not answer" grep -q "did not answer within" err
mode ok

# ---- a run that fails, and one that is interrupted

"$RFA" notify --skip team --reason "the test goes on" >/dev/null
: >got
config "$plain" '' '"health":[{"url":"http://127.0.0.1:9/health"}]'
"$RFA" promote shop --from test --to prod --force --reason 'fire <b>|"brigade"' --yes prod >out 2>err
ok "5: it went back" is "$?" 5
ok "its verdict, its reason, why" is "$(got '[b["data"][k] for k in ("verdict", "forced")], "127.0.0.1:9" in b["data"]["why"]')" \
	"['ROLLED_BACK', 'fire <b>|\"brigade\"'] True"
config "$plain"
"$RFA" promote shop --from test --to prod >out 2>err
ok "from which version to which" is "$(got 'b["data"]["version"]' | tail -n 1)" "{'after': '2', 'before': '1'}"
ok "the way back is said" says "rfa rollback shop --env prod --to" got 'b["data"]["next"]'

: >got
ok "nobody waits for nobody: an old process is not asked" exits 0 rfa notify --send
config "$plain" '' '' '{"name":"slow","url":"'"${hook%/hook}"'/slow","timeout_s":100,"at":["smoke"]}'
"$RFA" smoke shop --env prod >out 2>err &
driver=$!
open() { "$RFA" runs --open --json | grep -q '"run"'; }
wait_for open
sleep 1
kill -KILL $driver
wait $driver 2>/dev/null
run=$(runs | tail -n 1)
"$RFA" notify --send >/dev/null
"$RFA" notify --send >/dev/null
ok "one that was killed is told once" is "$(got 'b["type"], b["data"]["run"], b["data"]["verdict"], b["data"]["next"]')" \
	"run.interrupted $run INTERRUPTED rfa resume $run"
"$RFA" abort "$run" >/dev/null 2>&1
ok "then its end is" is "$(got 'b["type"], b["data"]["run"], b["data"]["verdict"]' | tail -n 1)" "run.ended $run ABORTED"

# ---- which runs

: >got
config "${plain%\}},\"on\":[\"failed\",\"rolled-back\"]}"
smoke >/dev/null 2>&1
ok "on: a success is none of them" is "$(grep -c . got)" 0
ok "nothing waits then" is "$(notify_json 'len(c["pending"])')" 0
config "${plain%\}},\"environments\":[\"test\"]}"
smoke >/dev/null 2>&1
ok "environments: prod is none of them" is "$(grep -c . got)" 0
config "${plain%\}},\"flows\":[\"smoke\"],\"stacks\":[\"shop\"]}"
smoke >/dev/null 2>&1
ok "flows, stacks: this one is" is "$(grep -c . got)" 1

# ---- formats

for format in slack feishu dingtalk wecom text; do
	: >got
	case $format in
	feishu) mode '{"code":0,"msg":"success"}' ;;
	dingtalk | wecom) mode '{"errcode":0,"errmsg":"ok"}' ;;
	*) mode ok ;;
	esac
	config '"'$format'":{"kind":"webhook","format":"'$format'","url":"${URL}"}'
	smoke >/dev/null 2>&1
	ok "$format: told" says "rfa: shop on prod: smoke" cat got
	ok "$format: nothing waits" is "$(notify_json 'c["state"], len(c["pending"])')" "ok 0"
done
mode '{"errcode":310000,"errmsg":"sign not match"}'
config '"ding":{"kind":"webhook","format":"dingtalk","url":"${URL}","secret":"${TOKEN}"}'
smoke >/dev/null 2>err
ok "dingtalk: 200 with an error is an error" grep -q "dingtalk did not take it: errcode 310000" err
ok "dingtalk: the signature is in the address" says "&sign=" got 'g["path"].replace("?", "&")'
mode 500
config '"group":{"kind":"webhook","format":"slack","url":"${URL}"}'
smoke >/dev/null 2>err
ok "an address that is a secret is shown as its name" grep -qF '${URL} answers 500' err
mode ok
"$RFA" notify --send >/dev/null

# ---- failing, passing over

cat >age.py <<'PY'
# A channel as it is after nine tries in a day: its state in the ledger, made by hand.
import json, subprocess, sys, time
git = lambda *a, **k: subprocess.run(["git", "--git-dir=.rfa/ledger", *a], check=True, capture_output=True, text=True, **k).stdout.strip()
ref = "refs/rfa/notify/" + sys.argv[1]
lines = git("log", "-1", "--format=%B", ref).split("\n")
state = json.loads(lines[2])
state["state"].update(tries=9, due_ms=1)
lines[2] = json.dumps(state)
new = git("-c", "user.name=rfa", "-c", "user.email=rfa@localhost", "commit-tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", "-F", "-", input="\n".join(lines))
git("update-ref", ref, new)
PY
config "$plain"
"$RFA" notify --skip team --reason "other channels were tried" >/dev/null
mode 500
smoke >/dev/null 2>&1
python3 age.py team
ok "status: nothing is wrong yet" not says failing rfa status --check
"$RFA" notify --send --due >/dev/null 2>&1
ok "after ten tries: status says so" says "notify team: failing, 10 tries, 1 not told" rfa status
ok "1: status --check says so" exits 1 rfa status --check
ok "doctor says so" says "notify team: failing" rfa doctor
ok "notify says so" is "$(notify_json 'c["state"]')" failing
ok "64: without a reason nothing is passed over" exits 64 rfa notify --skip team
ok "9: nor for a channel that is not there" exits 9 rfa notify --skip teem --reason x
ok "which one is meant" says "did you mean team?" rfa notify --skip teem --reason x
ok "9: nor up to a run that does not wait" exits 9 rfa notify --skip team --to "$(runs | awk "NR == 1")" --reason x
ok "passed over" says "team: 1 passed over" rfa notify --skip team --reason "it was closed"
ok "the ledger keeps why" says "it was closed" git --git-dir=.rfa/ledger log --format=%B refs/rfa/notify/team
ok "then all is well" not says failing rfa status
mode ok
smoke >/dev/null 2>&1
smoke >/dev/null 2>&1
told() { git --git-dir=.rfa/ledger log --format=%s refs/rfa/notify/team; }
ok "git log says what was told, newest first" is "$(told | head -n 3)" \
	"$(runs | tail -n 2 | tac | sed 's/^/notify team: told of run /')
notify team: 1 passed over: it was closed"
: >got
ok "a test" exits 0 rfa notify test team
ok "says that it is one" is "$(got 'b["type"]' | tail -n 1)" test
mode 500
ok "1: a test that does not arrive" exits 1 rfa notify test team
mode ok

# ---- a secret that was none when the run was written

: >got
config "$plain"
mode 500
USER=open-sesame-7391 smoke >/dev/null 2>&1
mode ok
config '"team":{"kind":"webhook","url":"'"$hook"'?key=${WORD}"}' '"secret_commands":{"WORD":"echo open-sesame-7391"}'
ok "it is told" exits 0 rfa notify --send
ok "without the secret" is "$(got 'b["data"]["who"]' | tail -n 1)" "[secret]"

# ---- two at once

: >got
mode 500
for _ in 1 2 3; do smoke >/dev/null 2>&1; done
mode ok
"$RFA" notify --send >/dev/null 2>&1 &
one=$!
"$RFA" notify --send >/dev/null 2>&1 &
two=$!
wait $one $two
"$RFA" notify --send >/dev/null 2>&1
ok "two at once: each run is told, in order" is "$(got 'b["data"]["run"]' | awk '!seen[$0]++')" "$(runs | tail -n 3)"

# ---- a program

cat >tell.sh <<'SH'
#!/bin/sh
[ "$1" = --team ] || exit 9
cat >>told
[ ! -e fail ] || exit 3
[ ! -e sleep ] || sleep 60
SH
chmod 755 tell.sh
config '"page":{"kind":"exec","command":["'"$TMP"'/tell.sh","--team","a b;$(touch injected)"]}' '"timeouts":{"notify_s":2}'
smoke >/dev/null 2>&1
ok "a program: the message on its input" is "$(python3 -c 'import json; print(json.load(open("told"))["data"]["verdict"])')" SUCCEEDED
ok "no shell reads its words" not test -e injected
touch fail
smoke >out 2>err
ok "one that fails: the run is as always" is "$?" 0
ok "one that fails: it is said" grep -q "ended with status 3" err
rm fail
touch sleep
begun=$(date +%s)
"$RFA" notify --skip page --reason x >/dev/null
smoke >out 2>err
ok "one that does not end is ended" grep -q "did not end within" err
ok "in time" test $(($(date +%s) - begun)) -lt 20
rm sleep

# ---- mail

if /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; then
	openssl req -x509 -newkey rsa:2048 -nodes -keyout mail.key -out mail.pem -days 2 -subj /CN=127.0.0.1 \
		-addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1
	/usr/bin/python3 "$SRC/tests/harness/mail_receiver.py" mail.pem mail.key olga "$token" >/dev/null 2>&1 &
	servers+=($!)
	wait_for test -s mail_port
	mail='"ops":{"kind":"email","url":"smtp://127.0.0.1:'$(cat mail_port)'","from":"rfa@example.org","to":["ops@example.org","b@example.org"],"user":"olga","password":"${TOKEN}","ca":"mail.pem"}'
	mailed() { python3 -c 'import json, email, email.policy, sys
for line in open("mails"):
    m = json.loads(line)
    e = email.message_from_string(m["mail"], policy=email.policy.default)
    print('"$1"')'; }
	config "$mail"
	smoke >out 2>err
	ok "a mail: to whom, encrypted, with a login" is "$(mailed 'm["to"], m["tls"], m["login"]')" \
		"['ops@example.org', 'b@example.org'] True True"
	ok "its subject" says "rfa: shop on prod: smoke" mailed 'e["subject"]'
	ok "its text" says "run: $(runs | tail -n 1)" mailed 'e.get_content()'
	touch mute
	begun=$(date +%s)
	smoke >out 2>err
	ok "a server that does not say goodbye: nobody waits for it" test $(($(date +%s) - begun)) -lt 20
	ok "it has got the mail" is "$(mailed 'e["subject"]' | wc -l)" 2
	rm mute
	touch refuse
	smoke >out 2>err
	ok "a server that refuses: it is said" grep -q "ops was not told" err
	rm refuse
	"$RFA" notify --send >/dev/null
	ok "then it is told" is "$(mailed 'e["subject"]' | wc -l)" 3
	config "${mail/mail.pem/kept\/token}"
	smoke >/dev/null 2>err
	ok "a certificate that nobody trusts: not told" grep -q "ops was not told" err
	"$RFA" notify --skip ops --reason x >/dev/null
	config "${mail/\"user\"/\"tls\":\"none\",\"user\"}"
	smoke >/dev/null 2>err
	ok "a server that wants TLS gets no login without it" grep -q "ops was not told" err
	"$RFA" notify --skip ops --reason x >/dev/null
else
	skip "mail" "there is no aiosmtpd"
fi

# ---- secrets, and the ledger

git --git-dir=.rfa/ledger log -p --all --format='%B %an %N' >history
: >got
{
	"$RFA" notify
	"$RFA" doctor
	"$RFA" status --check
	smoke -v --events
} >all 2>&1
nowhere() { # TEXT...
	local text
	for text; do
		! grep -lF -- "$text" history all out err || return 1
		! grep -rlF -- "$text" .rfa || return 1
	done
}
ok "no secret is anywhere" nowhere "$token" "$key"
ok "the ledger is whole" exits 0 rfa ledger verify
ok "git says so, too" git --git-dir=.rfa/ledger fsck --strict
ok "the last line of --events is the result" is "$(tail -n 1 all | python3 -c 'import json, sys; print(json.load(sys.stdin)["event"])')" result

done_testing
