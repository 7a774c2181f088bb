#!/usr/bin/env bash
# Data on hosts whose file system shares blocks: the snapshot is a reflink, and exactly as good.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
why=$("$LAB" can --fs xfs 2>&1) || skip_all "${why#lab: }"

# A lab of its own: a disk has one file system.
export RFA_LAB_DIR=$RFA_LAB_DIR-xfs
trap live_end EXIT
"$LAB" up --fs xfs >"$TMP/lab.log" 2>&1 || { cat "$TMP/lab.log" >&2; exit 1; }
live_up
live_raised=1

ok "the application is up on both sides" records_both --size 200 --files 2000
work xfs "$(records_stack)" "$PATIENT"
used_mb() { on "$1" 'sync; df --output=used -BM / | tail -n 1 | tr -dc 0-9'; }
before=$(used_mb test)
follow promote-data records --from test --to prod --yes prod
ok "test stands still before its snapshot" frozen test source.verify-stopped "$TMP/test"
freeze_at source.check
during=$(used_mb test)
thaw
ok "prod stands still before the swap" frozen prod target.verify-stopped "$TMP/old"
ok "and after it" frozen prod target.base-url "$TMP/new"
join
ok "data: exit status 0" ended 0
ok "prod's data is what test's was" same "$TMP/test" "$TMP/new"
ok "the snapshot shares its blocks: $((during - before)) MB for 200" test $((during - before)) -lt 100
for h in test prod; do ok "$h runs" await 20 all_run $h; done
ok "nothing is left" clean test prod

done_testing
