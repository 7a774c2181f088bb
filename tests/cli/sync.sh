#!/usr/bin/env bash
# Files of a Compose directory, from the command line: what a preview shows, what is refused, what is
# brought and taken back, and how it goes back. Two hosts, names that nobody would choose.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP LC_ALL=C.UTF-8
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org
export TOKEN=a-token-that-nobody-may-see
mkdir -p test prod src/conf run-test run-prod/data
for host in test prod; do "$FAKE" "$TMP/$host" seed >/dev/null; done
cat >rfa.json <<JSON
{"version":1,"secrets":["TOKEN"],"environments":{
"test":{"transport":"local","state_dir":"$TMP/state-test","docker":"$FAKE $TMP/test","address":"127.0.0.1"},
"prod":{"transport":"local","state_dir":"$TMP/state-prod","docker":"$FAKE $TMP/prod","address":"127.0.0.1"}},
"stacks":{"shop":{"compose":{"project":"shop","directory":"$TMP/run-prod","source":"src","keep":["data"]},
"environments":{"test":{"compose":{"directory":"$TMP/run-test"}}}},
"bare":{"compose":{"project":"bare","directory":"$TMP/run-prod"}}}}
JSON
"$RFA" init >/dev/null
sync_to() { "$RFA" sync shop --to "$@"; }
plan() { "$RFA" plan sync shop --to "$@"; }
# Points are called after the second in which they were made.
next() { sleep 1.1; }

printf 'services:\n  web:\n    image: app:1\n' >src/compose.yml
printf 'MODE=test\nPASSWORD=hunter2hunter2\n' >src/.env
printf 'token: %s\n' "$TOKEN" >src/conf/app.yml
names=("it's" 'a "b"' 'c;touch hit' "\$(touch hit)" -n $'new\nline' $'esc\e[2J' 'ünï')
for name in "${names[@]}"; do printf %s "$name" >"src/$name"; done
mkdir src/.git && echo not mine >src/.git/config
echo grown >run-prod/data/file

# ---- what a preview shows

ok "2: there is something to do" exits 2 plan prod
plan prod >shown 2>&1
ok "each new file is told" is "$(grep -c '  new *$' shown)" 11
ok "with its lines" grep -qx '+    image: app:1' shown
ok "of variables only the keys" grep -qx '+PASSWORD' shown
ok "and no value" not grep -q hunter2 shown
ok "no secret" not grep -q "$TOKEN" shown
ok "it says that there is one" grep -q '^+token: \[secret\]' shown
ok "no escape" not grep -q $'\e' shown
ok "a newline is no new line" grep -q 'new\\nline' shown
ok "a program is told the same" says '"diff"' "$RFA" plan sync shop --to prod --json
ok "and no secret" not says "$TOKEN" "$RFA" plan sync shop --to prod --json
ok "nothing was touched" is "$(ls -A run-prod)" data

# ---- they come

ok "sync" exits 0 sync_to prod
ok "it says what is not done" says "containers were not touched" cat <(rm -rf run-test/*; sync_to test 2>&1)
for name in "${names[@]}"; do ok "there is $(printf %q "$name")" is "$(cat "run-prod/$name")" "$name"; done
ok "nothing was run" not test -e hit
ok "variables are nobody's to read" is "$(stat -c %a run-prod/.env)" 600
ok "what is kept is kept" is "$(cat run-prod/data/file)" grown
ok "what is git's stays" not test -e run-prod/.git
ok "0: nothing to do" exits 0 plan prod
ok "the ledger has no value" not grep -rq hunter2 <(git -C .rfa/ledger log --all -p --format=%B)
ok "and no digest of one" not grep -q "$(sha256sum <src/.env | cut -d' ' -f1)" <(git -C .rfa/ledger log --all -p --format=%B)

# ---- somebody edits there

next
echo '# by hand' >>run-prod/conf/app.yml
echo '    restart: always' >>src/compose.yml
ok "4: it is not written over" exits 4 sync_to prod
ok "it says which" says "edited on prod since it was brought: conf/app.yml" sync_to prod
ok "and how to mend it" says "--take brings" sync_to prod
ok "nor do images come to it" says "edited on prod since a sync brought it: conf/app.yml" "$RFA" check shop prod --for promote --from test
ok "each gate has its line" says "run directory     refused" "$RFA" check shop prod --for promote --from test
ok "the preview shows it" says "edited there since" plan prod
ok "nothing came" not grep -q restart run-prod/compose.yml
ok "64: both ways at once" exits 64 sync_to prod --take --delete
ok "take" exits 0 sync_to prod --take
ok "it is here" grep -q 'by hand' src/conf/app.yml
ok "nothing else came there" not grep -q restart run-prod/compose.yml
ok "then the rest goes" exits 0 sync_to prod
ok "it is there" grep -q restart run-prod/compose.yml
next
echo again >>run-prod/conf/app.yml
ok "by force" exits 0 sync_to prod --force --reason "mine counts" --yes prod
ok "it was written over" not grep -q again run-prod/conf/app.yml
ok "history has it" says "FORCED: mine counts" "$RFA" history

# ---- what goes

next
rm "src/it's"
ok "without --delete it stays" exits 0 sync_to prod
ok "it is there" test -e "run-prod/it's"
ok "with it it goes" exits 0 sync_to prod --delete
ok "it is gone" not test -e "run-prod/it's"
ok "what no sync brought is there" test -e run-prod/data/file

# ---- and back

points=$("$RFA" rollback shop --env prod --json)
ok "three points stay" is "$(python3 -c 'import json,sys; print(len(json.loads(sys.argv[1])))' "$points")" 3
forced=$(python3 -c 'import json,sys
print([p["name"] for p in json.loads(sys.argv[1]) if any(f["path"] == "conf/app.yml" for f in p["files"])][0])' "$points")
ok "the list says which files" says "files: " "$RFA" rollback shop --env prod
ok "a preview of it" says "+again" "$RFA" rollback shop --env prod --to "$forced" --dry-run
ok "go back" exits 0 "$RFA" rollback shop --env prod --to "$forced" --yes prod
ok "what was edited is there again" grep -q again run-prod/conf/app.yml
ok "and what was removed" test -e "run-prod/it's"
ok "4: it is an edit again" exits 4 sync_to prod

# ---- from a directory of a host

mkdir -p there && printf 'services: {}\n' >there/compose.yml && printf 'PASSWORD=hunter3hunter3\n' >there/.env
with_source() { # SOURCE ON
	python3 - "$1" "$2" <<'PY'
import json, sys
c = json.load(open("rfa.json"))
c["stacks"]["shop"]["compose"].update(source=sys.argv[1], source_on=sys.argv[2])
json.dump(c, open("hosts.json", "w"))
PY
}
from_host() { "$RFA" -c hosts.json "$@" shop --to prod; }
next
with_source "$TMP/there" test
ok "2: a preview" exits 2 from_host plan sync --force --reason x
ok "it says from where" says "The files of shop go from test to prod" from_host plan sync --force --reason x
ok "of variables only the keys" says "~PASSWORD" from_host plan sync --force --reason x
ok "and no value" not says hunter3 from_host plan sync --force --reason x
ok "it comes" exits 0 "$RFA" -c hosts.json sync shop --to prod --force --reason "from there" --yes prod
ok "it is there" is "$(cat run-prod/compose.yml)" "services: {}"
ok "and the variables" is "$(cat run-prod/.env)" "PASSWORD=hunter3hunter3"
ok "the ledger has no value" not grep -rq hunter3 <(git -C .rfa/ledger log --all -p --format=%B)
ok "both hosts were locked, and are free" exits 0 from_host plan sync
next
echo '# by hand' >>run-prod/compose.yml
ok "--take brings what was edited to that host" exits 0 "$RFA" -c hosts.json sync shop --to prod --take
ok "it is there, too" grep -q 'by hand' there/compose.yml
ok "nothing lies about" is "$(cd there && find . | sort | tr '\n' ' ')" ". ./.env ./compose.yml ./conf ./conf/app.yml "
ln -s /etc/passwd there/link
ok "4: a link" exits 4 from_host sync
rm there/link
with_source "$TMP/there" prod
ok "a directory of the same host" exits 0 from_host plan sync
mv there away
ok "9: no such directory" exits 9 from_host plan sync
ok "it says where" says "make it there, or correct compose.source" from_host plan sync
mv away there
with_source there test
ok "3: a path of whom?" exits 3 from_host plan sync
ok "it says what to write" says "write where the files are on that host" from_host plan sync
with_source /there nowhere
ok "3: no such environment" exits 3 "$RFA" -c hosts.json check
ok "it says so" says "source_on" "$RFA" -c hosts.json check

# ---- what cannot be

ln -s /etc/passwd src/link
ok "4: a link" exits 4 sync_to prod
ok "it says which" says "link cannot be brought: it is a symbolic link" sync_to prod
rm src/link
mv run-prod moved
ok "9: no directory" exits 9 plan prod
ok "it says what to do" says "make it there" plan prod
mv moved run-prod
ok "3: no source" exits 3 "$RFA" sync bare --to prod
ok "it says what to write" says '"source"' "$RFA" sync bare --to prod
ok "the ledger is whole" exits 0 "$RFA" ledger verify
ok "nothing of the kind lies open" is "$(find state-prod -type f -perm /077)" ""
done_testing
