#!/usr/bin/env bash
# The command: help for everything, mistypings, exit statuses, JSON, questions, a ledger without runs.
# Functions are called through ok; backquotes are part of what rfa says.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"

cd "$TMP" || exit 1
unset RFA_CONFIG RFA_LEDGER NO_COLOR
export HOME=$TMP/home
mkdir -p "$HOME"
# libgit2's regular expressions keep a thread's memory for good; nothing of ours is excused.
echo leak:libpcre2 >"$TMP/lsan"
export LSAN_OPTIONS=suppressions=$TMP/lsan:print_suppressions=0
json() { "$@" | python3 -c 'import json, sys; json.load(sys.stdin)'; }

# ---- help

commands=$("$RFA" help | sed -n 's/^  \([a-z-]*\( [a-z-]*\)\{0,1\}\)   *[a-z].*/\1/p' | sed 's/ *$//')
ok "help lists the commands" test "$(printf '%s\n' "$commands" | wc -l)" -ge 23
while read -r command; do
	# shellcheck disable=SC2086
	page=$("$RFA" help $command)
	ok "help $command: usage" says "usage: rfa $command" echo "$page"
	ok "help $command: two examples or more" \
		test "$(printf '%s\n' "$page" | sed '1,/^examples/d' | grep -c '^  [^ ]')" -ge 2
	# `ledger git` hands its words on: --help is git's there.
	[ "$command" = "ledger git" ] && continue
	# shellcheck disable=SC2086
	ok "$command --help says the same" is "$("$RFA" $command --help)" "$page"
done <<<"$commands"
ok "help of a group" says "rfa lock release" "$RFA" help lock
ok "a group with --help" says "rfa lock release" "$RFA" lock --help
ok "help of plan" says "usage: rfa plan FLOW" "$RFA" plan --help
# shellcheck disable=SC2086
ok "a page is at most 100 columns wide" \
	not grep -nE '^.{101,}' <(while read -r c; do "$RFA" help $c; done <<<"$commands")
ok "--version" is "$("$RFA" --version)" "$("$RFA" version)"
ok "the completion is bash" bash -n <("$RFA" completion bash)
complete_of() { # WORDS...: what bash would offer
	bash -c 'eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rfa; echo "${COMPREPLY[*]}"' \
		- "$("$RFA" completion bash)" "$@"
}
ok "it completes a command" is "$(complete_of rfa roll)" rollback
ok "it completes a second word" is "$(complete_of rfa lock s)" show
ok "it completes an option" is "$(complete_of rfa promote shop --fr)" --from
ok "it completes an option of two words" is "$(complete_of rfa lock release prod --ru)" --run
# shellcheck disable=SC2086
ok "of plan: what can be planned" is "$(complete_of rfa plan "" | tr ' ' '\n' | sort)" \
	"$(while read -r command; do
		"$RFA" plan $command 2>&1 | grep -q "needs a flow, not" || echo "${command%% *}"
	done <<<"$commands" | sort -u)"
ok "of plan: no other command" is "$(complete_of rfa plan sta)" ""
ok "of plan: a second word" is "$(complete_of rfa plan lock "")" "hold release"
ok "of plan: an option" is "$(complete_of rfa plan promote shop --fr)" --from
ok "help of plan is completed, too" is "$(complete_of rfa help pla)" plan

# ---- mistypings: status 64, and a suggestion

ok "no command" exits 64 "$RFA"
ok "an unknown command" exits 64 "$RFA" promtoe
ok "is suggested" says 'did you mean `rfa promote`?' "$RFA" promtoe
while read -r typed command; do
	ok "who types $typed means $command" says "did you mean \`rfa $command\`?" "$RFA" "$typed"
done <<'END'
undo rollback
ls status
diff plan
unlock lock release
cancel abort
END
for typed in destroy delete remove down; do
	ok "no command is meant by $typed" not says "did you mean" "$RFA" "$typed"
done
ok "half a command" says '`rfa ledger` needs one more word' "$RFA" ledger
ok "a wrong second word" says 'did you mean `rfa ledger verify`?' "$RFA" ledger verfy
ok "an unknown option" says 'did you mean --from?' "$RFA" promote shop --form test
ok "an option without its value" says "--from needs a value: --from ENV" "$RFA" promote shop --from
ok "a switch with a value" says "--json takes no value" "$RFA" runs --json=1
ok "an unknown letter" says "there is no option -z" "$RFA" runs -z
ok "a word too many" says 'cannot use "b"' "$RFA" status a b
ok "a word too few" says 'rfa promote STACK --from ENV --to ENV' "$RFA" promote
ok "a wrong number" says '--limit takes a whole number from 1 to 1000000, not "0"' "$RFA" runs --limit 0
ok "a wrong choice" says '--format takes one of text|markdown|dot, not "svg"' "$RFA" flows --format svg
ok "--json where there is none" says 'has no --json' "$RFA" abort x --json
ok "--json of a run that is not only looked at" says '--json goes with --dry-run' \
	"$RFA" promote shop --json
ok "--events where there is none" says 'has no --events' "$RFA" status --events
ok "an escape is shown, not sent" says 'there is no command "\x1b[31mx"' "$RFA" $'\033[31mx'
ok "every one of them answers 64" exits 64 "$RFA" runs -z

# ---- without a configuration

ok "no rfa.json: status 9" exits 9 "$RFA" status
ok "no rfa.json: what to do" says '`rfa init` writes one' "$RFA" status
ok "no rfa.json: doctor goes on" exits 0 "$RFA" doctor
ok "init" exits 0 "$RFA" init
cp rfa.json first.json
ok "init again changes nothing" exits 0 "$RFA" init
ok "the file is as it was" cmp rfa.json first.json
ok "init into a new folder" exits 0 "$RFA" init deep/er --example compose
ok "--to alone is refused" says "--to is for --from" "$RFA" init elsewhere --to root@10.0.0.7
ok "and nothing is written" test ! -e elsewhere
ok "an unknown example" says "did you mean --example compose?" "$RFA" init --example compsoe
ok "the file is found from below" sh -c "cd deep/er/.rfa && '$RFA' ledger path | grep deep/er/.rfa/ledger"

# ---- flag > environment > file

ok "the ledger of the file" is "$("$RFA" ledger path)" "$TMP/.rfa/ledger"
ok "of the environment" is "$(RFA_LEDGER=/e "$RFA" ledger path)" /e
ok "of the flag" is "$(RFA_LEDGER=/e "$RFA" --ledger /f ledger path)" /f
ok "an option behind the command" is "$("$RFA" ledger path --ledger=/g)" /g
ok "the configuration of the environment" \
	is "$(RFA_CONFIG=deep/er/rfa.json "$RFA" ledger path)" "$TMP/deep/er/.rfa/ledger"
ok "of the flag" is "$(RFA_CONFIG=nowhere "$RFA" -crfa.json ledger path)" "$TMP/.rfa/ledger"

# ---- an empty ledger

for command in status runs history check doctor "ledger verify" verify flows version "config schema"; do
	# shellcheck disable=SC2086
	ok "$command" exits 0 "$RFA" $command
	# shellcheck disable=SC2086
	ok "$command --json is JSON" json "$RFA" $command --json
done
ok "ledger git" says "refs/heads/main" "$RFA" ledger git for-each-ref
ok "ledger git hands its status on as 1" exits 1 "$RFA" ledger git rev-parse --verify nothing
ok "an unknown run" exits 9 "$RFA" show 20261122-103015-4f2a9c
ok "an unknown run as JSON is JSON" json "$RFA" show 20261122-103015-4f2a9c --json
ok "an unknown stack's log" says "no stack has that name" "$RFA" log nothing
ok "what is no run's id" says "is not the id of a run" "$RFA" resume 12
ok "resume of an unknown run" exits 9 "$RFA" resume 20261122-103015-4f2a9c
for command in "status nope" "status --env nope" "runs --stack nope" "runs --env nope" "history --stack nope" \
	"history --env nope" "show nope" "log nope"; do
	# shellcheck disable=SC2086
	ok "9: $command" exits 9 "$RFA" $command
done
ok "an unknown stack is guessed" says 'did you mean "shop"?' "$RFA" status shpo
ok "or all of them are named" says 'there is: shop' "$RFA" status nothing-like-it
ok "an unknown environment is guessed" says 'did you mean "prod"?' "$RFA" runs --env prdo
ok "a stack that has no run yet" exits 9 "$RFA" show shop
ok "is not called unknown" says "the stack shop has no run yet" "$RFA" show shop
ok "0: status of a stack without a run" exits 0 "$RFA" status shop
ok "abort of an unknown run" exits 9 "$RFA" abort 20261122-103015-4f2a9c
ok "no rollback point" says "has no rollback point yet" "$RFA" rollback shop --env prod
ok "an unknown rollback point" exits 9 "$RFA" rollback shop --env prod --to 2026
ok "an unknown stack" says 'did you mean "shop"?' "$RFA" promote shpo --from test --to prod
ok "an unknown environment" says 'did you mean "prod"?' "$RFA" promote shop --from test --to prd
ok "the same environment twice" exits 64 "$RFA" promote shop --from test --to test
ok "a missing environment" says "needs --to" "$RFA" promote shop --from test
ok "flows: an unknown one" says 'did you mean `rfa flows promote`?' "$RFA" flows promte
ok "flows: a drawing" says "digraph" "$RFA" flows promote --format dot

# ---- exit statuses

echo '{"version":1,}' >broken.json
ok "3: a wrong file" exits 3 "$RFA" -c broken.json check
ok "its place" says "broken.json:1:14: this is not JSON" "$RFA" -c broken.json check
ok "its problems as JSON" json "$RFA" -c broken.json check --json
ok "every command tells them" says "broken.json:1:14: this is not JSON" "$RFA" -c broken.json promote a --from b --to c

ok "4: a question without a terminal" exits 4 "$RFA" promote shop --from test --to prod --force --reason x </dev/null
ok "it says what to add" says "add --yes prod" "$RFA" promote shop --from test --to prod --force --reason x </dev/null
ok "another name is no answer" exits 4 "$RFA" promote shop --from test --to prod --force --reason x --yes test
ok "64: --force without a reason" exits 64 "$RFA" promote shop --from test --to prod --force

cat >near.json <<'JSON'
{"version":1,"environments":{"test":{"destination":"ssh://nobody@127.0.0.1:1"},
 "prod":{"destination":"ssh://nobody@127.0.0.1:1"}},
 "stacks":{"shop":{"containers":["web"]}},"timeouts":{"attempts":1,"connect_s":2}}
JSON
ok "11: nobody listens" exits 11 "$RFA" -c near.json promote shop --from test --to prod
ok "nothing was begun" says "no run was begun; no host was changed" "$RFA" -c near.json promote shop --from test --to prod
ok "and nothing is in the ledger" says "no run yet" "$RFA" runs
ok "11: plan" exits 11 "$RFA" -c near.json plan promote shop --from test --to prod
ok "64: plan without a flow" exits 64 "$RFA" plan shop --from test --to prod
while read -r typed; do
	# shellcheck disable=SC2086
	ok "11: an option inside: $typed" exits 11 "$RFA" -c near.json $typed
	# shellcheck disable=SC2086
	ok "it counts" json "$RFA" -c near.json $typed
done <<'END'
plan --json promote shop --from test --to prod
plan -v --json promote --from test shop --to prod
plan lock --json release prod --run 20261122-103015-4f2a9c --reason x
plan --json lock release prod --run 20261122-103015-4f2a9c --reason x
lock --json show prod
END
ok "64: an option of the flow in front of it" exits 64 "$RFA" plan --from test promote shop --to prod
ok "64: plan with an option, without a flow" exits 64 "$RFA" plan --json
ok "a mistyped flow" says "did you mean \`rfa plan promote\`?" "$RFA" plan promtoe shop
ok "11: promote --dry-run" exits 11 "$RFA" -c near.json promote shop --from test --to prod --dry-run
ok "11: check --connect" exits 11 "$RFA" -c near.json check --connect
ok "check --connect --json is JSON" json "$RFA" -c near.json check --connect --json
ok "11: lock show" exits 11 "$RFA" -c near.json lock show prod
last_event() { "$RFA" -c near.json promote shop --from test --to prod --events 2>/dev/null | tail -n 1; }
ok "--events ends with the result" says '"status":11' last_event
ok "which is JSON" json last_event

"$RFA" init broken >/dev/null 2>&1
find broken/.rfa/ledger/objects -type f -exec chmod u+w {} + -exec sh -c ': >"$1"' - {} \;
ok "10: a damaged ledger" exits 10 "$RFA" -c broken/rfa.json ledger verify

# ---- output

ok "no colour without a terminal" not grep -q $'\033' <("$RFA" help)
ok "an answer that cannot be written is no success" exits 1 sh -c "'$RFA' help >/dev/full"
# A reader who has seen enough: nothing is said, and the status is that of any other tool.
mkfifo gone
for command in help "status --json" runs "config schema" "ledger git log -p main" "help --markdown"; do
	# Nobody will ever read the pipe: its reader is gone before the command begins.
	# shellcheck disable=SC2094  # it has to be opened for both, once
	ok "$command | head" is "$(
		exec 3<>gone 4>gone 3<&-
		# shellcheck disable=SC2086
		"$RFA" $command >&4 2>words || echo "$? $(cat words)"
	)" "141 "
done
done_testing
