#!/usr/bin/env bash
# Data and backups from the command line, as far as no host is needed: what is refused and with which
# words, what is said before a question, rollback points of data, ages, and the schedule.
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

# Nobody listens there: what comes behind a connection is not reached.
cat >rfa.json <<'JSON'
{"version":1,"environments":{
 "test":{"destination":"ssh://nobody@127.0.0.1:1"},
 "prod":{"destination":"ssh://nobody@127.0.0.1:1"}},
 "stacks":{
  "shop":{"containers":["web","exporter"],"keep_running":["exporter"],
   "base_url":{"file":"/opt/shop.json","key":"base_url"},
   "data":{"members":{"auth":{"sqlite":"/opt/auth.db"},"files":{"volume":"shop_files"}},
    "stop":{"projects":["search"]}}},
  "bare":{"containers":["web"]},
  "away":{"containers":["web"],"backup":{"where":"operator"},
   "data":{"members":{"auth":{"sqlite":"/opt/auth.db"}}}}},
 "timeouts":{"attempts":1,"connect_s":2}}
JSON
"$RFA" init >/dev/null 2>&1

# ---- mistypings

ok "a command" says 'did you mean `rfa restore`?' "$RFA" restroe
ok "a second word" says 'did you mean `rfa backup list`?' "$RFA" backup lits --env prod
ok "a second word with a stack behind it" says 'did you mean `rfa backup verify`?' "$RFA" backup verfy shop
ok "an option" says 'did you mean --from?' "$RFA" promote-data shop --form test
ok "a set" says '--set takes one of data|images, not "date"' "$RFA" backup list shop --env prod --set date
ok "a stack" says 'did you mean "shop"?' "$RFA" backup shpo --env prod
ok "an environment" says 'did you mean "prod"?' "$RFA" drill shop --env prdo
ok "an environment that owns backups" says 'did you mean "prod"?' "$RFA" drill shop --env test --of prdo
ok "a member" says 'did you mean --member files?' "$RFA" restore shop --env prod --member auth --member flies
ok "a backup's id" says '"yesterday" is not the id of a backup' "$RFA" restore shop --env prod --backup yesterday
ok "a backup of images" says 'holds images, no data' "$RFA" restore shop --env prod --backup 20261122-023000-prod-images
ok "a backup of another" says 'is a backup of "test", not of "prod"' \
	"$RFA" drill shop --env test --of prod --backup 20261122-023000-test-data
ok "no environment" says "needs --env" "$RFA" prune shop
ok "the operator is no environment" says 'has no environment "operator"' "$RFA" backup shop --env operator
for command in "promote-data shop" "restore shop" "drill shop" "backup shop" "prune shop" "schedule shop" \
	"promote-data shop --from test --to test" "restore shop --env prod --backup 12"; do
	# shellcheck disable=SC2086
	ok "64: $command" exits 64 "$RFA" $command
done
ok "3: no data there" exits 3 "$RFA" promote-data bare --from test --to prod
ok "it is said which" says 'the stack names no data in "test"' "$RFA" promote-data bare --from test --to prod
ok "3: nor in a backup" exits 3 "$RFA" backup bare --env prod

# ---- what is said, and the question

data() { "$RFA" promote-data shop --from test --to prod "$@"; }
ok "11: --dry-run asks the hosts" exits 11 data --dry-run
ok "what stops there" says "test stops     web, the project search: while a snapshot is taken" data -n
ok "what stops here" says "prod stops     web, the project search: for a few renames" data -n
ok "what keeps running is not stopped" not grep -q exporter <(data -n 2>&1)
ok "what is replaced" says "is replaced    auth, files" data -n
ok "whose URL it is" says "base_url in /opt/shop.json stays what it is on prod" data -n
ok "the way back" says "rfa rollback shop --env prod" data -n
ok "4: no terminal and no --yes" exits 4 data </dev/null
ok "what to add" says "add --yes prod" data </dev/null
ok "all of it is said before" says "the way back" data </dev/null
ok "4: another name" exits 4 data --yes test
ok "--quiet still tells what is asked" says "The data of this environment will be replaced: this asks" data -q </dev/null
ok "11: agreed, but nobody is there" exits 11 data --yes prod
ok "64: --force without a reason" exits 64 data --force --yes prod
ok "--force is told before the question" says "Gates that may be forced will be" data --force --reason x </dev/null
ok "not forced, not told" not grep -q "forced" <(data </dev/null 2>&1)
for of in restore drill; do
	ok "64: $of --force without a reason" exits 64 "$RFA" $of shop --env test --force --yes test
	ok "$of takes both" exits 11 "$RFA" $of shop --env test --force --reason x --yes test
done
ok "nothing was begun" says "no run yet" "$RFA" runs
ok "11: prune shows first what goes, and asks the host" exits 11 "$RFA" prune shop --env prod </dev/null
ok "11: so does its --dry-run" exits 11 "$RFA" prune shop --env prod -n
ok "11: restore asks the vault first" exits 11 "$RFA" restore shop --env prod </dev/null

# ---- a vault on this machine needs no host and no docker

ok "an empty vault" says "away on prod has no backup in $TMP/backups/away on operator" \
	"$RFA" backup list away --env prod
ok "as JSON" is "$("$RFA" backup list away --env prod --json | tr -d ' \n')" "[]"
ok "9: nothing to restore" exits 9 "$RFA" restore away --env prod --yes prod
ok "what to do" says "rfa backup away --env prod" "$RFA" restore away --env prod --yes prod
ok "9: nothing to drill" exits 9 "$RFA" drill away --env test --of prod --yes test
ok "9: nothing to verify" exits 9 "$RFA" backup verify away --env prod
ok "nothing to prune" exits 0 "$RFA" backup prune away --env prod
ok "it can be locked as a host can" says "operator is free" "$RFA" lock show operator
ok "a backup says where it will go" says "goes to        $TMP/backups/away on this machine" \
	"$RFA" backup away --env prod --dry-run
ok "and stops nothing for images" says "nothing stops" "$RFA" backup images away --env prod --dry-run

# ---- what the ledger knows: made by hand, as runs leave it

put() { ledger_put "$TMP/.rfa/ledger" "$1"; }
if ! command -v git >/dev/null; then
	skip "points and ages" "no git"
else
	put points/prod/shop/data-20261122-103015.json <<JSON
{"kind":"data","name":"data-20261122-103015","run":"20261122-103015-4f2a9c","at":"$(ago '3 hours')",
 "version":"data-20261122-103015","members":[{"name":"auth","kind":"sqlite"},{"name":"files","kind":"volume"}]}
JSON
	put points/prod/shop/data-20261101-103015.json <<JSON
{"kind":"data","name":"data-20261101-103015","run":"20261101-103015-4f2a9c","at":"$(ago '9 days')",
 "version":"data-20261101-103015","members":[{"name":"auth","kind":"sqlite"}]}
JSON
	put points/prod/shop/20260131_170801.json <<JSON
{"name":"20260131_170801","run":"20260131-170801-4f2a9c","at":"$(ago '40 days')",
 "version":"20260131_170801","images":[{"key":"web"}]}
JSON
	points() { "$RFA" rollback shop --env prod; }
	ok "points: data" says "data    3 h " points
	ok "points: what it brings back" says "data: auth, files" points
	ok "points: images" says "images  40 d" points
	ok "points: what they bring back" says "version 20260131_170801 of web" points
	ok "points: newest first" grep -q "^data-20261122-103015" <(points | sed -n 2p)
	ok "points as JSON" is "$("$RFA" rollback shop --env prod --json | python3 -c '
import json, sys
print(*[p["kind"] for p in json.load(sys.stdin)])')" "data data images"
	back() { "$RFA" rollback shop --env prod --to data-20261122-103015 "$@"; }
	ok "going back to data is told" says "brought back   auth, files" back </dev/null
	ok "and what is lost" says "what was written since then becomes a rollback point itself" back </dev/null
	ok "4: it asks" exits 4 back </dev/null
	ok "11: agreed" exits 11 back --yes prod
	ok "a mistyped point" says "did you mean --to data-20261122-103015?" \
		"$RFA" rollback shop --env prod --to data-20261122-103051
	put retired/prod/shop/data-20261103-103015.json <<JSON
{"kind":"data","name":"data-20261103-103015","members":[{"name":"auth"}],
 "retired":{"how":"pruned","run":"20261110-090000-4f2a9c","at":"2026-11-10T09:00:09Z","successor":""}}
JSON
	put retired/prod/shop/data-20261104-103015.json <<JSON
{"kind":"data","name":"data-20261104-103015","members":[{"name":"auth"}],
 "retired":{"how":"used","run":"20261122-103015-4f2a9c","at":"2026-11-22T10:31:00Z","successor":"data-20261122-103015"}}
JSON
	put retired/prod/shop/data-20261105-103015.json <<JSON
{"kind":"data","name":"data-20261105-103015","members":[{"name":"auth"}],
 "retired":{"how":"used","run":"20261106-103015-4f2a9c","at":"2026-11-06T10:31:00Z","successor":"data-20261103-103015"}}
JSON
	put retired/prod/shop/data-20261106-103015.json <<JSON
{"kind":"data","name":"data-20261106-103015","members":[{"name":"auth"}],
 "retired":{"how":"gone","run":"20261106-103015-4f2a9c","at":"2026-11-06T10:31:00Z","successor":""}}
JSON
	retired() { "$RFA" rollback shop --env prod --to "data-2026110$1-103015" --yes prod; }
	ok "retired points are not offered" not grep -qE "2026110[3-6]" <(points)
	ok "9: a point that prune took" exits 9 retired 3
	ok "whose doing it was" says "run 20261110-090000-4f2a9c removed its data (rfa prune) at 2026-11-10 09:00:09Z" retired 3
	ok "what can be done instead" says "rfa restore shop --env prod" retired 3
	ok "9: a point that somebody went back to" exits 9 retired 4
	ok "by which run" says "run 20261122-103015-4f2a9c went back to it" retired 4
	ok "the way forward again" says "rfa rollback shop --env prod --to data-20261122-103015" retired 4
	ok "a way that is retired as well is not named" says "lists those that are left" retired 5
	ok "9: a point whose data somebody removed" says "found its data gone" retired 6
	ok "9: a path is no point" exits 9 "$RFA" rollback shop --env prod --to ../prod/data-20261103-103015

	put "backups/operator/shop/$(id_ago '5 days')-prod-data.json" <<<'{}'
	put "backups/prod/shop/$(id_ago '26 hours')-prod-images.json" <<<'{}'
	put drills/test/shop.json <<JSON
{"proven":true,"at":"$(ago '12 days')","run":"20261122-103015-4f2a9c","backup":"20261120-023000-prod-data","why":""}
JSON
	ok "status: the newest backup, and the last proven drill" says "26 h (images)  12 d" "$RFA" status shop
	ok "status --env: the same" says "26 h (images)  12 d" "$RFA" status shop --env prod
	ok "status: a drill proves the backup's environment" not grep -q "^shop *test.*12 d" <("$RFA" status)
	ok "status as JSON" is "$("$RFA" status --env prod --json | python3 -c '
import json, sys
print(*[r["drill"]["proven"] for r in json.load(sys.stdin)["running"]])')" True
	put drills/prod/shop.json <<JSON
{"proven":false,"at":"$(ago '2 days')","run":"20261122-103015-4f2a9c","backup":"20261121-023000-prod-data","why":"x"}
JSON
	ok "status: the newest drill failed" says "failed 2 d" "$RFA" status --env prod
	put "backups/prod/bare/$(id_ago '26 hours')-prod-images.json" <<<'{}'
	ok "status: images that no drill has proven" says "26 h (images)  never" "$RFA" status bare
	put drills/test/bare.images.json <<JSON
{"proven":true,"at":"$(ago '3 days')","run":"20261122-103015-4f2a9c","backup":"20261121-023000-prod-images","why":""}
JSON
	ok "status: images that a drill has proven" says "26 h (images)  3 d (images)" "$RFA" status bare
	ok "status: a row for each environment" is "$("$RFA" status bare | grep -c "^bare")" 2
	ok "status --check knows its age" says "bare on prod: the last drill was 3 d ago" "$RFA" status bare --env prod --check --drill-days 1
	ok "and is content" exits 0 "$RFA" status bare --env prod --check --drill-days 5
	put drills/prod/bare.json <<JSON
{"proven":true,"at":"$(ago '2 days')","run":"20261122-103015-4f2a9c","backup":"20261121-023000-prod-data","why":""}
JSON
	put drills/prod/bare.images.json <<JSON
{"proven":false,"at":"$(ago '1 day')","run":"20261122-103015-4f2a9c","backup":"20261121-023000-prod-images","why":"half of it is missing"}
JSON
	ok "status: beside data that is proven, images that are not" says "failed 24 h (images)" "$RFA" status bare --env prod
	ok "status --check says so, too" says "bare on prod: the last drill of its images failed 24 h ago: half of it is missing" \
		"$RFA" status bare --env prod --check --drill-days 5
	ok "of data, a drill of images proves nothing" says "shop on prod: the last drill failed" "$RFA" status shop --env prod --check --drill-days 5
fi

# ---- the schedule

schedule() { "$RFA" schedule shop --env prod "$@"; }
ok "schedule" exits 0 schedule
ok "a folder that is not there: it is to be made" says "make this folder first" schedule --write "$TMP/nowhere"
ok "the data every day" says "OnCalendar=*-*-* 02:30:00" schedule
ok "the images on Sundays" says "OnCalendar=Sun *-*-* 04:00:00" schedule
ok "at another time" says "OnCalendar=*-*-* 03:15:00" schedule --at 03:15
for at in 24:00 3:15 03:60 03:15:00 now; do ok "64: --at $at" exits 64 schedule --at $at; done
ok "a drill each month, with its answer" says 'drill shop --env test --wait-lock 7200 --of prod --yes test -c' \
	"$RFA" schedule shop --env test --of prod --for drill
ok "on the first" says "OnCalendar=*-*-01 06:30:00" schedule --for drill
ok "nothing that was not named" is "$(schedule --for smoke --for check 2>/dev/null | grep -c ExecStart)" 2
ok "no drill unless it is named" not grep -q drill <(schedule 2>/dev/null)
ok "64: another one" exits 64 schedule --for dril
ok "no drill of images that nobody backs up" not grep -q "drill images" <("$RFA" schedule shop --env test --for drill 2>/dev/null)
if command -v git >/dev/null; then
	ok "a drill of images that somebody backs up" says "drill images shop --env prod --unattended -c" schedule --for drill
	ok "on another host" says "drill images shop --env test --unattended --of prod -c" \
		"$RFA" schedule shop --env test --of prod --for drill
	ok "of a stack without data it is the only one" is \
		"$("$RFA" schedule bare --env prod --for drill 2>/dev/null | grep -c "^ExecStart=.* drill ")" 1
	ok "64: a path of it" exits 64 "$RFA" schedule bare --env prod --for drills
fi
ok "3: a drill of no data" exits 3 "$RFA" schedule bare --env test --for drill
if command -v systemd-analyze >/dev/null; then
	mkdir -p all-units
	"$RFA" schedule shop --env prod --for backup --for images --for verify --for drill --for smoke --for check \
		--write all-units >/dev/null 2>&1
	ok "systemd takes all of them" systemd-analyze verify "$TMP"/all-units/*
else
	skip "systemd takes all of them" "no systemd-analyze"
fi
ok "missed ones are made up for" says "Persistent=true" schedule
ok "what it calls" says \
	"\"$RFA\" backup shop --env prod --unattended -c \"$TMP/rfa.json\"" schedule
ok "a ledger that was named is named there" says "--ledger \"$TMP/.rfa/ledger\"" schedule --ledger .rfa/ledger
ok "no agent is assumed" says "without an SSH agent" schedule
ok "a stack without data: only the images" not grep -q "set data" <("$RFA" schedule bare --env prod)
ok "for programs" is "$(schedule --json | python3 -c '
import json, sys
print(*[u["name"] for u in json.load(sys.stdin)["units"]])')" \
	"rfa-backup-shop-prod-data.service rfa-backup-shop-prod-data.timer rfa-backup-shop-prod-images.service rfa-backup-shop-prod-images.timer"
ok "cron" says "30 2 * * * HOME=$HOME $RFA backup shop --env prod --unattended -c $TMP/rfa.json" schedule --cron
ok "64: cron and --write" exits 64 schedule --cron --write .

mkdir units
ok "--write" exits 0 schedule --write units
ok "four files" is "$(find units -type f | wc -l)" 4
ok "they are what was shown" is "$(schedule 2>/dev/null | grep -vE '^(# .*|)$')" \
	"$(for f in units/*data.service units/*data.timer units/*images.service units/*images.timer; do
		grep -v '^$' "$f"; done)"
ok "again: they are there" says "is there already" schedule --write units
echo "# mine" >>units/rfa-backup-shop-prod-images.timer
rm units/rfa-backup-shop-prod-data.timer
ok "4: a different file is not overwritten" exits 4 schedule --write units
ok "and none of the others is written" test ! -e units/rfa-backup-shop-prod-data.timer
ok "--force" exits 0 schedule --write units --force
ok "it is as shown" not grep -q mine units/rfa-backup-shop-prod-images.timer
ok "nothing else is left" is "$(find units -type f | wc -l)" 4
ok "1: no such folder" exits 1 schedule --write nowhere
nowhere() { schedule --write nowhere 2>/dev/null; }
ok "then no unit is shown" is "$(nowhere | wc -l)" 0
ok "they can be read by all" is "$(find units -type f ! -perm 644 | wc -l)" 0

# systemd's own judgement, of paths that its quoting is for; of the program's name it wants no quotes.
if command -v systemd-analyze >/dev/null; then
	odd="$TMP/it's \"odd\" 100% \\n \$HOME"
	mkdir "$odd" "$TMP/a \$b %c" odd-units
	cp rfa.json "$odd/rfa.json"
	cp "$RFA" "$TMP/a \$b %c/rfa"
	ok "units for odd paths" exits 0 "$TMP/a \$b %c/rfa" -c "$odd/rfa.json" schedule shop --env prod --write odd-units
	ok "systemd takes them" nothing systemd-analyze verify "$TMP"/odd-units/*
	sed -i 's/%%/%/g' odd-units/*.service
	ok "planted: a specifier that is none" not nothing systemd-analyze verify "$TMP"/odd-units/*
else
	skip "systemd takes units for odd paths" "no systemd-analyze"
fi
done_testing
