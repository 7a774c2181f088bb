#!/usr/bin/env bash
# The status as a monitor asks for it, and where what runs was proven. Two hosts with a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
two_hosts
config() { config_two '"verified_in":["test"]' "$1"; } # MORE KEYS OF THE STACK
config ""
"$RFA" init >/dev/null

check() { "$RFA" status --check "$@"; }
put_backup() { # AGE SET
	echo '{}' | ledger_put "$TMP/.rfa/ledger" "backups/prod/shop/$(id_ago "$1")-prod-$2.json"
}
put_drill() { # AGE PROVEN
	printf '{"proven":%s,"at":"%s","run":"x","backup":"%s-prod-data","why":"no %s"}' "$2" "$(ago "$1")" \
		"$(id_ago "$1")" "login" | ledger_put "$TMP/.rfa/ledger" drills/test/shop.json
}

# ---- by force, and owed

ok "by force" exits 0 "$RFA" promote shop --from test --to prod --force --reason "fire brigade" --yes prod
in_envs() { "$RFA" status --json --env prod | python3 -c 'import json,sys; print(*json.load(sys.stdin)["running"][0]["verified_in"])'; }
ok "by force is no proof" is "$(in_envs)" ""
ok "1: what is owed" exits 1 check
ok "it says what, and why" says "shop on prod: 2 runs there by force since 20" check
ok "a line" is "$(check | grep -c .)" 1
ok "as JSON" is "$(check --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["wrong"]))')" 1
ok "1: as JSON, too" exits 1 check --json
ok "without --check there is no such key" not says '"wrong"' "$RFA" status --json
ok "approve" exits 0 "$RFA" approve shop 2 --env test --reason "tested by hand"
ok "then it is proven there" is "$(in_envs)" test
ok "and where it runs, too" exits 0 "$RFA" promote shop --from test --to prod
ok "approve there, too" exits 0 "$RFA" approve shop 2 --env prod --reason "seen by Olga"
ok "each once" is "$(in_envs)" "test prod"

# ---- nothing is wrong; a run that waits

ok "nothing is wrong" is "$(check)" "nothing is wrong"
ok "0: nothing is wrong" exits 0 check
ok "64: days without --check" exits 64 "$RFA" status --backup-days 1
ok "64: no number of days" exits 64 check --backup-days x
touch prod/hold
"$RFA" rollback shop --env prod --to 1 --yes prod >out 2>&1 &
pid=$!
for _ in $(seq 100); do grep -q "pin .* done" out && break; sleep 0.1; done
ok "a run is driven" says "running: run" "$RFA" status
ok "a run that is driven is not wrong" is "$(check | grep -c waits)" 0
kill -KILL $pid
wait $pid 2>/dev/null
rm -f prod/hold
ok "one that nobody drives is" says "waits for somebody: rfa resume 20" check
ok "1: then" exits 1 check
ok "back" exits 5 "$RFA" rollback "$("$RFA" runs --json --open | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["run"])')"
ok "0: then nothing is wrong" exits 0 check

# ---- what is too old; the ledger is written by hand from here on

ok "no backup at all" is "$(check --env prod --backup-days 1)" \
	"shop on prod: there is no backup: rfa backup shop --env prod"
ok "1: that is wrong" exits 1 check --backup-days 1
ok "1: no drill" exits 1 check --env prod --drill-days 30
ok "it says so" is "$(check --env prod --drill-days 30)" "shop on prod: no drill has ever proven a backup"
put_backup '30 hours' data
ok "0: young enough" exits 0 check --env prod --backup-days 2
ok "1: too old" exits 1 check --env prod --backup-days 1
ok "its age is said" says "the newest backup is 30 h old" check --env prod --backup-days 1
put_backup '2 hours' images
ok "0: any set, where there is no data" exits 0 check --env prod --backup-days 1
config '"data":{"members":{"auth":{"sqlite":"/opt/auth.db"}}}'
ok "1: of data only a backup of data counts" exits 1 check --env prod --backup-days 1
ok "that is said" says "the newest backup of its data is 30 h old" check --env prod --backup-days 1
config ""
put_drill '3 days' true
ok "0: a drill that is young enough" exits 0 check --env prod --drill-days 4
ok "1: and too old" is "$(check --env prod --drill-days 2)" "shop on prod: the last drill was 3 d ago"
put_drill '3 days' false
ok "1: a drill that failed" is "$(check --env prod --drill-days 9)" "shop on prod: the last drill failed 3 d ago: no login"
ok "a drill is not asked for without its days" exits 0 check --env prod

done_testing
