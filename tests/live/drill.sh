#!/usr/bin/env bash
# Drills: prod's backup is tried out on test, which has its own data back afterwards; the ledger keeps
# whether that went well, and a gate can insist on it.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

ok "the application is up on both sides" records_both --size 20 --files 1000
# The disk of the machine that the operator sits at is also somebody else's.
stack() { # MORE OF "gates"
	records_stack "\"backup\": { \"where\": \"operator\", \"directory\": \"backups\" }, \"gates\": { \"disk_free_percent\": 1$1 }"
}
gate=', "proven_drill_days": 31'
work drill "$(stack "$gate")" "$PATIENT"
drill_record() { git -C "$W/.rfa/ledger" show main:drills/test/records.json; }
proven() { drill_record | python3 -c 'import json, sys; print(json.load(sys.stdin)["proven"])'; }
letter() { on test 'cat /opt/records/conf/new/letter'; }
newest() { find "$W/backups/records" -mindepth 1 -maxdepth 1 | sort | tail -n 1; }

run_rfa promote-data records --from test --to prod --yes prod
ok "no drill yet: the gate refuses: exit status 4" ended 4
ok "it names the drill" said 'drill'
run_rfa backup records --env prod
ok "backup: exit status 0" ended 0

# ---- a good one

own=$(letter)
follow drill records --env test --of prod --yes test
ok "test stands still before the swap" frozen test target.verify-stopped "$TMP/before"
ok "test serves what was backed up" eval 'freeze_at target.health && l=$(letter) && await 60 all_run test; s=$?; thaw; [ $s = 0 ] && is "$l" "$(on prod "cat /opt/records/conf/new/letter")"'
ok "test stands still when its own is back" frozen test target.start2 "$TMP/after"
join
ok "drill: exit status 0" ended 0
ok "test has its own data, byte for byte" same "$TMP/before" "$TMP/after"
ok "test runs with it" await 20 all_run test
ok "its letter is its own" is "$(letter)" "$own"
ok "nothing is left" clean test
ok "no copies are left" is "$(copies test)" ""
ok "it is recorded as proven" is "$(proven)" True
ok "with the backup's name" says "$(basename "$(newest)")" drill_record
# Whose backup it was, wherever it was tried out.
ok "status shows how long ago" grep -qE ' [0-9]+ s$' <(rfa status records --env prod)
ok "status for programs too" grep -qE '"proven": ?true' <(rfa status records --env prod --json)
run_rfa promote-data records --from test --to prod --yes prod --dry-run
ok "the gate is content: exit status 2, something would change" ended 2

# ---- a broken one

run_rfa backup records --env prod
chunk=$(find "$(newest)/chunks" -type f -size +0 | sort | head -n 1)
cp "$chunk" "$TMP/chunk" && printf '\377\000\377' | dd of="$TMP/chunk" bs=1 seek=10 conv=notrunc status=none && mv -f "$TMP/chunk" "$chunk"
since=$(running test)
run_rfa drill records --env test --of prod --yes test
ok "a broken backup: it fails (exit status $status)" grep -qxE '[1-9]|10' <<<"$status"
ok "a broken backup: the chunk is named" said "$(basename "$chunk")"
ok "a broken backup: test was not stopped" is "$(running test)" "$since"
ok "a broken backup: it is recorded as not proven" is "$(proven)" False
ok "a broken backup: and why" says "$(basename "$chunk")" drill_record
ok "a broken backup: nothing is left" clean test
run_rfa promote-data records --from test --to prod --yes prod
ok "a broken backup: the gate refuses: exit status 4" ended 4
ok "a broken backup: it says why" said 'drill'

# ---- one whose data does not serve

# test's application has a password of its own, which prod's database does not know.
on test 'cd /srv/stacks/records && docker exec records-db-1 psql -h /tmp -U postgres -qc "alter user postgres password '"'other'"'" &&
	sed -i "s/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=other/" .env && docker compose up -d --wait db app >/dev/null 2>&1'
ok "data that does not serve: test's own does" await 20 all_run test
run_rfa backup records --env prod
ok "data that does not serve: backed up" ended 0
configure "$(deadline=6 stack "$gate")" "$PATIENT"
run_rfa drill records --env test --of prod --yes test
ok "data that does not serve: exit status 5" ended 5
ok "data that does not serve: test has its own again" is "$(letter)" "$own"
ok "data that does not serve: and runs" await 20 all_run test
ok "data that does not serve: it is recorded as not proven" is "$(proven)" False
ok "data that does not serve: nothing is left" clean test
ok "data that does not serve: no copies are left" is "$(copies test)" ""

done_testing
