#!/usr/bin/env bash
# rfa smoke from the command line, on a host with a fake docker: what passes, what does not, in which
# words, and what is kept of it.
# Functions are called through ok.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP LC_ALL=C.UTF-8
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org

mkdir test prod
for host in test prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
run_web test app:1 && run_web prod app:1

# A login, a module, a place that moved; what is asked is noted.
cat >server.py <<'PY'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/old":
            self.answer(301, Location="/new")
        elif self.path == "/app.mjs":
            self.answer(200, b"export {}", Content_Type="text/javascript; charset=utf-8")
        else:
            self.answer(200, b"the new place, as " + self.headers["Host"].encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = body == b'{"password":"corr\\"ect horse"}'
        self.answer(204 if good else 403, b"" if good else b"not you: " + body)
    def log_message(self, *unused):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, file=open("port.new", "w"))
import os; os.rename("port.new", "port")
server.serve_forever()
PY
python3 server.py >/dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT
for _ in $(seq 100); do
	[ -s port ] && break
	sleep 0.1
done
at=http://127.0.0.1:$(cat port)

config() { # CHECKS
	cat >rfa.json <<JSON
{"version":1,"environments":{
"test":{"transport":"local","state_dir":"$TMP/state-test","docker":"$FAKE $TMP/test","address":"127.0.0.1"},
"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
"secrets":["SMOKE_PASSWORD"],
"stacks":{"shop":{"containers":["web"],"gates":{"disk_free_percent":0,"require_verified":true},
"health_settle_s":0,"checks":[$1]}}}
JSON
}
login='{"name":"login","url":"'$at'/login","method":"POST","send":"{\"password\":\"${SMOKE_PASSWORD}\"}","send_type":"application/json","status":"2xx"}'
module='{"name":"module","url":"'$at'/app.mjs","content_type":"text/javascript","from":"operator"}'
moved='{"name":"moved","url":"'$at'/old","follow":true,"body":"as shop.example","host":"shop.example"}'
port='{"name":"port","tcp":"127.0.0.1:'$(cat port)'"}'
worker='{"name":"worker","container":"web","networks":["bridge"]}'
command='{"name":"command","exec":{"service":"web","command":["sh","-c","echo all is well"],"output":"is well"}}'
export SMOKE_PASSWORD='corr"ect horse'
smoke() { "$RFA" smoke shop --env test "$@"; }
last_run() { "$RFA" runs --json --limit 1 | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])'; }
tells() { "${@:2}" 2>&1 | grep -q -- "$1"; } # REGEX CMD...
nowhere() { ! grep -raqE 'corr.{0,3}ect' "$TMP/.rfa" out err 2>/dev/null; }

config ""
"$RFA" init >/dev/null
ok "3: no check is asked" exits 3 smoke
ok "it says what to write" says 'add one to "checks"' smoke

config "$login,$module,$moved,$port,$worker,$command"
ok "check: the file is right" exits 0 "$RFA" check
ok "check --connect: URLs that only look are asked" says "app.mjs answers 200" "$RFA" check --connect
ok "check --connect: nobody logs in" not says "/login" "$RFA" check --connect
ok "0: what would be asked" exits 0 smoke --dry-run
ok "by name" says "moved" smoke --dry-run
ok "0: all pass" exits 0 smoke
ok "it says which version" says "shop on test: 1 passes its smoke test" smoke
ok "show tells each" tells "command  *exec  *right" "$RFA" show shop
ok "history has it" says "smoke" "$RFA" history
ok "nothing is marked" not "$RFA" ledger git show main:verified/test/shop.json
ok "the host has no trace of it" not test -e state-test/lock

ok "an unverified version is refused" says "gate verified:" "$RFA" plan promote shop --from test --to prod
ok "--mark" exits 0 smoke --mark
ok "now it is verified" "$RFA" ledger git show main:verified/test/shop.json
ok "by this run" says "$(last_run)" "$RFA" ledger git show main:verified/test/shop.json
ok "verified says by what" says "test (smoke)" "$RFA" verified shop
ok "and may go on" not says "gate verified:" "$RFA" plan promote shop --from test --to prod

# ---- what is wrong

SMOKE_PASSWORD='incorrect horse'
config "$login,$module,{\"name\":\"shut\",\"tcp\":\"127.0.0.1:1\"},{\"name\":\"broken\",\"exec\":{\"container\":\"web\",\"command\":[\"sh\",\"-c\",\"echo no such table; exit 3\"]}}"
status=0
smoke --mark >out 2>err || status=$?
ok "1: some are wrong" is "$status" 1
ok "which" grep -q "^rfa: smoke of shop on test, FAILED: 3 of 4 check(s) are wrong: login, shut, broken" err
ok "why: a URL" grep -q "| check login: $at/login answers 403 instead of 2xx" err
ok "why: a port" grep -q "| check shut: 127.0.0.1 port 1: " err
ok "why: a command" grep -q "| check broken: sh ended with status 3" err
ok "what it answered" grep -q "| broken | no such table" err
ok "without the secret" grep -qF '| login | not you: {"password":"[secret]"}' err
ok "where to look" grep -q "hint      what each answered: rfa show $(last_run)" err
ok "show tells each" tells "broken  *exec  *wrong  *3 .*it said: no such table" "$RFA" show shop
ok "what passed, too" tells "module  *url  *right  *1" "$RFA" show shop
ok "--json has them" says '"why": "sh ended with status 3"' "$RFA" show shop --json
ok "the secret is nowhere" nowhere
ok "ledger verify" exits 0 "$RFA" ledger verify
unset SMOKE_PASSWORD
ok "without a value nothing is asked" says 'no value for ${SMOKE_PASSWORD}' smoke
ok "the next run is not in its way" not says "unfinished" "$RFA" plan promote shop --from test --to prod

# ---- a promotion asks them, too

export SMOKE_PASSWORD='corr"ect horse'
config "$login,{\"name\":\"broken\",\"exec\":{\"service\":\"web\",\"command\":[\"false\"]},\"at\":[\"deploy\"]}"
smoke >/dev/null 2>&1
ok "only what is due is asked" says "1 check(s) passed" "$RFA" show shop
done_testing
