#!/usr/bin/env bash
# What the ledger knows of versions, from the command line: where one was proven, what went somewhere
# by force, who says that one is good, and what the gates make of it. Two hosts with a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP LC_ALL=C.UTF-8
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org

config() { # GATES [MORE KEYS OF THE STACK]
	cat >rfa.json <<JSON
{"version":1,"environments":{
"test":{"transport":"local","state_dir":"$TMP/state-test","docker":"$FAKE $TMP/test","address":"127.0.0.1"},
"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"},
"q1":{"destination":"nobody@127.0.0.1:1"},"q2":{"destination":"nobody@127.0.0.1:1"},"q3":{"destination":"nobody@127.0.0.1:1"},
"q4":{"destination":"nobody@127.0.0.1:1"},"q5":{"destination":"nobody@127.0.0.1:1"},"q6":{"destination":"nobody@127.0.0.1:1"},
"qa":{"destination":"nobody@127.0.0.1:1","address":"127.0.0.1"}},
"stacks":{"shop":{"containers":["web"],"health_settle_s":0,"gates":{"disk_free_percent":0${1:+,$1}}${2:+,$2}}}}
JSON
}
mkdir test prod
for host in test prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
run_web test app:2 && run_web prod app:1 && drop_image prod app:2
config '"verified_in":["qa"]'
"$RFA" init >/dev/null
promote() { "$RFA" promote shop --from test --to prod "$@"; }
verified() { "$RFA" verified shop "$@"; }
entry() { # PYTHON: of the first version
	verified --json | python3 -c "import json,sys; v = json.load(sys.stdin)[0]; print($1)"
}

ok "nothing was deployed yet" says "no run has brought a version" verified
ok "9: a version that nobody knows" exits 9 "$RFA" approve shop 2 --env qa --reason x
ok "it says what lists them" says "rfa verified shop" "$RFA" approve shop 2 --env qa --reason x

# ---- by force

ok "4: not verified on qa" exits 4 promote
ok "it says where it has to be" says "has not been verified on qa" promote
ok "4: the gates alone" exits 4 promote --gates
ok "each is told" says "verified          refused  web runs app:2" promote --gates
ok "those that passed, too" says "source runs       passed" promote --gates
runs=$("$RFA" runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')
ok "4: check, of one flow" exits 4 "$RFA" check shop prod --for promote --from test
ok "each gate and how to mend it" says "verified          refused  web runs app:2" "$RFA" check shop prod --from test
ok "with the mend" says "rfa approve, or use --force" "$RFA" check shop prod --from test
ok "nothing was recorded" is "$("$RFA" runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" "$runs"
ok "for a program" says '"ok": false' "$RFA" check shop prod --from test --json
ok "the source is the one of verified_in" says "nobody@127.0.0.1" "$RFA" check shop prod
ok "64: no flow" exits 64 "$RFA" check shop prod --for nonsense
ok "one that is meant" says "did you mean --for promote?" "$RFA" check shop prod --for promot
ok "64: of which environment" exits 64 "$RFA" check shop
ok "64: a version that nobody asked for" exits 64 "$RFA" check shop prod 2 --for promote --from test
ok "64: a source that is not asked" exits 64 "$RFA" check shop prod --for smoke --from test
ok "the stack is known" exits 9 "$RFA" check shopp prod --from test
ok "by force it goes" exits 0 promote --force --reason "the fire brigade" --yes prod
ok "verified: by force" says "prod (by force)" verified
ok "the identities are there" is "$(entry 'len(v["verified"][0]["identities"])')" 1
ok "status: it is unproven" says "unproven: 2 of shop runs on prod" "$RFA" status
ok "and why" says "the fire brigade" "$RFA" status shop
ok "a program is told" says '"reason": "the fire brigade"' "$RFA" status --json
ok "it is no proof for another environment" exits 4 promote

# ---- somebody says that it is good; qa cannot be reached, and need not be

ok "64: why?" exits 64 "$RFA" approve shop 2 --env qa
ok "approve" exits 0 "$RFA" approve shop 2 --env qa --reason "tested by hand"
ok "verified says so" says "qa (approved)" verified
ok "by whom" says "@" entry 'v["verified"][1]["by"]'
ok "and why" is "$(entry 'v["verified"][1]["reason"]')" "tested by hand"
ok "status: nothing is owed any more" not says unproven "$RFA" status
ok "0: the gates alone" exits 0 promote --gates
ok "0: check" exits 0 "$RFA" check shop prod --from test
ok "check, for a program" says '"ok": true' "$RFA" check shop prod --from test --json
ok "for a program" says '"verdict": "passed"' promote --gates --json
ok "the lock of each host, by its name" says 'lock              passed   on test' promote --gates
ok "and of the other" says 'lock              passed   on prod' promote --gates
ok "the gate lets it pass" exits 0 promote
ok "prod has proven it, too" says "prod (run)" verified
ok "history has it" says "approve" "$RFA" history
ok "the version stays as it was brought" is "$(entry 'v["flow"]')" promote

# ---- a checklist

config '' '"checklist":["login works","mail; \"goes out\""]'
ok "4: nobody has signed" exits 4 promote
ok "it says what to type" says 'rfa sign shop 2 --env prod --item "login works"' promote
ok "64: which item?" exits 64 "$RFA" sign shop 2 --env prod
ok "9: there is no such item" exits 9 "$RFA" sign shop 2 --env prod --item "login work"
ok "it offers the one that is meant" says 'did you mean "login works"' "$RFA" sign shop 2 --env prod --item "login work"
ok "sign" exits 0 "$RFA" sign shop 2 --env prod --item "login works" --reason "as Olga"
ok "one is not all" exits 4 promote
ok "sign the other" exits 0 "$RFA" sign shop 2 --env prod --item 'mail; "goes out"'
ok "then it goes" exits 0 promote
ok "verified tells who signed what" says "prod (signed: login works)" verified
ok "a signature is no proof" exits 4 sh -c "sed -i 's/\"checklist\".*/\"x-none\":0}}}/; s/\"disk_free_percent\":0/\"disk_free_percent\":0,\"verified_in\":[\"test\"]/' rfa.json; '$RFA' promote shop --from test --to prod"

# ---- many at once, of one version: nobody's word is lost

together() {
	local n pids=()
	for n in 1 2 3 4 5 6; do "$RFA" approve shop 2 --env "q$n" --reason "all at once" >"$TMP/q$n" 2>&1 & pids+=("$!"); done
	for n in "${pids[@]}"; do wait "$n" || { cat "$TMP"/q?; return 1; }; done
}
ok "six people approve it at the same time" together
ok "all six are known" is "$(verified --json | python3 -c "import json,sys; print(sum(p['env'][0] == 'q' and p['env'] != 'qa' for p in json.load(sys.stdin)[0]['verified']))")" 6

# ---- a tag that cannot be the name of a file

config ''
sed -i 's/app:2"/app:2..0"/g' test/state.json
ok "a version with dots in it" exits 0 promote
ok "is a version as any other" says "2..0" verified
ok "and is found by its name" exits 0 "$RFA" approve shop 2..0 --env qa --reason "it is good"

# ---- back, and not back again

ok "back to the last point" exits 0 "$RFA" rollback shop --env prod --last --yes prod
ok "4: once more would bring back what was taken away" exits 4 "$RFA" rollback shop --env prod --last --yes prod
ok "it says so" says "has just gone back" "$RFA" rollback shop --env prod --last --yes prod

# ---- with files, and with images that are not there any more

to_two() { "$RFA" rollback shop --env prod --to 2..0 "$@"; }
ok "64: --with-files without a point" exits 64 "$RFA" rollback shop --env prod --with-files
ok "4: the point has kept no files" exits 4 to_two --with-files --yes prod
ok "it says what to do" says "leave --with-files out" to_two --with-files --yes prod
drop_image prod app:2..0
ok "a preview says where the image comes from" says "those that are not there any more, from test" to_two --dry-run
ok "its layers are fetched" says "sent of" to_two --yes prod
ok "and it runs" says "2..0 " "$RFA" status

# ---- nobody but a backup has the image

config '' '"backup":{"directory":"'"$TMP"'/vault"}'
ok "the images that run are backed up" exits 0 "$RFA" backup images shop --env prod
stored=$(find "$TMP/vault" -name '*-prod-images' -printf '%f\n')
sed -i 's/app:2\.\.0"/app:4"/g' test/state.json
ok "another version" exits 0 promote
drop_image prod app:2..0; drop_image test app:2..0; drop_image test app:4
ok "a preview names the backup" says "those that are not there any more, from the backup $stored" to_two --dry-run
ok "they come out of it" exits 0 to_two --yes prod
ok "and run" says "2..0 " "$RFA" status

# ---- nobody has it

rm -r "${TMP:?}/vault"
back_to=$("$RFA" rollback shop --env prod --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["name"])')
lost=$("$RFA" rollback shop --env prod --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["images"][0]["ref"])')
drop_image prod "$lost"; drop_image test "$lost"
ok "4: nobody has it" exits 4 "$RFA" rollback shop --env prod --to "$back_to" --yes prod
ok "each that was asked is named" says "nobody has it: " "$RFA" rollback shop --env prod --to "$back_to" --yes prod
ok "with what it said" says "no digest of $lost is known" "$RFA" rollback shop --env prod --to "$back_to" --yes prod

ok "the vault, too" says "the backups of its images (prod): there is none" "$RFA" rollback shop --env prod --to "$back_to" --yes prod

# ---- of a version that no run has brought, a host tells which images it is

mkdir old only
for host in old only; do "$FAKE" "$TMP/$host" seed >/dev/null; done
run_container old desk app:2 && run_container only desk app:1 && drop_image only app:2
python3 - <<'PY'
import json, os
config = json.load(open("rfa.json"))
here = os.getcwd()
for name in "old", "only":
    config["environments"][name] = dict(config["environments"]["prod"], state_dir=here + "/state-" + name)
    config["environments"][name]["docker"] = config["environments"]["prod"]["docker"].replace(here + "/prod", here + "/" + name)
config["stacks"] = {"desk": {"containers": ["desk"], "health_settle_s": 0, "gates": {"disk_free_percent": 0}, "checklist": ["login works", "mail"]}}
json.dump(config, open("rfa.json", "w"))
PY
bring() { "$RFA" promote desk --from old --to only "$@"; }
sign() { "$RFA" sign desk "$1" --env only --item "${@:2}"; }
first() { "$RFA" verified desk --json | python3 -c "import json,sys; v = json.load(sys.stdin)[0]; print($1)"; }
ok "4: nobody has signed" exits 4 bring
ok "it says what to type" says 'rfa sign desk 2 --env only --item "login works" --from old' bring
ok "9: nobody says which images it is" exits 9 sign 2 "login works"
ok "it says who may" says "ENV says where it runs now" sign 2 "login works"
ok "9: no such environment" exits 9 sign 2 "login works" --from onyl
ok "4: another runs there" exits 4 sign 2 "login works" --from only
ok "which is told" says "only runs 1 of desk, and not 2" sign 2 "login works" --from only
ok "a preview says who tells it" says "those that run on old now" sign 2 "login works" --from old --dry-run
ok "and keeps nothing" says "no run has brought" "$RFA" verified desk
ok "0: it is signed" exits 0 sign 2 "login works" --from old
ok "what it is was kept" is "$(first 'len(v["images"][0]["identity"])')" 64
ok "so the next needs nobody" exits 0 sign 2 mail
ok "and it goes" exits 0 bring
ok "the version is the run's from now on" is "$(first 'v["flow"]')" promote
ok "what it was proven by stays" is "$(first 'len(v["verified"])')" 3

# The tag app:3 is one image when it is approved, and another one behind that.
sed -i 's/app:2"/app:3"/g' old/state.json
ok "approve, by a host" exits 0 "$RFA" approve desk 3 --env qa --from old --reason "seen there"
"$FAKE" "$TMP/old" container stop -- desk >/dev/null && "$FAKE" "$TMP/old" container rm -- desk >/dev/null
sed -i 's/app:3"/app:x"/g; s/app:1"/app:3"/g' old/state.json
run_container old desk app:3
ok "4: it was moved" exits 4 sign 3 mail --from old
ok "both are named" says "; it was image " sign 3 mail --from old
ok "and who has said so" says "(approve) spoke of it" sign 3 mail --from old
ok "promote says so, too" says "spoke of it" bring

ok "the ledger is whole" exits 0 "$RFA" ledger verify
done_testing
