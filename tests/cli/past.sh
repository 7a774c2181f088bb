#!/usr/bin/env bash
# The past of a team that comes from deployment scripts: their history and their markers become a part
# of the ledger, and come out of it as they went in. Two hosts with a fake docker.
# Functions are called through ok.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/lib.sh"

[ -x "$FAKE" ] || skip_all "there is no $FAKE"
two_hosts
config_two '"verified_in":["test"]' '' ''
"$RFA" init >/dev/null

import() { "$RFA" import history shop --env prod --file past.log "$@"; }
history() { "$RFA" history "$@"; }
lines() { "$RFA" history --export - "$@"; }
runs() { "$RFA" runs --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))'; }

# As the scripts write it: the two lines of a deployment that went back, one that was forced.
cat >past.log <<'END'
2026-01-30 10:00:00 | shop | prod | deploy | sha-19b9b98 | success |
2026-01-30 10:05:00 | shop-staging | staging | deploy | sha-abc123 | success |
2026-01-30 10:15:00 | shop | prod | deploy | sha-abc123 | fail | smoke failed
2026-01-30 10:16:00 | shop | prod | rollback | sha-19b9b98 | success | from sha-abc123

2026-01-30 14:00:00 | shop | prod | deploy | sha-def456 | success | FORCED
END
cat >want.log <<'END'
2026-01-30 01:00:00Z | shop | prod | deploy | sha-19b9b98 | success | imported
2026-01-30 01:15:00Z | shop | prod | deploy | sha-abc123 | fail | smoke failed; imported
2026-01-30 01:16:00Z | shop | prod | rollback | sha-19b9b98 | success | from sha-abc123; imported
2026-01-30 05:00:00Z | shop | prod | deploy | sha-def456 | success | FORCED; imported
END

# ---- looked at

ok "64: of which zone are the times?" exits 64 import
ok "it says how to find out" says "date +%:z" import
ok "64: no zone" exits 64 import --zone tokyo
ok "64: no such zone" exits 64 import --zone +99:00
ok "64: which file?" exits 64 "$RFA" import history shop --env prod
ok "9: no such file" exits 9 "$RFA" import history shop --env prod --file none.log
ok "1: a pipe is not waited for" exits 1 timeout 10 "$RFA" import history shop --env prod --file <(sleep 20)
ok "9: the file calls it otherwise" exits 9 import --zone UTC --their-stack shop-prod
ok "it says how" says "but of shop on prod, shop-staging on staging" import --zone UTC --their-stack shop-prod
ok "2: a preview" exits 2 import --zone +09:00 -n
ok "it shows each line, in UTC" says "+$(sed -n 2p want.log)" import --zone +09:00 -n
ok "nothing was recorded" is "$(runs)" 0

# ---- what is strange

cp past.log good.log
{
	printf '2026-02-30 10:00:00 | shop | prod | deploy | a | success |\n'
	printf '2026-01-30 10:00:00 | shop | prod | deploy | a | won |\n'
	printf 'make: *** no rule\n'
	printf '2026-01-30 10:00:00 | shop | prod | deploy | \033[31ma | success |\n'
	printf '2026-01-30 10:00:00 | shop | prod | deploy | a\0b | success |\n'
	printf '2026-01-30 10:00:00 | shop | prod | deploy | a | success | \377\376\n'
	printf '2026-01-30 10:00:00 | shop | prod | rm -rf / | a | success |\n'
	printf '2026-01-30 10:00:00 | shop | prod | deploy | a | success | %05000d\n' 0
	printf '2026-01-30 10:00:00+25:00 | shop | prod | deploy | a | success |\n'
	printf '2026-01-30 10:00:00 |  | prod | deploy | a | success |\n'
	printf '%s 10:00:00 | shop | prod | deploy | a | success |\n' "$(date -u -d '+2 days' +%F)"
} >>past.log
ok "4: nothing is imported" exits 4 import --zone +09:00
for n in 7 8 9 10 11 12 13 14 15 16 17; do
	ok "line $n is told" says "line $n: " import --zone +09:00
done
ok "and why" says "line 8: its status is neither" import --zone +09:00
ok "a time that has not come yet" says "line 17: its time has not come yet" import --zone +09:00
ok "no escape gets out" says '\x1b[31ma' import --zone +09:00
ok "a day that there is not" says "line 7: it does not begin with a time" import --zone +09:00
ok "nothing was recorded" is "$(runs)" 0
ok "--skip-bad" exits 0 import --zone +09:00 --skip-bad
ok "it is told" says "11 line(s) are left out" import --zone +09:00 --skip-bad
ok "only what is understood came in" is "$(lines --until 2026-02-01)" "$(cat want.log)"
mv good.log past.log

# ---- once, and no more

ok "0: the same again" exits 0 import --zone +09:00
ok "it says so" says "all 4 line(s) of it are there already" import --zone +09:00
ok "0: as a preview, too" exits 0 import --zone +09:00 -n
ok "one run" is "$(runs)" 1
# shellcheck disable=SC2016  # it is meant so
printf '%s\n' '2026-01-30 15:00:00 | shop | prod | deploy | sha-777 | success | a;b | c $(reboot) "q"' >>past.log
ok "what is new comes" says "1 line of past.log" import --zone +09:00
ok "a bar is none in the history" says "a;b / c \$(reboot) \"q\"; imported" lines
ok "it does not come twice" says "all 5 line(s) of it are there already" import --zone +09:00

# ---- seen

ok "the run is in the history, too" is "$(lines --action import-history | cut -d'|' -f4- | head -n 1)" " import-history |  | success | 4 lines of past.log"
ok "filters see it" is "$(lines --forced | cut -d'|' -f5)" " sha-def456 "
ok "and what failed" is "$(lines --status fail | cut -d'|' -f5)" " sha-abc123 "
ok "newest first" is "$(history --limit 3 --json | python3 -c 'import json,sys; print(*[e["version"] or "-" for e in json.load(sys.stdin)])')" "- - sha-777"
ok "status knows what ran last" says "shop   prod  sha-777  2026-01-30 06:00:00Z  imported" "$RFA" status
ok "and only of that environment" not says "shop   test" "$RFA" status
ok "the ledger is whole" exits 0 "$RFA" ledger verify

# ---- what was marked

mkdir -p releases/verified
ok "9: there is no marker" exits 9 import --zone +09:00 --verified releases/verified
echo "sha-19b9b98 and more" >releases/verified/shop.txt
ok "4: it is no version" exits 4 import --zone +09:00 --verified releases/verified
echo latest >releases/verified/shop.txt
ok "4: nor is this, which is another one each day" exits 4 import --zone +09:00 --verified releases/verified
echo 2 >releases/verified/shop.txt
ok "the marker comes in" exits 0 import --zone +09:00 --verified releases/verified
ok "verified shows it" says "prod (imported)" "$RFA" verified shop
ok "not twice" says "all 5 line(s) of it are there already" import --zone +09:00 --verified releases/verified
ok "4: nobody can approve a name" exits 4 "$RFA" approve shop 2 --env test --reason x
ok "it says why" says "which images it is, nobody has said" "$RFA" approve shop 2 --env test --reason x
mkdir staging && echo 2 >staging/shop.txt
ok "of test, too" exits 0 "$RFA" import history shop --env test --file past.log --zone +09:00 --their-env prod --verified staging
ok "4: the gate does not believe a name" exits 4 "$RFA" promote shop --from test --to prod
ok "and says so" says "an imported history says so of the name 2, but of no image" "$RFA" promote shop --from test --to prod
ok "4: to go back to it" exits 9 "$RFA" rollback shop --env prod --to sha-777 --yes prod
ok "by force it goes" exits 0 "$RFA" promote shop --from test --to prod --force --reason "new here" --yes prod
ok "then status knows better" says "shop   prod  2        20" "$RFA" status
ok "imported is no proof" is "$("$RFA" status --json --env prod | python3 -c 'import json,sys; print(json.load(sys.stdin)["running"][0]["verified_in"])')" "[]"
ok "the version has its images now" exits 0 "$RFA" approve shop 2 --env test --reason "tested by hand"

# ---- what is odd

python3 - <<'PY'
head = "2026-01-30 09:%02d:00 | shop | staging | deploy | sha-%d | %s | "
with open("odd.log", "w") as f:
    print(head % (0, 0, "fail"), "x" * 298, "漢字" * 90, sep="", file=f)
    print(head % (1, 1, "fail"), "\u202e" * 90, sep="", file=f)
    print(head % (2, 2, "rolled back"), "back to sha-0; smoke failed", sep="", file=f)
    print(head % (3, 3, "fail"), "x" * 290, " hunter3hunter3", sep="", file=f)
PY
odd() { TOKEN=hunter3hunter3 "$RFA" -c "$1" import history shop --env test --their-env staging --zone UTC --file odd.log "${@:2}"; }
python3 -c 'import json; c = json.load(open("rfa.json")); c["secrets"] = ["TOKEN"]; json.dump(c, open("secret.json", "w"))'
ok "long notes, hidden letters, one that went back" exits 0 odd secret.json
ok "they do not come twice" says "all 4 line(s) of it are there already" odd secret.json
ok "of a secret not even half comes in" not grep -rq 'hunter3' <(git -C .rfa/ledger log --all -p --format=%B)
printf 'no line hunter3hunter3\n' >>odd.log
ok "4: a line that is none" exits 4 odd secret.json
ok "it shows no secret" not says 'hunter3' odd secret.json
lines --env test >again.log
ok "nor do they out of an export" says "line(s) of it are there already" "$RFA" import history shop --env test --file again.log

echo '2026-01-30 09:10:00 | shop | staging | update-all | sha-9 | success |' >odd.log
ok "what rfa has no flow for" exits 0 odd secret.json
ok "is found by its name" is "$(lines --action update-all | cut -d'|' -f5)" " sha-9 "
ok "9: what nobody has done" exits 9 "$RFA" history --action update-al

# ---- out, and in again

history --export out.log >/dev/null
ok "an export is there already" says "line(s) of it are there already" "$RFA" import history shop --env prod --file out.log
lines --env prod --until 2026-02-01 >one.log
mkdir other && cp rfa.json other/ && cp out.log other/past.log && cd other || exit 1
"$RFA" init >/dev/null
ok "into another ledger; it needs no zone" exits 0 "$RFA" import history shop --env prod --file past.log
ok "it is the same history" is "$(lines --until 2026-02-01)" "$(cat ../one.log)"
ok "as the scripts write it" is "$(sed 's/; imported//; s/ imported//' ../one.log | head -n 4)" \
	"$(sed 's/; imported//; s/ imported//' ../want.log)"

done_testing
