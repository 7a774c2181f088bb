#!/usr/bin/env bash
# A new version changes what is stored, and is wrong: the old version and the old data come back in one
# run. Each version writes down, in the data, which data it has met when it started.
# shellcheck disable=SC2016,SC2119,SC2317  # quoted for hosts; no arguments; called by name
. "$(dirname "$0")/lib.sh"
live_up

# shellcheck source=tests/harness/lab_whole.sh
. "$SRC/tests/harness/lab_whole.sh"

ok "1.0.1 on test" version 1.0.1 1
work whole "$(stack)"
promote shop
ok "1.0.1 goes to prod" ended 0
run_rfa backup shop --env prod
ok "its data is backed up" ended 0
backup=$(basename "$(find "$W/backups/shop" -mindepth 1 -maxdepth 1)")
ok "2.0.0 on test" version 2.0.0 2
promote shop
ok "2.0.0 goes to prod" ended 0
ok "it has changed the data (the backup has started 1.0.1 once more)" is "$(schema) $(met)" "2 1.0.1 met schema none;1.0.1 met schema 1;2.0.0 met schema 1;"
on prod "echo 'stored since then' >$data/new"

ok "the point knows its backup" says "data of that time: $backup" rfa rollback shop --env prod
run_rfa rollback shop --env prod --to 1.0.1 --with-database --dry-run
ok "what would change" ended 2
ok "nothing has" is "$(runs) $(schema)" "shop-api:2.0.0 running 2"

# ---- the old version is ill: all of it goes back

before=$(met)
configure "$(deadline=6 stack ', { "name": "new page", "url": "http://127.0.0.1:8090/version", "body": "2.0.0", "at": ["deploy"] }')" "$QUICK"
run_rfa rollback shop --env prod --to 1.0.1 --with-database --yes prod
ok "the old version is ill: exit status 5" ended 5
ok "the new one runs, on its own data" is "$(runs) $(schema) $(on prod "cat $data/new")" "shop-api:2.0.0 running 2 stored since then"
ok "neither has met the data of the other" is "$(met)" "${before}2.0.0 met schema 2;"
ok "nothing is left" clean prod
configure "$(stack)" "$QUICK"

# ---- back

run_rfa rollback shop --env prod --to 1.0.1 --with-database --yes prod
ok "back with the data: exit status 0" ended 0
ok "the old image, and the old data" is "$(runs) $(schema)" "shop-api:1.0.1 running 1"
ok "it has met its own data only" is "$(met)" "1.0.1 met schema none;1.0.1 met schema 1;"
ok "what was stored since then is not mixed in" on prod "! test -e $data/new"
ok "its restart policy is what it was" is "$(on prod "docker container inspect -f '{{.HostConfig.RestartPolicy.Name}}' shop-api-1 shop-web-1" | sort -u)" unless-stopped
ok "nothing is left" clean prod
ok "the ledger says so" exits 0 rfa verify shop --env prod
ok "and is whole" exits 0 rfa ledger verify
images=$(sed -n 's/^to go back: .* --to //p' "$W/out") stored=$(sed -n 's/^and then: .* --to //p' "$W/out")
ok "two ways forward are told ($images, $stored)" test -n "$images" -a -n "$stored"

# ---- and forward again, by the two ordinary commands

run_rfa rollback shop --env prod --to "$images" --yes prod
ok "forward: the images" ended 0
run_rfa rollback shop --env prod --to "$stored" --yes prod
ok "forward: the data" ended 0
ok "the new image, and what it stored" is "$(runs) $(schema) $(on prod "cat $data/new")" "shop-api:2.0.0 running 2 stored since then"
ok "nothing is left" clean prod

done_testing
