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
