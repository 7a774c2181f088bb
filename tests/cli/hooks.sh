#!/usr/bin/env bash
# The operator's own commands around a run: before it, behind one that succeeded, behind one that did
# not; here, and on the host. Two hosts with a fake docker.
# shellcheck disable=SC2016,SC2317  # $ in commands; functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
two_hosts
secret=planted-7391-secret
mkdir -m 700 kept
echo "$secret" >kept/token
chmod 600 kept/token
cat >hook.sh <<'SH'
#!/bin/sh
# $1 its name, $2 its status
echo "$1|$RFA_STACK|$RFA_ENV|$RFA_VERSION|$RFA_FINAL|$RFA_NEXT|$RFA_RUN|$3" >>"$(dirname "$0")/ran"
echo "it says $(cat "$(dirname "$0")/kept/token")"
echo "it complains" >&2
[ ! -e "$(dirname "$0")/slow" ] || sleep 30
exit "$2"
SH
chmod 755 hook.sh
hook() { # WHICH STATUS [MORE]
	printf '"%s":{"command":["%s","%s","%s","a b;$(touch injected)"]%s}' "$1" "$TMP/hook.sh" "$1" "$2" "${3:+,$3}"
}
config() { # HOOKS [MORE]
	config_two "" '"health_deadline_s":1,"hooks":{'"$1"'}'"${2:+,$2}" '"secret_files":{"TOKEN":"kept/token"}'
}
promote() { "$RFA" promote shop --from test --to prod "$@"; }
ran() { cut -d'|' -f"$1" <ran | paste -sd' '; }
runs() { "$RFA" runs --json --limit 100 | python3 -c 'import json, sys
for r in reversed(json.load(sys.stdin)): print(r["run"])'; }
config ""
"$RFA" init >/dev/null

# ---- the configuration

many() { printf '"before":{"command":["/bin/true"%s]}' "$(printf ',"%s"' $(seq 300))"; }
config '"before":{"command":[]}'
ok "a hook without a word: refused" says "the list is empty" "$RFA" check
config '"before":{"command":["A=b","/bin/true"]}'
ok "a setting is no program: refused" says "its first word is no program's name" "$RFA" check
config "$(many)"
ok "more words than fit: refused" says "it has more than 200 words" "$RFA" check
config "$(hook before 0)"
ok "check: nothing is wrong" exits 0 "$RFA" check

# ---- it does not want the run

config "$(hook before 3),$(hook after 0),$(hook failed 0)"
promote >out 2>err
ok "before, not 0: the run has failed" is "$?" 1
ok "nothing was changed" grep -q "nothing that serves was changed" err
ok "it says which command, and how it ended" grep -q "hook.sh ended with status 3" err
ok "and where" grep -q "PRECHECK target.hook on prod: operator" err
ok "what it wrote is there, without the secret" grep -q "hook | it says \[secret\]" err
ok "before, then failed; not after" is "$(ran 1)" "before failed"
ok "what each was told" is "$(ran 2-5)" "shop|prod|2| shop|prod||FAILED"
ok "what to type next" is "$(sed -n 2p ran | cut -d'|' -f6)" "rfa show $(runs | tail -n 1)"
ok "no shell reads its words" is "$(ran 8)" 'a b;$(touch injected) a b;$(touch injected)'
ok "none has" not test -e injected
ok "prod runs what it ran" is "$("$RFA" status --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["running"]))')" 0

# ---- the others change nothing

rm ran
config "$(hook before 0),$(hook after 7),$(hook failed 0)"
promote >out 2>err
ok "after, not 0: the run has succeeded" is "$?" 0
ok "it is said" grep -q 'the hook "after" ended with status 7' err
ok "what it wrote is said, without the secret" grep -q "hook after | it says \[secret\]" err
ok "its complaints, too" grep -q "hook after | it complains" err
ok "before, then after" is "$(ran 1)" "before after"
ok "the version, the end, the way back" is "$(sed -n 2p ran | cut -d'|' -f4,5)" "2|SUCCEEDED"
ok "the way back" says "rfa rollback shop --env prod --to" sed -n 2p ran
rm ran
"$RFA" rollback shop --env prod --last --yes prod >out 2>err
ok "a rollback has them, too" is "$(ran 1)" "before after"
rm ran
config "$(hook before 0),$(hook failed 9)" '"health":[{"url":"http://127.0.0.1:9/health"}]'
promote >out 2>err
ok "failed, not 0: the run is what it is" is "$?" 5
ok "the error is the last thing that is said" says "rfa show" tail -n 1 err
ok "before, then failed" is "$(ran 1,5)" "before| failed|ROLLED_BACK"

# ---- one that writes much

cat >many.sh <<'SH'
#!/bin/sh
seq -f 'line %g' 9
SH
chmod 755 many.sh
config '"after":{"command":["'"$TMP/many.sh"'"]}'
promote >out 2>err
ok "five lines are shown" is "$(grep -c 'hook after | line' err)" 5
ok "and how many more there are" grep -q 'the hook "after" wrote 4 more lines' err
"$RFA" rollback shop --env prod --last --yes prod >out 2>err

# ---- on the host, and in time

rm ran
config "$(hook before 0 '"on":"host"'),$(hook after 0 '"on":"host"')"
promote >out 2>err
ok "on the host: the run succeeds" is "$?" 0
ok "each ran once" is "$(ran 1)" "before after"
ok "nothing of the run is left there" is "$(ls state-prod/runs 2>/dev/null)" ""
"$RFA" rollback shop --env prod --last --yes prod >out 2>err
rm ran
config "$(hook before 4 '"on":"host"')"
promote >out 2>err
ok "on the host, not 0: nothing is changed" is "$?" 1
ok "it says where" grep -q "target.hook on prod: prod" err
rm ran
touch slow
for on in operator host; do
	config "$(hook before 0 '"on":"'$on'","timeout_s":1')"
	begun=$(date +%s)
	promote >out 2>err
	ok "$on: one that does not end is ended, and is a no" is "$?" 1
	ok "$on: in time" test $(($(date +%s) - begun)) -lt 25
	ok "$on: it says so" grep -qE "hook.sh (has not ended in 1 s, or )?ended with status (124|143)" err
	[ "$on" = operator ] && ok "and what to do" grep -q "hint .*timeout_s of hooks.before" err
done
rm slow ran
cat >leaves.sh <<'SH'
#!/bin/sh
sleep 60 &
echo "it has left something"
SH
chmod 755 leaves.sh
for on in operator host; do
	config '"before":{"command":["'"$TMP/leaves.sh"'"],"on":"'$on'","timeout_s":1}'
	begun=$(date +%s)
	promote >out 2>err
	ok "$on: what it leaves with its output in hand: a no" is "$?" 1
	ok "$on: nobody waits for that" test $(($(date +%s) - begun)) -lt 25
	ok "$on: it says so, and what was written" grep -q "leaves.sh has not ended in 1 s" err
	ok "$on: what was written is there" grep -q "it has left something" err
done

# ---- killed while it runs

for on in operator host; do
	rm -f ran
	touch slow
	config "$(hook before 0 '"on":"'$on'"')"
	"$RFA" promote shop --from test --to prod >out 2>err &
	driver=$!
	wait_for test -s ran
	kill -KILL $driver
	wait $driver 2>/dev/null
	rm slow
	run=$(runs | tail -n 1)
	"$RFA" resume "$run" >out 2>err
	status=$?
	if [ $on = host ]; then
		ok "host: the job goes on without rfa, and its answer counts" is $status 0
	else
		ok "operator: what nobody has seen end is a no" is $status 1
		ok "operator: it says so" grep -q "nobody knows how the hook ended" err
	fi
	ok "$on: it ran once" is "$(ran 1)" before
	wait_for not pgrep -f "$TMP/hook.sh"
	"$RFA" rollback shop --env prod --last --yes prod >/dev/null 2>&1
done

# ---- one drives it, another would: who comes too late has brought nothing to its end

rm -f ran
cat >holds.sh <<'SH'
#!/bin/sh
cd "$(dirname "$0")" && touch held
until [ -e go ]; do sleep 0.1; done
SH
chmod 755 holds.sh
# Who is the second to ask for it waits for it.
config_two "" '"health_deadline_s":1,"hooks":{"before":{"command":["'"$TMP"'/holds.sh","${SLOW}"]},'"$(hook after 0)}" \
	'"secret_files":{"TOKEN":"kept/token"},"secret_commands":{"SLOW":"if [ -e first ]; then touch asked; until [ -e over ]; do sleep 0.1; done; fi; touch first; echo slow-7391-secret"}'
promote >out 2>err &
driver=$!
wait_for test -e held
run=$(runs | tail -n 1)
"$RFA" resume "$run" >/dev/null 2>&1 &
late=$!
wait_for test -e asked
touch go
wait $driver
ok "the run succeeds" is "$?" 0
touch over
wait $late
ok "who comes too late is told the same" is "$?" 0
ok "the hook behind the run ran once" is "$(ran 1)" after

# ---- rfa is gone when the run has ended, and its hook has not begun

shown() { "$RFA" show "$(runs | tail -n 1)"; }
# In its way stands what no ledger clears away: the run ends, and the hook behind it does not begin.
barrier=.rfa/ledger/refs/rfa/notify/shop.prod.hooks.lock
cat >bars.sh <<SH
#!/bin/sh
mkdir -p "$TMP/$barrier"
SH
chmod 755 bars.sh
for on in operator host; do
	rm -f ran
	"$RFA" rollback shop --env prod --last --yes prod >/dev/null 2>&1
	rm -f ran
	config '"before":{"command":["'"$TMP"'/bars.sh"]},'"$(hook after 0 '"on":"'$on'"')"
	promote >out 2>err
	ok "$on: the run has succeeded" is "$?" 0
	ok "$on: its hook has not run" not test -e ran
	ok "$on: it says so" grep -q "^warning: hooks: " err
	rmdir "$barrier"
	run=$(runs | tail -n 1)
	ok "$on: show says it, and what to type" says "hook     \"after\" has not run: rfa resume $run runs it" shown
	config "$(hook after 0 '"on":"'$on'"')"
	"$RFA" rollback shop --env prod --last --yes prod --dry-run >/dev/null 2>&1
	promote >out 2>err
	ok "$on: so does the next command of the stack" grep -q "hook \"after\" of run $run has not run: rfa resume $run runs it" err
	ok "$on: that has its own hook run" is "$(ran 1)" after
done
rm -f ran
config '"before":{"command":["'"$TMP"'/bars.sh"]},'"$(hook after 0)"
promote >out 2>err
rmdir "$barrier"
run=$(runs | tail -n 1)
"$RFA" resume "$run" >out 2>err
ok "resume runs it" is "$(ran 1,5,7)" "after|SUCCEEDED|$run"
ok "without the secret" grep -q "hook after | it says \[secret\]" err
ok "show knows" says 'hook     "after" has run' shown
"$RFA" resume "$run" >out 2>err
ok "once" is "$(ran 1)" after
cat >kills.sh <<'SH'
#!/bin/sh
[ ! -e "$(dirname "$0")/spare" ] && kill -KILL "$PPID"
exit 0
SH
chmod 755 kills.sh
config '"after":{"command":["'"$TMP"'/kills.sh"]}'
promote >out 2>err
ok "rfa is killed while the hook runs: show says that" says 'hook     "after" has begun, and nobody has seen it end' shown
run=$(runs | tail -n 1)
touch spare
promote >out 2>err
ok "so does the next command" grep -q "hook \"after\" of run $run has begun, and nobody has seen it end" err
ok "git knows of each" says "has begun" git --git-dir=.rfa/ledger log --format=%s refs/rfa/notify/shop.prod.hooks

rm -f ran
promote --dry-run >/dev/null
ok "a plan runs no hook" not test -e ran
git --git-dir=.rfa/ledger log -p --all --format='%B %an %N' >history
ok "the secret is nowhere" not grep -rlF -- "$secret" history out err .rfa
ok "the ledger is whole" exits 0 "$RFA" ledger verify

done_testing
