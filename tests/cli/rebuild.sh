#!/usr/bin/env bash
# `rfa rebuild` on two hosts with a fake docker: what is asked before data goes, and that it is there again.
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
for host in test prod; do
	mkdir -p "data-$host/files/deep"
	echo "$host $RANDOM" >"data-$host/files/deep/one"
	python3 -c 'import sqlite3, sys
base = sqlite3.connect("data-%s/auth.db" % sys.argv[1])
base.execute("create table users(name)")
base.commit()' "$host"
done
members() { # HOST
	echo '"auth":{"sqlite":"'"$TMP/data-$1"'/auth.db"},"files":{"directory":"'"$TMP/data-$1"'/files"}'
}
config_two "" '"backup":{"directory":"'"$TMP"'/vaults"},"data":{"members":{'"$(members test)"'}},
	"environments":{"prod":{"data":{"members":{'"$(members prod)"'}}}}'
"$RFA" init >/dev/null
flows() { "$RFA" runs --json --limit 100 | python3 -c 'import json, sys
print(*["%s %s" % (r["flow"], r["final"] or "open") for r in json.load(sys.stdin)], sep=", ")'; }
sums() { (cd data-prod && find . -type f ! -path '*/.rfa-*' -exec sha256sum {} + | sort); }
container() { python3 -c 'import json
print([c["Id"] for c in json.load(open("prod/state.json"))["containers"] if c["Name"].strip("/") == "web"][0])'; }
rebuild() { "$RFA" rebuild shop --env prod "$@"; }

# ---- of what

ok "the ledger knows nothing yet" says "the ledger knows of no version of shop that has proven itself in prod" rebuild --yes prod
ok "what to type then" says "rfa rebuild shop VERSION --env prod" rebuild --yes prod
"$RFA" promote shop --from test --to prod >/dev/null 2>&1

# ---- without its data

before=$(sums)
was=$(container)
ok "what stays is said" says "auth, files: the data stays as it is" rebuild -n
ok "4: another name" exits 4 rebuild --yes test
ok "made anew" exits 0 rebuild --yes prod
ok "the data is as it was" is "$(sums)" "$before"
ok "the container is another one" test "$was" != "$(container)"
ok "no backup was asked for" is "$(flows)" "rebuild SUCCEEDED, promote SUCCEEDED"

# ---- with its data: what is asked

wipe() { rebuild --new-volumes "$@"; }
was=$(container)
ok "what goes is said" says "auth, files: all that is stored in it; it stays beside, as a rollback point" wipe -n
ok "that a backup is made is said" says "first          a backup of the data is made" wipe -n
ok "4: the name is not enough" exits 4 wipe --yes prod </dev/null
ok "what to add" says "add --confirm 'DELETE ALL DATA'" wipe --yes prod </dev/null
for wrong in "delete all data" "DELETE ALL DATA " "yes" ""; do
	ok "4: \"$wrong\"" exits 4 wipe --yes prod --confirm "$wrong" </dev/null
done
ok "4: the phrase is not enough either" exits 4 wipe --confirm "DELETE ALL DATA" </dev/null
ok "64: without a backup only for a reason" exits 64 wipe --skip-backup --yes prod --confirm "DELETE ALL DATA"
ok "64: nothing to purge where the data stays" exits 64 rebuild --purge --yes prod
ok "what is removed in the end is said" says "what lies beside is removed for good, once all has proven itself" wipe --purge -n
ok "without a backup nothing has it then" says "then only a backup has it, if there is one" wipe --purge --skip-backup --reason x -n
ok "nothing has stopped" is "$(container) $(sums)" "$was $before"
ok "nothing was begun" is "$(flows)" "rebuild SUCCEEDED, promote SUCCEEDED"

# ---- it goes, and comes again

ok "all of it agreed" exits 0 wipe --yes prod --confirm "DELETE ALL DATA"
ok "a backup was made first" is "$(flows)" "rebuild SUCCEEDED, backup SUCCEEDED, rebuild SUCCEEDED, promote SUCCEEDED"
ok "nothing is stored any more" is "$(sums)" ""
ok "its directory is there, and empty" is "$(ls -A data-prod/files)" ""
ok "the old data lies beside" test -n "$(find data-prod -path '*/.rfa-*' -name one)"
point=$("$RFA" rollback shop --env prod --json | python3 -c 'import json, sys
print([p["name"] for p in json.load(sys.stdin) if p["name"].startswith("data-")][0])')
ok "it can be gone back to" exits 0 "$RFA" rollback shop --env prod --to "$point" --yes prod
ok "byte for byte" is "$(sums)" "$before"

# ---- a drill for a disaster: test is made anew as prod is

standby() { "$RFA" rebuild shop --env test --of prod "$@"; }
ok "64: as itself it is no drill" exits 64 rebuild --of prod --yes prod
ok "nothing is made anew as an environment that is not there" says '"nowhere"' "$RFA" rebuild shop --env test --of nowhere --yes test
ok "what was not made anew is no drill" says "shop was not made anew in test before" "$RFA" restore shop --env test --of prod --as-drill --yes test
ok "nor is a backup of its own" says "a backup of prod in prod is no drill of another" "$RFA" restore shop --env prod --as-drill --yes prod
ok "both runs are told before" says "is put back into shop on test" standby -n
ok "test is made anew, and serves prod's backup" exits 0 standby --yes test
ok "two runs" is "$(flows | cut -d, -f1,2)" "restore SUCCEEDED, rebuild SUCCEEDED"
ok "it has prod's data" is "$(cat data-test/files/deep/one)" "$(cat data-prod/files/deep/one)"
drill() { git -C .rfa/ledger show main:drills/test/shop.rebuild.json; }
ok "it is recorded" says '"proven":true' drill
ok "and of whom" says '"of":"prod"' drill
gated() { python3 -c 'import json
c = json.load(open("rfa.json"))
c["stacks"]["shop"].setdefault("gates", {})["standby_drill_days"] = 31
json.dump(c, open("rfa.json", "w"))'; }
gated
ok "the gate that asks for a young one passes on prod" exits 0 rebuild --yes prod
ok "but not on test, whose backups none has served" says "proven by a drill with a standby" "$RFA" rebuild shop --env test --yes test

ok "with --purge" exits 0 wipe --purge --yes prod --confirm "DELETE ALL DATA"
ok "its own old data does not lie beside" is "$(find data-prod -path '*/.rfa-*' -name one)" ""

# ---- on an empty host

rm -rf data-prod && mkdir data-prod
"$FAKE" "$TMP/prod" container stop -- web >/dev/null 2>&1
ok "there is nothing to be deleted" says "nothing is to be deleted, and nothing to be backed up" wipe -n
done_testing
