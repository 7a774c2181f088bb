#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2119  # quoted for hosts; no arguments
# How long PROD is down while it gets TEST's data: rfa, beside a bare `docker compose restart` of the same
# stack, and beside the way of stop, tar, scp -3, stop, tar of the old, untar, start; in one run.
#
# usage: data.sh [MB...]     (./dev bench data 50 5000)
# A client asks /health of both sides every 20 ms. The service answers only if PostgreSQL, which is
# behind it, answers a query. The lab's disks must hold six times the data: RFA_LAB_DISK_GB. The exit
# status is 1 if a promise does not hold; it is given for a machine that does nothing else.
export RFA_LAB_DIR=${RFA_LAB_DIR:-/var/lib/rfa-lab-bench} RFA_LAB_DISK_GB=${RFA_LAB_DISK_GB:-36}
# shellcheck source=tests/harness/records.sh
. "$(dirname "$0")/../harness/records.sh"
[ $# != 0 ] || set -- 50 5000

now() { date +%s%3N; }
fail() { echo "data.sh: $*" >&2; exit 1; }

# ---- the ways

restart() {
	on prod 'cd /srv/stacks/records && docker compose restart db app >/dev/null 2>&1'
}
rfa_data() {
	run_rfa promote-data records --from test --to prod --yes prod
	[ "$status" = 0 ] || { tail -n 30 "$W/err" >&2; return 1; }
	point=$(git -C "$W/.rfa/ledger" tag -l 'rollback/prod/records/data-*' | sort | tail -n 1)
}
rfa_rollback() {
	run_rfa rollback records --env prod --to "${point##*/}" --yes prod
	[ "$status" = 0 ] || { tail -n 30 "$W/err" >&2; return 1; }
}
tree='opt/records/data opt/records/conf var/lib/docker/volumes/records_pgdata/_data
	var/lib/docker/volumes/records_files/_data var/lib/docker/volumes/records_blobs/_data
	var/lib/docker/volumes/records_odd/_data'
tree=$(echo "$tree" | tr -s '\n\t' '  ')
# `docker ps` may show a container for a moment after the engine has said that it stopped.
stop_all='docker stop records-backend >/dev/null && cd /srv/stacks/records && docker compose stop 2>/run/lab/stop.log &&
	n=50 && while [ -n "$(docker ps -q)" ] && [ $((n -= 1)) -gt 0 ]; do sleep 0.1; done &&
	[ $n -gt 0 ] && cd / || { cat /run/lab/stop.log; docker ps -a; exit 1; } >&2'
start_all='cd /srv/stacks/records && docker compose up -d db app >/dev/null 2>&1 && docker start records-backend >/dev/null'
by_hand() {
	# shellcheck disable=SC2154  # set by live_up
	"$LAB" ssh test "$stop_all; tar -cSf /var/tmp/data.tar --xattrs --acls $tree && $start_all" &&
		"$LAB" op scp -q -3 -F "$RFA_LAB_DIR/op/ssh/config" test:/var/tmp/data.tar prod:/var/tmp/data.tar &&
		"$LAB" ssh prod "$stop_all; tar -cSf /var/tmp/old.tar --xattrs --acls $tree && rm -rf $tree &&
			tar -xSpf /var/tmp/data.tar --xattrs --xattrs-include='*' --acls --numeric-owner &&
			sed -i 's|\"base_url\":\"http://$test_address|\"base_url\":\"http://$prod_address|' opt/records/conf/config.json && $start_all" &&
		"$LAB" ssh test rm /var/tmp/data.tar && "$LAB" ssh prod rm /var/tmp/data.tar /var/tmp/old.tar
}

# ---- the table

declare -A down=()
measure() { # MB WAY FUNCTION
	local begun took of_test
	probe_begin test prod || fail "nobody answers before: $2"
	begun=$(now)
	"$3" || fail "$2"
	took=$(($(now) - begun))
	probe_end test >/dev/null || fail "nobody answers on test after: $2"
	of_test=$down_ms
	probe_end prod >/dev/null || fail "nobody answers on prod after: $2"
	down[$2]=$down_ms
	awk -v mb="$1" -v way="$2" -v p="$down_ms" -v t="$of_test" -v all="$took" -v r="${down[restart]}" 'BEGIN {
		printf "%6d  %-24s %9d ms %9d ms %8.1f s  %7.2f\n", mb, way, p, t, all / 1000, p / r}'
}

promises=() broken=0
promise() { # WHAT MS LIMIT
	local word=holds
	[ "$2" -le "$3" ] || word='does not hold' broken=1
	promises+=("$1: $word ($2 ms)")
}

live_up
printf '    MB  %-24s %12s %12s %10s  %s\n' way "PROD down" "TEST down" "all of it" "PROD down : restart"
for mb; do
	live_reset
	records_both --size "$mb" || fail "the application does not come up"
	work "bench-$mb" "$(records_stack)" "$PATIENT"
	measure "$mb" restart restart
	measure "$mb" "rfa promote-data" rfa_data
	measure "$mb" "rfa rollback" rfa_rollback
	run_rfa prune records --env prod --yes prod
	measure "$mb" "stop, tar, scp -3, untar" by_hand
	awk -v mb="$mb" -v h="${down["stop, tar, scp -3, untar"]}" -v o="${down["rfa promote-data"]}" -v r="${down[restart]}" 'BEGIN {
		printf "%6d  by hand, PROD is down %.1f times as long as with rfa; rfa adds %d ms to a restart\n", mb, h / o, o - r}'
	[ -z "${first:-}" ] || awk -v mb="$mb" -v f="$first" -v g="$first_down" -v o="${down["rfa promote-data"]}" 'BEGIN {
		printf "%6d  with rfa PROD is down %.2f times as long as for %d MB (%+d ms)\n", mb, o / g, f, o - g}'
	with_rfa=${down["rfa promote-data"]}
	more=$((with_rfa - ${first_down:-$with_rfa}))
	promise "$mb MB: rfa adds at most 3 s to a restart" $((with_rfa - down[restart])) 3000
	promise "$mb MB: going back takes less than 3 s" "${down["rfa rollback"]}" 2999
	promise "$mb MB: the size makes a difference of a second at most" "${more#-}" 1000
	first=${first:-$mb} first_down=${first_down:-$with_rfa}
done
printf '%s\n' "${promises[@]}"
[ "$broken" = 0 ]
