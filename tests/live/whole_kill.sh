#!/usr/bin/env bash
# rfa is killed (SIGKILL) at random moments of a rollback with its data; each time `rfa resume` or `rfa
# rollback RUN` brings it to its end. Then the old version runs on the old data, or the new one on the
# new; neither has ever met the data of the other, and the application answers.
#
# RFA_LIVE_SEED (printed) repeats the moments by event; RFA_LIVE_KILLS says how many kills: three,
# twenty with RFA_TEST_LONG.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
live_up
# shellcheck source=tests/harness/lab_whole.sh
. "$SRC/tests/harness/lab_whole.sh"

RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"

ok "1.0.1 on test" version 1.0.1 1
work whole_kill "$(stack)" "$QUICK"
promote shop
ok "1.0.1 goes to prod" ended 0
run_rfa backup shop --env prod
ok "its data is backed up" ended 0
backup=$(basename "$(find "$W/backups/shop" -mindepth 1 -maxdepth 1)")
ok "2.0.0 on test" version 2.0.0 2

forward() { # 2.0.0 runs on prod, and has changed the data
	[ "$(runs)" = "shop-api:2.0.0 running" ] && return
	promote shop
	[ "$status" = 0 ] || { tail -n 20 "$W/err"; return 1; }
	lines=$(met)
}
back=(rollback shop --env prod --to 1.0.1 --with-database --backup "$backup" --yes prod)
# What must hold whenever a run has ended.
holds() { # RUN
	local final
	final=$(final_of "$1")
	case $status/$final in
	0/SUCCEEDED)
		is "$(runs) $(schema)" "shop-api:1.0.1 running 1" &&
			not says "met schema 2" met || return ;;
	[1-6]/ROLLED_BACK | [1-6]/FAILED)
		# Started again, but on its own data only.
		is "$(runs) $(schema)" "shop-api:2.0.0 running 2" &&
			is "$(met | sed 's/2.0.0 met schema 2;//g')" "${lines//2.0.0 met schema 2;/}" || return ;;
	*) echo "exit status $status, $final"; tail -n 20 "$W/err"; return 1 ;;
	esac
	says ok on prod 'busybox wget -qO- -T 5 http://127.0.0.1:8090/health' && clean prod && exits 0 rfa verify shop --env prod
}
one_kill() {
	forward >"$TMP/held" 2>&1 || { ok "2.0.0 goes to prod again" sh -c 'cat "$1"; exit 1' sh "$TMP/held"; return; }
	killed_run "$1" 2 "$1" "${back[@]}" || return
	ok_here "$all: $(final_of "$id")" holds "$id"
}

ok "2.0.0 goes to prod" forward
undisturbed "${back[@]}"
ok_here "the old version on the old data" holds "$run"
kills_are 3 20
for ((i = 1; ; i++)); do
	another_kill "$i" || break
	one_kill "$i"
	[ "$(rfa runs --open 2>/dev/null)" = "no run is unfinished" ] || { ok "no run is unfinished" says "no run is unfinished" rfa runs --open; break; }
done
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

done_testing
