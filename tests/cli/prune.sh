#!/usr/bin/env bash
# rfa prune: the table of what goes and of what holds the rest, the preview, the question, the end. Two
# hosts with a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
command -v git >/dev/null || skip_all "no git"
two_hosts
config() { # KEEP_IMAGES
	config_two "" '"keep_images":'"$1"',"backup":{"directory":"'"$TMP"'/vault","keep":{"count":1}},"data":{"members":{"files":{"directory":"'"$TMP"'/files"}}}'
}
config 1
mkdir files vault
"$RFA" init >/dev/null
prune() { "$RFA" prune shop --env prod "$@"; }
promote() { "$RFA" promote shop --from test --to prod >/dev/null 2>&1; }
ship() { # IMAGE: web runs it on test from now on
	"$FAKE" "$TMP/test" container stop -- web >/dev/null && "$FAKE" "$TMP/test" container rm -- web >/dev/null
	run_web test "$1"
}

ok "nothing was deployed yet: nothing goes" exits 0 prune -n
ok "it says so" says "nothing would change" prune -n
ok "0: and nothing is asked" exits 0 prune </dev/null
ok "no run was begun" says "no run yet" "$RFA" runs

promote || exit 1
"$FAKE" "$TMP/test" seed 3
ship app:3 && promote || exit 1
run=$("$RFA" runs --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])')
strange=20240101-000000-aaaaaa
runs=$TMP/state-prod/runs
mkdir -p "$runs/$run/spool" "$runs/$strange" "$runs/"$'x\n\033[2J'
head -c 300000 /dev/zero >"$runs/$run/spool/images"

# ---- the table

ok "2: something would go" exits 2 prune -n
ok "what runs" grep -q "^image app:3 .* same .* kept: runs in web" <(prune -n)
ok "a rollback point" grep -q "^image app:2 .* kept: rollback point 2" <(prune -n)
ok "what a run has left goes, with its size" grep -qE "^spool $run +3[0-9]+ kB .* goes for good +goes" <(prune -n)
ok "a run that nobody knows" grep -q "^spool $strange .* kept: the ledger here does not know this run" <(prune -n)
ok "all of it together" grep -qE "^all that goes +3[0-9]+ kB .* at most" <(prune -n)
ok "what is free" grep -qE "^free at $TMP/state-prod +[0-9.]+ [kMGT]?B .* before" <(prune -n)
ok "a name that is none is not told" not grep -q $'\033' <(prune -n)
ok "as JSON" says '"kept: runs in web"' prune -n --json
ok "what is not there is not told" not grep -q "^image app:1" <(prune -n)
"$FAKE" "$TMP/prod" seed 1
ok "one that somebody has pulled again goes" grep -q "^image app:1 .* goes for good *goes" <(prune -n)
run_container prod aside app:1
"$FAKE" "$TMP/prod" container stop -- aside >/dev/null
ok "but not while a container has it" grep -q "^image app:1 .* kept: stands stopped as aside" <(prune -n)
"$FAKE" "$TMP/prod" container rm -- aside >/dev/null
lie() { # TAG: an engine that lies says that app:1 has this one, too
	python3 - "$TMP/prod/state.json" "$1" <<'PY'
import json, sys
state = json.load(open(sys.argv[1]))
for image in state["images"]:
    if "app:1" in image["RepoTags"]:
        image["RepoTags"] = ["app:1"] + [t for t in sys.argv[2:] if t]
json.dump(state, open(sys.argv[1], "w"))
PY
}
lie $'x\n\033[2J$(touch hit);:1'
ok "a name that is none holds it" grep -qE "^image app:1 .* kept: it is called x.*, too" <(prune -n)
ok "and moves no terminal" not grep -q $'\033' <(prune -n 2>&1)
ok "nor a shell" not test -e hit
lie ''
ok "only what is asked for" not grep -q "^image" <(prune -n --spool)
ok "nothing was touched" test -e "$runs/$run/spool/images"

# ---- it asks, and goes

ok "4: it asks" exits 4 prune </dev/null
ok "the table stands before the question" grep -q "^image app:1 .* goes for good" <(prune </dev/null 2>/dev/null)
ok "and what it asks for" says "gone for good" prune </dev/null
ok "4: another name" exits 4 prune --yes test
ok "nothing was removed" test -e "$runs/$run/spool/images"
prune --yes prod >out 2>err
ok "agreed" is "$?" 0
ok "what is true" grep -q "shop on prod: what could go is gone" out
ok "and the next command" grep -q "rfa prune shop --env prod -n" out
ok "each is told" grep -q "the image app:1 goes" err
ok "and what is free now" grep -q "free at $TMP/state-prod: .*, before " err
ok "the directory is gone" not test -e "$runs/$run"
ok "the other is not" test -d "$runs/$strange"
ok "nor the image that runs" grep -q '"app:3"' prod/state.json
ok "the image is gone" not grep -q '"app:1"' prod/state.json
ok "by a run" says "prune shop" "$RFA" ledger git log -1 --format=%s main
ok "0: again, nothing is left to do" exits 0 prune </dev/null
ok "as events" grep -q '"event":"result"' <(mkdir -p "$runs/$run" && prune --yes prod --events 2>/dev/null)

# ---- and backups

old=$(id_ago '3 days')-prod-data
mkdir -p "vault/shop/$old"
ok "backups, too" grep -q "^$old .* goes for good *not complete" <(prune -n --backups)
ok "then nothing else" not grep -q "^image" <(prune -n --backups)
ok "both" grep -q "^image app:3" <(prune -n --backups --images)
ok "2: if either would change something" exits 2 prune -n --backups --images
ok "4: each asks" exits 4 prune --backups </dev/null
ok "agreed by the same name" exits 0 prune --images --backups --yes prod
ok "the backup is gone" not test -e "vault/shop/$old"
ok "by a run of its own" says "prune-backups shop" "$RFA" ledger git log -1 --format=%s main

# ---- what is wrong

rm -rf "${runs:?}/$run"
config_two
ok "3: no data there" exits 3 prune --data
ok "without the word it is left out" exits 0 prune </dev/null
done_testing
