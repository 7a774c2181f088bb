#!/usr/bin/env bash
# What was done, asked afterwards: the history with its filters, and as a file. Two hosts with a fake
# docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
two_hosts
config() { config_two '"verified_in":["test"]' "$1" '"secrets":["PW"]'; } # MORE KEYS OF THE STACK
config ""
"$RFA" init >/dev/null
history() { "$RFA" history "$@"; }
lines() { # OPTIONS...: action, version, status and notes, oldest first
	"$RFA" history --export - "$@" | cut -d'|' -f4- | sed 's/^ //'
}

# ---- what there is

ok "4: it is not verified" exits 4 "$RFA" promote shop --from test --to prod
ok "by force" exits 0 "$RFA" promote shop --from test --to prod --force --reason "fire | brigade" --yes prod
ok "back" exits 0 "$RFA" rollback shop --env prod --to 1 --yes prod
config '"health":[{"url":"http://127.0.0.1:9/health"}],"health_deadline_s":1'
ok "5: one goes back by itself" exits 5 "$RFA" promote shop --from test --to prod --force --reason again --yes prod
config ""
ok "four lines" is "$(history --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')" 4
ok "a rollback says from which version to which" is "$(lines --action rollback)" "rollback | 1 | success | from 2"
ok "one that went back by itself says to which version, and why" says \
	"promote   2        rolled back  back to 1; FORCED: again; http://127.0.0.1:9/health" history
ok "in a file it is two lines: it failed" says "promote | 2 | fail | FORCED: again; http://127.0.0.1:9/health" lines
ok "and the one before was put back" is "$(lines | tail -n 1)" "rollback | 1 | success | from 2; by itself"
ok "oldest first" is "$(lines | head -n 1 | cut -d'|' -f1-3)" "promote | 2 | fail "

# ---- filters

ok "--status" is "$(lines --status success | cut -d'|' -f1)" "promote 
rollback "
ok "--status: two words" is "$(lines --status rolled-back | grep -c .)" 2
ok "--action" is "$(lines --action promote | grep -c "^promote")" 3
ok "64: no such status" exits 64 history --status succes
ok "9: no such action" exits 9 history --action promot
ok "the one that is meant is said" says "did you mean --action promote?" history --action promot
ok "--since an age" is "$(lines --since 1h | grep -c .)" 5
ok "--until an age" is "$(lines --until 1h | grep -c .)" 0
ok "--since today" is "$(lines --since "$(date -u +%F)" | grep -c .)" 5
ok "--until today: the whole day" is "$(lines --until "$(date -u +%F)" | grep -c .)" 5
ok "--since tomorrow" is "$(lines --since "$(date -u -d tomorrow +%F)" | grep -c .)" 0
ok "--since a time" is "$(lines --since "$(date -u -d '-1 hour' '+%F %H:%M')" | grep -c .)" 5
for time in yesterday 7 7x 2026-02-30 2026-11-01T 1234567d "2026-11-01 10:30 " ""; do
	ok "64: \"$time\" is no time" exits 64 history --since "$time"
done
ok "it says what is one" says 'write 2026-11-01, "2026-11-01 10:30" (UTC), 30m, 12h, 7d, 2w' history --since now
ok "as a table, newest first" is "$(history --limit 1 | awk 'NR == 2 {print $5}')" promote
ok "as JSON" is "$(history --json --action rollback | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["notes"])')" "from 2"

# ---- what is owed

ok "64: --open alone" exits 64 history --open
ok "--forced --open: what is unproven to this day" is "$(lines --forced --open)" \
	"promote | 2 | success | FORCED: fire / brigade"
ok "approve" exits 0 "$RFA" approve shop 2 --env test --reason "tested by hand"
ok "then nothing is owed" nothing lines --forced --open
ok "it was forced all the same" is "$(lines --forced | grep -c FORCED)" 2

# ---- older parts

printf '%s\n' "2020-01-01 10:00:00Z | shop | prod | deploy | 0.1 | success | long ago" \
	"2020-01-01 11:00:00Z | shop | prod | deploy | 0.2 | success | PW is hunter2hunter2" |
	ledger_put "$TMP/.rfa/ledger" history/20200101-110000-aaaaaa.log
printf '2021-01-01 10:00:00Z | shop | prod | deploy | 0.3 | success | an \033[31mescape | a bar\n' |
	ledger_put "$TMP/.rfa/ledger" history/20210101-100000-aaaaaa.log
ok "they are seen, in order" is "$(lines --action deploy | cut -d'|' -f2 | tr -d '\n')" " 0.1  0.2  0.3 "
ok "newest first, and no more than asked for" is "$(history --limit 6 --json | python3 -c '
import json,sys; print(*[e["version"] for e in json.load(sys.stdin)])')" "2 2 1 2 2 0.3"
ok "--until finds them" is "$(lines --until 2020-01-01 | grep -c .)" 2
ok "no escape gets out" says 'an \x1b[31mescape | a bar' lines --until 2021-12-31
ok "a secret is hidden" says "PW is [secret]" env PW=hunter2hunter2 "$RFA" history --export - --until 2020-12-31

# ---- a file

ok "--export FILE" says "9 lines, oldest first; times are UTC: all.log" history --export all.log
ok "it is whole" is "$(cut -d'|' -f1-3 all.log | head -n 1)" "2020-01-01 10:00:00Z | shop | prod "
ok "it is what is said" is "$(cat all.log)" "$(history --export -)"
ok "only its owner can read it" is "$(stat -c %a all.log)" 600
echo mine >mine.log
ok "1: a file that is there is not replaced" exits 1 history --export mine.log
ok "it is as it was" is "$(cat mine.log)" mine
ln -s nowhere link.log
ok "1: a link is not followed" exits 1 history --export link.log
ok "nothing is left" is "$(find . -maxdepth 1 -name '*.log*' -o -name nowhere | sort | tr '\n' ' ')" "./all.log ./link.log ./mine.log "
ok "1: no such folder" exits 1 history --export none/all.log
ok "64: --json" exits 64 history --export x.log --json

done_testing
