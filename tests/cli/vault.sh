#!/usr/bin/env bash
# Backups that are there: listed, verified, thinned out, chosen for a restore; in a vault on this
# machine, made here by the description of its format (transports/host/host.h), not by rfa.
# Functions are called through ok; backquotes are part of what rfa says.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP/home
mkdir -p "$HOME"
echo leak:libpcre2 >"$TMP/lsan"
export LSAN_OPTIONS=suppressions=$TMP/lsan:print_suppressions=0
json() { "$@" | python3 -c 'import json, sys; json.load(sys.stdin)'; }

config() { # KEEP
	cat >rfa.json <<JSON
{"version":1,"environments":{
 "test":{"destination":"ssh://nobody@127.0.0.1:1"},"prod":{"destination":"ssh://nobody@127.0.0.1:1"}},
 "stacks":{"shop":{"containers":["web"],
  "data":{"members":{"auth":{"sqlite":"/opt/auth.db"},"files":{"volume":"shop_files"}}},
  "backup":{"where":"operator","keep":$1}}},
 "timeouts":{"attempts":1,"connect_s":2}}
JSON
}
config '{"days":30,"weekly":0,"monthly":0}'
"$RFA" init >/dev/null 2>&1
vault=$TMP/backups/shop

backup() { # ID MEMBER...: a whole backup; of chunks of 100 bytes, so that there are some
	python3 - "$vault" "$@" <<'PY'
import hashlib, json, os, sys
vault, name, members = sys.argv[1], sys.argv[2], sys.argv[3:]
folder, manifest = os.path.join(vault, name), []
for member in members:
    data = (member + " of the shop\n").encode() * 20
    lines = []
    for at in range(0, len(data), 100):
        part = data[at:at + 100]
        digest = hashlib.sha256(part).hexdigest()
        os.makedirs(os.path.join(folder, "chunks", digest[:2]), exist_ok=True)
        open(os.path.join(folder, "chunks", digest[:2], digest), "wb").write(part)
        lines.append("%s %d\n" % (digest, len(part)))
    open(os.path.join(folder, member + ".chunks"), "w").write("".join(lines))
    manifest.append({"name": member, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
if members:
    text = json.dumps({"backup": name, "stack": "shop", "members": manifest})
    for file in ("manifest.json", "replication_manifest.json"):
        open(os.path.join(folder, file), "w").write(text)
else:
    os.makedirs(os.path.join(folder, "chunks"))
PY
}
old=$(id_ago '60 days')-prod-data new=$(id_ago '3 hours')-prod-data
other=$(id_ago '2 hours')-test-data images=$(id_ago '1 hour')-prod-images half=$(id_ago '5 days')-prod-data
backup "$old" auth files
backup "$new" auth files
backup "$other" auth files
backup "$images" images
backup "$half"
mkdir -p "$vault/lost+found"

# ---- list

list() { "$RFA" backup list shop --env prod "$@"; }
ok "list: newest first, of this environment" is "$(list | awk 'NR > 1 {print $1}' | tr '\n' ' ')" \
	"$images $new $half $old "
ok "list: age, bytes, what it holds" says "data    3 h     700 B  complete      auth, files" list
ok "list: what is not complete" says "not complete" list
ok "images of a backup of data" says "holds data, no images" "$RFA" restore images shop --env prod --backup "$new"
ok "images: the newest backup that has some" says "images of the backup $images run again" "$RFA" restore images shop --env prod --dry-run
ok "list --set" is "$(list --set images | awk 'NR > 1 {print $1}')" "$images"
ok "list --all has other environments" says "$other" list --all
ok "list --json" is "$(list --json | python3 -c '
import json, sys
for b in json.load(sys.stdin): print(b["set"], b["complete"], b["bytes"], end=" ")')" \
	"images True 380 data True 700 data False 0 data True 700 "

# ---- verify

verify() { "$RFA" backup verify shop --env prod "$@"; }
ok "verify: the newest of the data" says "whole $new" verify
ok "verify --backup" says "whole $old" verify --backup "$old"
ok "verify --set images" says "whole $images" verify --set images
ok "verify --all: those of this environment" is "$(verify --all | sed 's/,.*//' | tr '\n' ' ')" \
	"whole $old whole $new whole $images "
ok "verify --json" json verify --all --json
ok "9: one that is not there" exits 9 verify --backup 20200101-000000-prod-data
ok "a slip is suggested" says "did you mean $old?" verify --backup "${old%a}"
ok "4: one that is not complete" exits 4 verify --backup "$half"
chunk=$(find "$vault/$old/chunks" -type f | sort | head -n 1)
cp "$chunk" kept
printf 'X' | dd of="$chunk" conv=notrunc status=none
ok "10: a flipped byte" exits 10 verify --backup "$old"
ok "it is named" says "${chunk##*/}" verify --backup "$old"
ok "10: --all" exits 10 verify --all
ok "the others are whole all the same" says "whole $new" verify --all
ok "as JSON" is "$(verify --all --json 2>/dev/null | python3 -c '
import json, sys
print(*[b["ok"] for b in json.load(sys.stdin)])')" "False True True"
cp kept "$chunk"
ok "whole again" exits 0 verify --backup "$old"
mv "$vault/$old/files.chunks" files.kept
ok "10: a missing member" exits 10 verify --backup "$old"
ok "it is named" says "files" verify --backup "$old"
mv files.kept "$vault/$old/files.chunks"

# ---- chosen

ok "restore: the newest is told" says "The backup $new is put back into shop on prod." \
	"$RFA" restore shop --env prod -n
ok "restore: another, and one member" says "is replaced    files: wholly" \
	"$RFA" restore shop --env prod --backup "$old" --member files -n
ok "restore: another environment's" says "The backup $other is put back into shop on prod." \
	"$RFA" restore shop --env prod --of test -n
ok "the same by its id" says "The backup $other is put back" "$RFA" restore shop --env prod --backup "$other" -n
ok "restore asks" exits 4 "$RFA" restore shop --env prod </dev/null
ok "drill: the own data comes back" says "test has the data back that it has now" \
	"$RFA" drill shop --env test --of prod -n
ok "drill asks for the environment that tries" says 'add --yes test' \
	"$RFA" drill shop --env test --of prod </dev/null
backup "$(id_ago '1 minute')-prod-data" auth
ok "9: a member that the backup has not" says 'has no member "files"' \
	"$RFA" restore shop --env prod --member files -n
rm -r "${vault:?}/$(find "$vault" -maxdepth 1 -name '*-prod-data' -printf '%f\n' | sort | tail -n 1)"

# ---- a rollback with its data

if ! command -v git >/dev/null; then
	skip "rollback --with-database" "no git"
else
	main=$(git -C "$TMP/.rfa/ledger" rev-parse main)
	point() { # NAME MORE
		ledger_put "$TMP/.rfa/ledger" "points/prod/shop/$1.json" <<-JSON
			{"name":"$1","run":"20260131-170801-4f2a9c","at":"$(ago '2 hours')","version":"$1",
			 "images":[{"key":"web"}]$2}
		JSON
	}
	point v1 ',"backup":"'"$old"'"' && point v0 && point v2 ',"backup":"20200101-000000-prod-data"'
	point data-20261122-103015 ',"kind":"data","members":[{"name":"auth","kind":"sqlite"}]'
	back=$("$RFA" rollback shop --env prod 2>&1 | sed -n 's/^to go back: //p')
	ok "the way back" is "${back% --to *}" "rfa rollback shop --env prod"
	migrated() { # KIND: what has changed the schema since
		ledger_put "$TMP/.rfa/ledger" migrations/prod/shop.json <<-JSON
			{"stack":"shop","env":"prod","done":[{"version":"v9","identity":"i","kind":"$1","run":"20260201-000000-4f2a9c"}]}
		JSON
	}
	migrated expand
	ok "the version of before lives with its schema" is \
		"$("$RFA" rollback shop --env prod 2>&1 | sed -n 's/^to go back: //p')" "$back"
	migrated breaking
	ok "the version of before does not: with the data" is \
		"$("$RFA" rollback shop --env prod 2>&1 | sed -n 's/^to go back: //p')" "$back --with-database"
	whole() { "$RFA" rollback shop --env prod --with-database "$@"; }
	ok "the list says which backup" says "data of that time: $old" "$RFA" rollback shop --env prod
	ok "which version, which backup" says "shop on prod goes back to v1, with the data of $old." whole --to v1 -n
	ok "when it was made" says "auth, files: of the backup $old, made at $(date -u -d '-60 days' +%Y-%m-%d)" whole --to v1 -n
	ok "what stays" says "all that was stored since then, as a rollback point of data" whole --to v1 -n
	ok "what stops" says "prod stops     web: from before the data is renamed" whole --to v1 -n
	ok "what does not come back" says "files beside the containers" whole --to v1 -n
	ok "another backup" says "with the data of $new." whole --to v1 --backup "$new" -n
	ok "4: it asks" exits 4 whole --to v1 </dev/null
	ok "for the environment" says "add --yes prod" whole --to v1 </dev/null
	ok "11: agreed" exits 11 whole --to v1 --yes prod
	ok "9: the point names none" exits 9 whole --to v0
	ok "it says what to do" says "rfa backup list shop --env prod, and then --backup ID" whole --to v0
	ok "one that is chosen will do" says "with the data of $new." whole --to v0 --backup "$new" -n
	ok "9: it is gone" exits 9 whole --to v2
	ok "that is told" says 'there is no backup "20200101-000000-prod-data"' whole --to v2
	ok "64: a point of data has no images" exits 64 whole --to data-20261122-103015
	ok "64: no point" exits 64 whole
	ok "64: --backup alone" exits 64 "$RFA" rollback shop --env prod --to v1 --backup "$old"
	ok "4: with files that the point has not kept" exits 4 whole --to v1 --with-files --yes prod
	ok "it says what to do" says "leave --with-files out" whole --to v1 --with-files --yes prod
	git -C "$TMP/.rfa/ledger" update-ref refs/heads/main "$main"
fi

# ---- prune

prune() { "$RFA" backup prune shop --env prod "$@"; }
making=$(id_ago '5 minutes')-prod-data
backup "$making"
ok "prune -n: what goes" grep -q "^$old .* goes for good *not needed" <(prune -n)
ok "what stays, and why" grep -q "^$new .* stays *same *the newest" <(prune -n)
ok "what was never completed" grep -q "^$half .* goes for good *not complete" <(prune -n)
ok "what somebody may be making" grep -q "^$making .* stays *same *may be in the making" <(prune -n)
ok "nothing is removed yet" test -d "$vault/$old"
ok "as JSON" json prune -n --json
ok "4: it asks" exits 4 prune </dev/null
ok "2: something would change" exits 2 prune -n
ok "and says which" says "goes for good  $half; $old" prune </dev/null
ok "nothing is removed by that" test -d "$vault/$old"
ok "agreed" says "the backup $old goes: not needed" prune --yes prod
ok "it is gone" test ! -e "$vault/$old"
ok "by a run" says "prune-backups shop" "$RFA" ledger git log -1 --format=%s main
ok "the others are there" test -d "$vault/$new" -a -d "$vault/$other" -a -d "$vault/$images" -a -d "$vault/$making"
ok "again: nothing is left to do, nothing is asked" exits 0 prune </dev/null
ok "the lock was given back" says "operator is free" "$RFA" lock show operator
ok "the rest is whole" exits 0 verify --all
backup "$old" auth files
config '{"count":0,"days":0,"daily":0,"weekly":0,"monthly":0}'
ok "no rule: everything stays" exits 0 prune </dev/null
config '{"count":0,"days":1,"weekly":0,"monthly":0}'
rm -r "${vault:?}/$new"
ok "the newest stays, whatever the rules say" grep -q "^$old .* stays *same *the newest" <(prune -n)
backup "$new" auth files
ok "without that it goes" grep -q "^$old .* goes for good " <(prune -n)
if command -v git >/dev/null; then
	ledger_put .rfa/ledger drills/test/shop.json <<JSON
{"proven":false,"at":"$(ago '2 days')","backup":"$half","last_proven":{"at":"$(ago '9 days')","backup":"$old"}}
JSON
	ok "what a drill has proven last stays" grep -q "^$old .* stays *same *a point or a drill names it" <(prune -n)
else
	skip "what a drill has proven last stays" "no git"
fi
done_testing
