#!/usr/bin/env bash
# Secrets by reference: a first deployment gives a container what a variable, a file or a command says;
# the ledger, the events and the screen have the names only.
# shellcheck disable=SC2016,SC2317  # references; functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR BY_VARIABLE
export HOME=$TMP LC_ALL=C.UTF-8 GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org

fresh() { # prod has no container yet
	rm -rf test prod state-test state-prod .rfa
	mkdir test prod
	for host in test prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
	run_web test app:2
	drop_image prod app:2
	"$RFA" init >/dev/null
}
cat >rfa.json <<JSON
{"version":1,"environments":{
"test":{"transport":"local","state_dir":"$TMP/state-test","docker":"$FAKE $TMP/test","address":"127.0.0.1"},
"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
"stacks":{"shop":{"containers":["web"],"gates":{"disk_free_percent":0},"bootstrap":{"containers":{"web":{
"Env":["A=\${BY_VARIABLE}","B=\${BY_FILE}","PLAIN=\$x"],"Labels":{"c":"\${BY_COMMAND}"},
"HostConfig":{"NetworkMode":"bridge"}}}}}},
"secrets":["BY_VARIABLE"],"secret_files":{"BY_FILE":"kept/file"},
"secret_commands":{"BY_COMMAND":"echo asked >>asked; cat command"}}
JSON
mkdir -m 700 kept
promote() { "$RFA" promote shop --from test --to prod "$@"; }
made() { # what the container on prod was given
	python3 - "$TMP/prod/state.json" <<'PY'
import json, sys
for c in json.load(open(sys.argv[1]))["containers"]:
    print(*sorted(e for e in c["Config"]["Env"] if e[:2] in ("A=", "B=", "PL")), c["Config"]["Labels"].get("c"))
PY
}
nowhere() { # TEXT...: neither in the ledger, nor in what was printed
	local text
	git --git-dir=.rfa/ledger log -p --all --format='%B %an %N' >history
	for text; do
		! grep -rlF -- "$text" history out err .rfa || return 1
	done
}
of_variable=variable-\"quoted\"-7391 of_file='file with blanks 5127' of_command=command-8842

# ---- without values

fresh
ok "a file that is not there: check says so" says "kept/file: No such file" "$RFA" check
ok "check asks no command" not test -e asked
"$RFA" plan promote shop --from test --to prod >out 2>&1
ok "plan: a command that fails is an error" grep -q "the command of the secret BY_COMMAND: it ended with status 1" out
ok "plan: its place" grep -q "secret_commands.BY_COMMAND" out
printf '%s\n' "$of_command" >./command
"$RFA" plan promote shop --from test --to prod >out 2>&1
ok "plan: refused" is "$?" 4
ok "plan: which have no value" grep -q 'Env of web has ${BY_VARIABLE}, and there is no value' out
ok "plan: all of them" grep -q 'Env of web has ${BY_FILE}' out
promote >out 2>err
ok "promote: refused" is "$?" 4
ok "promote: what to do" grep -q 'secret_files' err
ok "nothing was made" is "$(made)" ""

# ---- with them

printf '%s\n' "$of_file" >kept/file
chmod 644 kept/file
ok "others may read the file: check says so" says "others on this machine may read" "$RFA" check
chmod 600 kept/file
export BY_VARIABLE=$of_variable
rm -f asked
promote -v --events >out 2>err
ok "promote: exit status 0" is "$?" 0
ok "the container has the values" is "$(made)" "A=$of_variable B=$of_file PLAIN=\$x $of_command"
ok "the plan has the names" says '${BY_FILE}' git --git-dir=.rfa/ledger log -p --all
ok "nobody else has a value" nowhere "$of_variable" 'variable-\"quoted' "$of_file" "$of_command"
ok "the command was asked once" is "$(cat asked)" asked
ok "a command is asked only by who needs it" exits 0 "$RFA" status
ok "indeed" is "$(cat asked)" asked

# ---- interrupted, and the value is gone meanwhile

fresh
touch prod/hold
rm -f out
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$RFA" promote shop --from test --to prod >out 2>err &
job=$!
for _ in $(seq 1200); do ! grep -q "target.pin .* done" err || break; sleep 0.05; done
sleep 0.3
kill -INT "$job"
wait "$job"
interrupted=$?
rm -f prod/hold
ok "interrupted" is "$interrupted" 75
run=$("$RFA" runs --open --json | grep -o '"run": *"[^"]*"' | cut -d'"' -f4 | head -n 1)
unset BY_VARIABLE
"$RFA" resume "$run" >out 2>err
ok "resume without the value is interrupted, nothing is undone" is "$?" 75
ok "it says which" grep -q 'no value for ${BY_VARIABLE}' err
ok "the run is still open" says "$run" "$RFA" runs --open
export BY_VARIABLE=$of_variable
"$RFA" resume "$run" >out 2>err
ok "resume with it: exit status 0" is "$?" 0
ok "the container has the values" is "$(made)" "A=$of_variable B=$of_file PLAIN=\$x $of_command"
ok "nobody else has a value" nowhere "$of_variable" "$of_file" "$of_command"

# ---- in the URL of a health check

of_token='to/ken+with&odd 6403' of_token_in_url='to%2Fken%2Bwith%26odd%206403'
# It answers 200 to who knows the token, and says back to everybody what was asked.
python3 - "$TMP/port" "$of_token" <<'PY' >served 2>&1 &
import http.server, os, sys, urllib.parse
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("token")
        self.send_response(200 if asked == [sys.argv[2]] and not os.path.exists("sick") else 500)
        self.end_headers()
        self.wfile.write(("asked: %s, which is %s\n" % (self.path, asked)).encode())
server = http.server.HTTPServer(("127.0.0.1", 0), Server)
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
PY
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$TMP"' EXIT
for _ in $(seq 1200); do [ ! -e port ] || break; sleep 0.05; done
url="http://127.0.0.1:$(cat port)/health?token=\${TOKEN}"
with_health() { # WHERE THE TOKEN IS: rfa.json, on standard output
	python3 - rfa.json "$url" "$1" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
shop = d["stacks"]["shop"]
shop.update(health=[{"url": sys.argv[2]}], health_deadline_s=1, health_settle_s=0)
shop["bootstrap"]["containers"]["web"].update(Env=[], Labels={})
d["secret_commands"] = {"TOKEN": "echo asked >>asked; cat " + sys.argv[3]}
json.dump(d, open(sys.argv[1] + ".new", "w"))
PY
	mv rfa.json.new health.json
}
export RFA_CONFIG=$TMP/health.json
nowhere_at_all() { # TEXT...: not in what nowhere looks at, in no git object, in nothing that hosts were told
	local text
	nowhere "$@" || return 1
	{
		git --git-dir=.rfa/ledger cat-file --batch-all-objects --batch
		"$RFA" show "$run" && "$RFA" show "$run" --json
		find test prod state-test state-prod -type f -exec cat {} +
	} >all 2>&1
	for text; do
		! grep -aqF -- "$text" all || return 1
	done
}
run_of() { run=$("$RFA" runs --json | grep -o '"run": *"[^"]*"' | cut -d'"' -f4 | head -n 1); }

fresh
with_health token
promote >out 2>err
ok "a command without a value: exit status 3" is "$?" 3
ok "it is named" grep -q 'the command of the secret TOKEN' err
sed 's/"secret_commands": {[^}]*}/"secret_commands": {}/' health.json >none.json
"$RFA" -c none.json promote shop --from test --to prod >out 2>err
ok "a reference to nothing is refused: exit status 4" is "$?" 4
ok "it is named" grep -qF "the check $url has \${TOKEN}, and there is no value for it" err
ok "nothing was made" is "$(made)" ""
"$RFA" -c none.json check --connect >out 2>&1
ok "check --connect: no value" grep -qF "has no value for \${TOKEN}" out

printf '%s\n' "$of_token" >token
rm -f asked
"$RFA" check --connect >out 2>err
ok "check --connect asks with it" grep -qF "$url answers 200" out
ok "the command was asked" test -s asked
promote -v --events >out 2>err
ok "promote: exit status 0" is "$?" 0
run_of
ok "the service was asked with it" grep -q "$of_token_in_url HTTP/1.1\" 200" served
ok "the run names it" says '?token=${TOKEN}' "$RFA" show "$run" --json
ok "nobody else has the value" nowhere_at_all "$of_token" "$of_token_in_url"

fresh
printf '%s\n' "$of_token and more" >token
promote -v --events >out 2>err
ok "an answer that is wrong: exit status 5" is "$?" 5
run_of
ok "it says what was asked, without the value" says 'asked: /health?token=[secret], which is' "$RFA" show "$run" --json
ok "nobody else has the value" nowhere_at_all "$of_token" "$of_token_in_url"

# ---- a run that is undone: what the old version answers then

fresh
run_web prod app:1
printf '%s\n' "$of_token" >token
sed -i 's/"health_deadline_s": 1/"health_deadline_s": 6/' health.json
touch prod/hold
python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$RFA" promote shop --from test --to prod >out 2>err &
job=$!
for _ in $(seq 1200); do ! grep -q "target.pin .* done" err || break; sleep 0.05; done
touch sick
rm -f prod/hold
for _ in $(seq 1200); do ! grep -q "target.replace .* done" err || break; sleep 0.05; done
kill -INT "$job"
wait "$job"
ok "interrupted behind the old container" is "$?" 75
run_of
"$RFA" rollback "$run" --yes prod -v >out 2>err
rm sick
ok "the way back says what was answered, without the value" grep -q 'asked: /health?token=\[secret\], which is' err
ok "nobody else has the value" nowhere_at_all "$of_token" "$of_token_in_url"

fresh
kill $server
wait $server 2>/dev/null
promote -v --events >out 2>err
ok "nobody answers: exit status 5" is "$?" 5
run_of
ok "nobody else has the value" nowhere_at_all "$of_token" "$of_token_in_url"
unset RFA_CONFIG

# ---- what a command or file may not say

printf 'a\0b' >kept/file
ok "a zero byte" says "it holds a zero byte" "$RFA" check
: >kept/file
ok "an empty file" says "it is empty" "$RFA" check
rm kept/file && mkfifo kept/file
ok "no file: nobody waits for it" says "it is no file" timeout 60 "$RFA" check
rm kept/file
ok "a name that is no variable's" not "$RFA" check -c <(sed 's/BY_FILE":/BY-FILE":/' rfa.json)

done_testing
