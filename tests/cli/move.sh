#!/usr/bin/env bash
# Runs on data from the command line, on two hosts with a fake docker and real trees: to and fro,
# backups on the host and pulled here, restore, drill, prune, and a backup that was left half-way.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
[ "$(id -u)" = 0 ] || skip_all "not root: other users' processes cannot be looked at"
command -v python3 >/dev/null || skip_all "no python3"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP LC_ALL=C.UTF-8
echo leak:libpcre2 >lsan
export LSAN_OPTIONS=suppressions=$TMP/lsan:print_suppressions=0
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org

runs_on() { # HOST: does web run there
	python3 - "$TMP/$1/state.json" <<'PY'
import json, sys
print(*[c["State"]["Running"] for c in json.load(open(sys.argv[1]))["containers"] if c["Name"].lstrip("/") == "web"])
PY
}
config() { # BACKUP, GATES
	cat >rfa.json <<JSON
{"version":1,"environments":{
"test":{"transport":"local","state_dir":"$TMP/state-test","docker":"$FAKE $TMP/test","address":"127.0.0.1"},
"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
"stacks":{"shop":{"containers":["web"],"backup":$1,"gates":{"disk_free_percent":0$2},
 "data":{"members":{"auth":{"sqlite":"$TMP/data-test/auth.db"},"files":{"directory":"$TMP/data-test/files"}}},
 "environments":{"prod":{"data":{"members":{"auth":{"sqlite":"$TMP/data-prod/auth.db"},"files":{"directory":"$TMP/data-prod/files"}}}}}}}}
JSON
}
for host in test prod; do
	mkdir -p "$host" "data-$host/files/deep"
	"$FAKE" "$TMP/$host" seed >/dev/null
	echo "of $host" >"data-$host/files/deep/a"
	: >"data-$host/files/only on $host"
	python3 - "$host" <<'PY'
import sqlite3, sys
base = sqlite3.connect("data-%s/auth.db" % sys.argv[1])
base.execute("create table users(name)")
base.execute("insert into users values(?)", (sys.argv[1],))
base.commit()
PY
	run_web "$host" app:2 "$TMP/data-$host:/data"
done
user_of() { # HOST: what its database says
	python3 -c 'import sqlite3, sys
print(*sqlite3.connect("data-%s/auth.db" % sys.argv[1]).execute("select name from users").fetchone())' "$1"
}
holds() { # HOST: whose data is there
	is "$(user_of "$1") $(cat "data-$1/files/deep/a") $(ls "data-$1/files")" \
		"$2 of $2 $(printf 'deep\nonly on %s' "$2")"
}
well() { is "$(runs_on test) $(runs_on prod)" "True True"; }
first_point() { "$RFA" rollback shop --env prod --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["name"])'; }
last_backup() { "$RFA" backup list shop --env prod --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["backup"])'; }

config "{\"directory\":\"$TMP/vaults\"}" ""
"$RFA" init >/dev/null

# ---- to and fro

ok "data" exits 0 "$RFA" promote-data shop --from test --to prod --yes prod
ok "prod has test's data, and no other" holds prod test
ok "test has its own" holds test test
ok "both run" well
ok "what went is a point, and told as such" says "data: auth, files" "$RFA" rollback shop --env prod
ok "status does not know of a version" says "shop   prod" "$RFA" status
ok "back" exits 0 "$RFA" rollback shop --env prod --to "$(first_point)" --yes prod
ok "prod has its own data again" holds prod prod
ok "both run" well
ok "the words of a success" says "it has the data of test now" \
	"$RFA" promote-data shop --from test --to prod --yes prod
ok "back again" exits 0 "$RFA" rollback shop --env prod --to "$(first_point)" --yes prod

# ---- backups, on the host and pulled to this machine

for where in host operator; do
	[ "$where" = host ] || config '{"where":"operator"}' ""
	ok "$where: a dry run" says "is made now" "$RFA" backup shop --env prod --dry-run
	ok "$where: backup" says "is complete, and was read back" "$RFA" backup shop --env prod
	ok "$where: prod runs" well
	ok "$where: it is listed" says "auth, files" "$RFA" backup list shop --env prod
	ok "$where: it is whole" exits 0 "$RFA" backup verify shop --env prod
	echo spoilt >data-prod/files/deep/a
	ok "$where: restore" exits 0 "$RFA" restore shop --env prod --yes prod
	ok "$where: prod has what it had" holds prod prod
	echo spoilt >data-prod/files/deep/a
	ok "$where: restore of one member" exits 0 "$RFA" restore shop --env prod --member files --yes prod
	ok "$where: prod has what it had" holds prod prod
	ok "$where: drill" says "is proven, and the own data serves again" \
		"$RFA" drill shop --env test --of prod --yes test
	ok "$where: test has its own data" holds test test
	ok "$where: both run" well
	ok "$where: nothing is locked" is "$("$RFA" lock show test; "$RFA" lock show prod; "$RFA" lock show operator)" \
		"$(printf '%s is free\n' test prod operator)"
done
ok "the ledger is whole" exits 0 "$RFA" ledger verify
for command in status "rollback shop --env prod" "backup list shop --env prod" "backup verify shop --env prod"; do
	# shellcheck disable=SC2086
	ok "$command --json is JSON" sh -c "'$RFA' $command --json | python3 -m json.tool"
done
ok "--events ends with the backup" says '"backup":' sh -c "'$RFA' backup shop --env prod --events | tail -n 1"
# A disk that is not mounted is an empty folder.
mv backups backups.kept
ok "4: an empty vault that had backups" exits 4 "$RFA" backup shop --env prod
ok "how to mend it" says "mount the disk" "$RFA" backup shop --env prod
ok "on purpose it goes" exits 0 "$RFA" backup shop --env prod --force --reason "moved away" --yes prod
rm -rf backups && mv backups.kept backups

# ---- a broken backup, and the gate that asks for a proven one

gate() { config '{"where":"operator"}' ',"proven_drill_days":31'; }
gate
ok "a proven drill lets data pass" exits 0 "$RFA" promote-data shop --from test --to prod --yes prod
ok "back" exits 0 "$RFA" rollback shop --env prod --to "$(first_point)" --yes prod
broken=$(last_backup)
# Chunks are shared by hard links: this one backup gets a chunk of its own that is not what it was.
chunk=$(find "backups/shop/$broken/chunks" -type f | head -n 1)
head -c "$(stat -c %s "$chunk")" /dev/urandom >other && rm "$chunk" && mv other "$chunk"
ok "10: verify" exits 10 "$RFA" backup verify shop --env prod
status=0
"$RFA" restore shop --env prod --yes prod >out 2>err || status=$?
ok "restore does not take it" test "$status" -ne 0
ok "prod has what it had" holds prod prod
"$RFA" drill shop --env test --of prod --yes test >out 2>err || status=$?
ok "a drill fails" test "$status" -ne 0
ok "test has its own data" holds test test
ok "both run" well
ok "status: the newest drill failed" says "failed" "$RFA" status --env prod
ok "4: the gate refuses" exits 4 "$RFA" promote-data shop --from test --to prod --yes prod
ok "and says why" says "gate proven drill:" "$RFA" promote-data shop --from test --to prod --yes prod
config '{"where":"operator"}' ""

# ---- prune

ok "prune" exits 0 "$RFA" prune shop --env prod --yes prod
ok "one generation is left" is "$(find data-prod -maxdepth 1 -name '.rfa-*.files.old' | wc -l)" 1
ok "prod has what it had" holds prod prod

# ---- nobody watches, and somebody pulls the plug

touch prod/hold
"$RFA" backup shop --env prod >out 2>err &
pid=$!
ok "a backup is under way" wait_for grep -q "source.stop .* note" err
kill -KILL $pid
wait $pid 2>/dev/null
rm -f prod/hold
ok "it was left half-way" says "stands at STOP source.stop" "$RFA" status
ok "8: another one is refused" exits 8 "$RFA" backup shop --env prod
before=$("$RFA" runs --json --limit 1000 | grep -c '"SUCCEEDED"')
ok "--unattended finishes it first" says "it goes first" "$RFA" backup shop --env prod --unattended
ok "and then makes its own" is "$("$RFA" runs --json --limit 1000 | grep -c '"SUCCEEDED"')" $((before + 2))
ok "prod runs" well
ok "prod has what it had" holds prod prod

# A lock that is somebody else's: another ledger's run, which nobody here may finish.
touch prod/hold
"$RFA" --ledger other-ledger init >/dev/null 2>&1
"$RFA" --ledger other-ledger backup shop --env prod >out 2>err &
pid=$!
ok "another operator's backup is under way" wait_for grep -q "source.stop .* note" err
ok "8: ours is refused" exits 8 "$RFA" backup shop --env prod
"$RFA" backup shop --env prod --unattended >out2 2>err2 &
waiting=$!
ok "--unattended waits" wait_for grep -q "is locked by run .*; trying again in ten minutes" err2
ok "nothing is left unfinished meanwhile" says "no run is unfinished" "$RFA" runs --open
kill -TERM $waiting
status=0
wait $waiting || status=$?
ok "8: a signal ends the waiting" is "$status" 8
ok "who has the lock is told" grep -q "locked" err2
rm -f prod/hold
status=0
wait $pid || status=$?
ok "theirs was left in peace" is "$status" 0
ok "0: and then it is our turn" exits 0 "$RFA" backup shop --env prod --unattended
ok "prod runs" well

ok "the fake docker was called as promised" test ! -e test/bad -a ! -e prod/bad
done_testing
