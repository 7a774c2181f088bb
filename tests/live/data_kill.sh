#!/usr/bin/env bash
# While data goes to prod, rfa is killed (SIGKILL), the network is cut, or a host loses power, at random
# moments, many times; each time `rfa resume` (or `rfa rollback`) brings the run to its end: prod has all of the new data or
# all of the old, never some of both; both sides run; nothing is left behind.
#
# RFA_LIVE_SEED (printed) repeats the moments by event; RFA_LIVE_KILLS says how many kills: seven,
# of each kind one; forty with RFA_TEST_LONG.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/../harness/records.sh"
live_up

RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"

# Two small containers with a volume, a directory and a database. Each has its generation's number.
for h in test prod; do
	for c in a:8001 b:8002; do "$LAB" image $h "pair-${c%:*}:v1" v1 --port "${c#*:}" >/dev/null; done
	on $h 'mkdir -p /srv/pair/files/sub /srv/pair/db && docker volume create pair >/dev/null
		for c in a:8001 b:8002; do
			docker run -d --name pair-${c%:*} -p 127.0.0.1:${c#*:}:${c#*:} --restart unless-stopped --stop-timeout 2 \
				-v pair:/data/volume -v /srv/pair:/data/pair --health-interval 30s --health-start-interval 100ms \
				--health-start-period 20s pair-${c%:*}:v1 >/dev/null || exit
		done'
done
volume=/var/lib/docker/volumes/pair/_data
generation() { # HOST N: all data of it says so
	on "$1" "cd $volume && rm -rf * && mkdir 'of $2' && echo '$2' >'of $2/generation' && ln 'of $2/generation' link &&
		setfattr -n user.generation -v '$2' . && head -c 3000000 /dev/urandom >noise &&
		cd /srv/pair/files && rm -rf * && mkdir -p sub/'of $2' && echo '$2' >generation && ln -s generation current &&
		rm -f /srv/pair/db/db* && sqlite3 /srv/pair/db/db 'create table g(n); insert into g values($2)'"
}
members="cat $volume/link /srv/pair/files/current; sqlite3 -readonly /srv/pair/db/db 'select n from g'"
listing=$(cat "$SRC/tests/harness/listing.sh")
look() { # HOST: which generations are there, one a member, and the whole of it as a sum
	"$LAB" exec "$1" bash -c "{ $members; } | paste -sd' '
		{ for d in $volume /srv/pair/files; do bash -c \"\$0\" listing \$d || exit; done
			sha256sum </srv/pair/db/db; } | sha256sum" "$listing"
}
whole() { [ "$(on "$1" "$members" | sort | uniq -c | awk '{print $1}')" = 3 ]; } # HOST
both_run() { are_healthy "$1" pair-a pair-b; } # HOST

work kill '"pair": { "containers": ["pair-a", "pair-b"], "health_deadline_s": '$((20 * SLOW))',
	"data": { "keep_generations": 1, "members": { "volume": { "volume": "pair" },
		"files": { "directory": "/srv/pair/files" }, "db": { "sqlite": "/srv/pair/db/db" } } },
	"health": [{ "url": "http://127.0.0.1:8001/health" }, { "url": "http://127.0.0.1:8002/health" }] }' \
	"\"timeouts\": { \"idle_s\": $((6 * SLOW)), \"connect_s\": $((4 * SLOW)), \"attempts\": 2 }"
generation prod 1
generation test 2
for h in test prod; do await 30 both_run $h >/dev/null; done

# One that nobody kills.
undisturbed promote-data pair --from test --to prod --yes prod
ok "prod has what test has" is "$(look prod)" "$(look test)"
number=2

cut_off() {
	local h
	h=$([ $((RANDOM % 2)) = 0 ] && echo test || echo prod)
	"$LAB" net "$h" cut
	when="$h cut off $when, $(last_step)"
	await 60 gone "$job" >/dev/null || signal KILL "$job"
	join
	"$LAB" net "$h" heal
}
lose_power() {
	local h
	h=$([ $((RANDOM % 2)) = 0 ] && echo test || echo prod)
	when="$h lost power $when, $(last_step)"
	"$LAB" restart "$h" >/dev/null 2>&1
	await 60 gone "$job" >/dev/null || signal KILL "$job"
	join
}
# What must hold whenever a run has ended; `final` says how it did.
final=''
holds() { # RUN
	local expected
	final=$(final_of "$1")
	case $status/$final in
	0/SUCCEEDED) expected=$new ;;
	[2-6]/ROLLED_BACK | [2-6]/FAILED) expected=$old ;;
	*) echo "exit status $status, $final"; tail -n 20 "$W/err"; return 1 ;;
	esac
	look test >"$TMP/of-test" &
	is "$(look prod)" "$expected" && wait "$!" && is "$(cat "$TMP/of-test")" "$new" &&
		await 20 both_run test && await 20 both_run prod &&
		clean test prod && is "$(copies test)" '' &&
		is "$(copies prod | grep -vc '[.]old$')" 0
}

went_on=0
kills_are 7 40
for ((i = 1; ; i++)); do
	another_kill "$i" || break
	number=$((number + 1))
	look prod >"$TMP/of-prod" &
	generation test $number
	new=$(look test)
	wait "$!"
	old=$(cat "$TMP/of-prod")
	start_rfa promote-data pair --from test --to prod --yes prod
	# The way back is open in the first half only.
	if [ $((i % 6)) = 4 ]; then moment $((events / 2)); else moment; fi
	case $((i % 10)) in
	0 | 5) cut_off ;;
	7) lose_power ;;
	*) slay ;;
	esac
	all=$when id=$run
	if [ -z "$id" ]; then
		ok "$i $all: nothing had begun" says "no run is unfinished" rfa runs --open
		continue
	fi
	# Whatever the moment, no member is half of each; before the swap and after it none is of another.
	await 20 whole prod >/dev/null || echo "# $i $all: $(look prod | head -n 1) in between"
	case $((i % 6)) in
	3)
		start_rfa resume "$id"
		moment
		slay
		all="$all; resume $when"
		run_rfa resume "$id" ;;
	4) run_rfa rollback "$id" --yes prod
		all="$all; rolled back"
		# Behind its point of no return that is refused: it has to go on.
		case $(final_of "$id") in ROLLED_BACK | FAILED) ;; *) run_rfa resume "$id" ;; esac ;;
	*) run_rfa resume "$id" ;;
	esac
	# An engine that lost power may lose count of its ports. Then rfa says what to do; it is done.
	if [ "$status" = 75 ] && said 'systemctl restart docker' >/dev/null; then
		"$LAB" engine prod restart
		run_rfa resume "$id"
		all="$all; engine restarted; resumed"
	fi
	# Not in a subshell: the status is that of the run.
	holds "$id" >"$TMP/held" 2>&1
	held=$?
	ok "$i $all: $final" sh -c 'cat "$1"; exit "$2"' sh "$TMP/held" "$held"
	[ "$status" != 0 ] || went_on=$((went_on + 1))
	if [ "$(rfa runs --open 2>/dev/null)" != "no run is unfinished" ]; then
		ok "$i: no run is unfinished" says "no run is unfinished" rfa runs --open
		break
	fi
done
[ "$kills" -lt 12 ] ||
	ok "some reached their end forwards, some the other way ($went_on of $kills)" test "$went_on" -gt 0 -a "$went_on" -lt "$kills"
run_rfa prune pair --env prod --yes prod
ok "old generations can be pruned" ended 0
ok "prune leaves one generation" is "$(copies prod | wc -l)" 3
ok "the ledger is whole" exits 0 rfa ledger verify --hosts

done_testing
