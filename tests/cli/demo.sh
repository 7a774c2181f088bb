#!/usr/bin/env bash
# The demo: its story goes as it is told, and it leaves nothing behind.
# shellcheck disable=SC2317  # functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"

cd "$TMP" || exit 1
unset NO_COLOR
export HOME=$TMP/home
mkdir -p "$HOME"

"$RFA" demo >story 2>runs </dev/null
ok "the story is told to its end" is "$?" 0
ok "it has seven scenes" is "$(grep -c '^[1-9]\. ' story)" 7
ok "no run ends in another way than the story wants" is \
	"$(sed -n 's/.* ended  //p' runs | tr '\n' ' ')" \
	"SUCCEEDED SUCCEEDED SUCCEEDED SUCCEEDED ROLLED_BACK SUCCEEDED "
ok "no gate has to warn" not grep "gate .*warning" runs
ok "what stopped is carried on" grep -q "=> exit status 75: " story
ok "the old version is back" grep -q "=> prod runs backend:v1, and answers" story
ok "the ledger is whole" grep -q "=> the ledger is whole" story

done_testing
