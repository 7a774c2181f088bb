#!/usr/bin/env bash
# A backup before something is brought to a host (backup.before), on two hosts with a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
[ "$(id -u)" = 0 ] || skip_all "not root: other users' processes cannot be looked at"
command -v python3 >/dev/null || skip_all "no python3"
echo leak:libpcre2 >"$TMP/lsan"
export LSAN_OPTIONS=suppressions=$TMP/lsan:print_suppressions=0
two_hosts
mkdir -p data-test data-prod
for host in test prod; do
	python3 -c 'import sqlite3, sys
base = sqlite3.connect("data-%s/auth.db" % sys.argv[1])
base.execute("create table users(name)")
base.commit()' "$host"
done

config() { # BACKUP GATES
	config_two "$2" '"backup":{"directory":"'"$TMP"'/vaults"'"$1"'},
		"data":{"members":{"auth":{"sqlite":"'"$TMP"'/data-test/auth.db"}}},
		"environments":{"prod":{"data":{"members":{"auth":{"sqlite":"'"$TMP"'/data-prod/auth.db"}}}}}'
}
flows() { "$RFA" runs --json --limit 100 | python3 -c 'import json, sys
print(*["%s %s" % (r["flow"], r["final"] or "open") for r in json.load(sys.stdin)], sep=", ")'; }
point() { "$RFA" rollback shop --env prod --json | python3 -c '
import json, sys
print(*[p.get("backup", "-")[-10:] for p in json.load(sys.stdin)])'; }
backups() { "$RFA" backup list shop --env prod --json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))'; }
promote() { "$RFA" promote shop --from test --to prod "$@"; }
again() { # IMAGE: prod runs the old one again, by hand
	"$FAKE" "$TMP/prod" container stop -- web >/dev/null 2>&1
	"$FAKE" "$TMP/prod" container rm -- web >/dev/null 2>&1
	run_web prod app:1
}

# ---- what rfa.json may say

config ',"before":["promot"]'
ok "3: no such command" exits 3 "$RFA" check
ok "which it may be" says 'did you mean "promote"?' "$RFA" check
config ',"before":["restore"]'
ok "one that replaces data has its own way back" says 'expected one of "publish", "release", "sync", "deploy", "rebuild", "promote"' "$RFA" check
config_two "" '"backup":{"before":["promote"]}'
ok "3: a stack without data" exits 3 "$RFA" check
ok "it is said" says "a backup is asked for, but the stack names no data" "$RFA" check
config ',"before":["deploy","promote"]'
ok "right" exits 0 "$RFA" check
"$RFA" init >/dev/null

# ---- first the gates, then the backup, then the run

ok "64: none without a reason" exits 64 promote --skip-backup
ok "a preview says so" says "first          a backup of the data is made, by a run of its own" promote -n
ok "and makes none" is "$(backups)" 0
config ',"before":["deploy","promote"]' '"verified_in":["test"]'
ok "4: a gate refuses" exits 4 promote
ok "no run was begun" says "no run was begun" promote
ok "nothing was backed up" is "$(backups) $(flows)" "0 "
config ',"before":["deploy","promote"]' '"backup_h":1'
events() { promote --events >"$TMP/events"; }
ok "the backup that is made counts as a fresh one" events
ok "--events has one result, as its last line" is "$(grep -c '"event":"result"' "$TMP/events") $(tail -n 1 "$TMP/events" | grep -c '"event":"result"')" "1 1"
ok "both are runs" is "$(flows)" "promote SUCCEEDED, backup SUCCEEDED"
ok "the backup's run says what for" says "before promote to prod" "$RFA" history
ok "the point knows it" is "$(point)" "-prod-data"
ok "show tells it" says "made before it" "$RFA" show "$("$RFA" runs --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["run"])')"

# ---- one that has just ended is enough; without one only for a reason

again
ok "typed again" exits 0 promote
ok "there is no second one" is "$(backups)" 1
sed -i 's/"containers":\["web"\]/&,"migrate":{"service":"web","run":["up"],"kind":"expand","undo":"none"}/' rfa.json
ok "where a run may have changed the schema since, it is not enough" says "a backup of the data is made" promote -n
config ',"before":["promote"],"before_min":0'
again
ok "always a new one" exits 0 promote
ok "there is a second one" is "$(backups)" 2
again
ok "without, it is shown" says "first          WITHOUT A BACKUP: no time" promote -n --skip-backup --reason "no time"
ok "without, for a reason" exits 0 promote --skip-backup --reason "no time"
ok "there is no third one" is "$(backups)" 2
ok "the history has it" says "WITHOUT A BACKUP; no time" "$RFA" history
config ''
again
ok "not asked for: none is made" exits 0 promote
ok "there is no third one" is "$(backups)" 2
ok "points know the newest that there was" is "$(point)" "-prod-data -prod-data -prod-data -prod-data -prod-data"

# ---- a backup that fails, and one that is killed

config ',"before":["promote"],"before_min":0'
again
mv data-prod/auth.db data-prod/gone
ok "a backup that fails ends it" not promote
ok "what was not begun is said" says "not begun rfa promote shop --from test --to prod" promote
ok "prod was not touched" is "$(flows | tr ',' '\n' | grep -c promote)" 5
mv data-prod/gone data-prod/auth.db
touch prod/hold
"$RFA" promote shop --from test --to prod >out 2>err &
pid=$!
ok "its backup is under way" wait_for grep -q "source.stop .* note" err
kill -KILL $pid
wait $pid 2>/dev/null
rm -f prod/hold
run=$("$RFA" runs --open --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["run"])')
ok "8: it has to end first" exits 8 promote
ok "and how" says "rfa resume $run" promote
ok "resumed, it says what to type" says "next: rfa promote shop --from test --to prod" "$RFA" resume "$run"
config ',"before":["promote"]'
count=$(backups)
ok "that" exits 0 promote
ok "and makes no other one" is "$(backups)" "$count"

# ---- what a timer would call

exec_of() { "$RFA" schedule shop --env prod --for "$1" 2>/dev/null | sed -n 's/^ExecStart=//p'; }
ok "the unit of verify reads the backup" says "whole " sh -c "$(exec_of verify)"
ok "the unit of check asks the hosts" exits 0 sh -c "$(exec_of check)"
ok "the unit of a drill holds it" says "is proven" sh -c "$(exec_of drill)"
done_testing
