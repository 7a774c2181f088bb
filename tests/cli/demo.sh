#!/usr/bin/env bash
# The demo: its story goes as it is told, and it leaves nothing behind.
# Functions are called through ok; backquotes are part of what it says.
# shellcheck disable=SC2016,SC2317
. "$(dirname "$0")/../harness/tap.sh"

cd "$TMP" || exit 1
unset NO_COLOR
export HOME=$TMP/home TMPDIR=$TMP/folders
mkdir -p "$HOME" "$TMPDIR"
demo=${RFA%/*}/rfa-demo

"$demo" >story 2>runs </dev/null
ok "the story is told to its end" is "$?" 0
ok "it has seven scenes" is "$(grep -c '^[1-9]\. ' story)" 7
ok "no run ends in another way than the story wants" is \
	"$(sed -n 's/.* ended  //p' runs | tr '\n' ' ')" \
	"SUCCEEDED SUCCEEDED SUCCEEDED SUCCEEDED ROLLED_BACK SUCCEEDED "
ok "no gate has to warn" not grep "gate .*warning" runs
ok "what stopped is carried on" grep -q "=> exit status 75: " story
ok "the old version is back" grep -q "=> prod runs backend:v1, and answers" story
ok "the ledger is whole" grep -q "=> the ledger is whole" story
ok "nothing is left behind" nothing find "$TMPDIR" "$HOME" -mindepth 1
ok "without colours where there is no terminal" not grep -q $'\033' story runs

# Stopped in the middle. A background process of a shell does not hear SIGINT.
stop() {
	local i status=0
	"$demo" >stopped 2>&1 </dev/null &
	for ((i = 0; i < 300; i++)); do
		grep -q begun stopped && break
		sleep 0.1
	done
	kill -TERM $!
	wait $! || status=$?
	return "$status"
}
ok "75: it is stopped" exits 75 stop
ok "and says so" grep -qx "rfa-demo: the demo was stopped" stopped
ok "nothing is left behind then either" nothing ls -A "$TMPDIR"

ok "--help says how it is called" says "usage: rfa-demo [OPTIONS]" "$demo" --help
for option in --step --no-color --quiet --verbose; do
	ok "and explains $option" says "$option " "$demo" --help
done
ok "-h too" is "$("$demo" -h)" "$("$demo" --help)"
ok "0: it was asked for" exits 0 "$demo" --help
ok "64: an unknown option" exits 64 "$demo" --stop
ok "is suggested" says 'did you mean --step? see `rfa-demo --help`' "$demo" --stop
ok "64: a word" exits 64 "$demo" promote
ok "is told" says 'rfa-demo takes options only, not "promote"' "$demo" promote
ok "a switch with a value" says "--step takes no value" "$demo" --step=1
ok "1: no folder for its ledger" exits 1 env TMPDIR="$TMP/nowhere" "$demo"
ok "is told" says "a folder for the demo's ledger in $TMP/nowhere" env TMPDIR="$TMP/nowhere" "$demo"
ok "1: what it tells arrives nowhere" exits 1 sh -c '"$1" --help >/dev/full' - "$demo"
ok "the command itself has no demo" exits 64 "$RFA" demo

done_testing
