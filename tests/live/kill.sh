#!/usr/bin/env bash
# rfa is killed (SIGKILL) at random moments, many times; each time `rfa resume` brings the run to its
# end, nothing is left behind, and prod runs what the ledger says.
#
# Of each flow that brings images: promote, deploy (from a registry with a login), publish.
#
# RFA_LIVE_SEED (printed) repeats the moments by event; RFA_LIVE_FLOWS says which flows, RFA_LIVE_KILLS
# how many kills of each: five, twenty with RFA_TEST_LONG.
# shellcheck disable=SC2016,SC2119,SC2154,SC2317  # quoted for hosts; no arguments; set by name; called by name
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"
live_up
registry_make
registry_start || ok "the registry starts" false

RANDOM=${RFA_LIVE_SEED:=$((RANDOM % 32768))}
echo "# RFA_LIVE_SEED=$RFA_LIVE_SEED"

# Small containers that start and stop at once. All versions run on test side by side, and each in
# turn has the name that is promoted; prod keeps one old version, so that images travel each time.
versions='v1 v2 v3 v4'
for v in $versions; do
	"$LAB" image test "pair-a:$v" "$v" --port 8001 >/dev/null && "$LAB" image test "pair-b:$v" "$v" --port 8002 >/dev/null
	[ "$v" != v1 ] || { "$LAB" image prod pair-a:v1 v1 --port 8001 && "$LAB" image prod pair-b:v1 v1 --port 8002; } >/dev/null
done
on test "for v in $versions; do for c in a b; do
	docker run -d --name spare-\$c-\$v --health-interval 30s --health-start-interval 200ms --health-start-period 20s pair-\$c:\$v >/dev/null || exit
done; done"
on prod 'for c in a:8001 b:8002; do
	docker run -d --name pair-${c%:*} -p 127.0.0.1:${c#*:}:${c#*:} --restart unless-stopped --stop-timeout 2 -e "ODD=it'"'"'s \"odd\" \$HOME" pair-${c%:*}:v1 >/dev/null || exit
done'
shown=''
show_version() { # VERSION: it is what runs on test
	on test "${shown:+docker rename pair-a spare-a-$shown && docker rename pair-b spare-b-$shown &&}
		docker rename spare-a-$1 pair-a && docker rename spare-b-$1 pair-b"
	shown=$1
}
ready() { are_healthy "$1" pair-a pair-b; } # HOST
for v in $versions; do
	for c in a b; do push test "pair-$c:$v" "pair-$c:$v" || ok "$v is in the registry" false; done
done
# What publish builds: the first version, with a number of its own.
sources() { # VERSION
	on test "for c in a b; do
		mkdir -p /srv/src/\$c && cd /srv/src/\$c && echo '$1' >version &&
			printf 'FROM pair-%s:v1\nCOPY version /etc/version\n' \$c >Dockerfile || exit
	done"
}

work kill '"pair": { "containers": ["pair-a", "pair-b"], "keep_images": 1, "health_deadline_s": '$((20 * SLOW))',
	"deploy": { "images": { "pair-a": "'"$registry"'/pair-a", "pair-b": "'"$registry"'/pair-b" } },
	"build": { "on": "test", "images": { "pair-a": { "image": "pair-a", "context": "/srv/src/a" },
		"pair-b": { "image": "pair-b", "context": "/srv/src/b" } } },
	"health": [{ "url": "http://127.0.0.1:8001/health" }, { "url": "http://127.0.0.1:8002/health" }] }' \
	"$(registry_keys)"', "timeouts": { "idle_s": '$((20 * SLOW))', "connect_s": '$((10 * SLOW))', "attempts": 3 }'
await 30 ready prod >/dev/null
as_before=$(container prod pair-a pair-b)


# What runs on prod: its version, and the ids of its images. It goes on from flow to flow.
ran=v1 ids=$(on test 'docker image inspect -f "{{.Id}}" pair-a:v1 pair-b:v1')
built=0 next='' command=()
prepare() { # FLOW: the next version, and the `command` that brings it
	case $1 in
	publish)
		built=$((built + 1)) next=p$built
		sources "$next"
		command=(publish pair --to prod --as "$next") ;;
	*)
		case $ran in v*) next=v$((${ran#v} % 4 + 1)) ;; *) next=v1 ;; esac
		if [ "$1" = deploy ]; then
			command=(deploy pair "$next" --to prod)
		else
			[ "$shown" = "$next" ] || show_version "$next"
			command=(promote pair --from test --to prod)
		fi ;;
	esac
}
succeeded() { # VERSION
	ran=$1 ids=$(on test "docker image inspect -f '{{.Id}}' pair-a:$1 pair-b:$1")
}
# No part of the registry's login: not in a file, not in what a process was given. What is looked for
# is in a file of its own, or the one who looks would find himself.
login_is_gone() {
	local h
	for h in test prod; do
		printf '%s\n' "$registry_password" "$(printf %s "$registry_user:$registry_password" | base64)" |
			on "$h" 'mkdir -p /run/look && cat >/run/look/pattern
				{ grep -rIlsF -f /run/look/pattern --exclude-dir=look /var/lib/rfa /root /dev/shm /run /tmp /etc
					cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n" |
						grep -F -f /run/look/pattern; } >/run/look/found
				cat /run/look/found
				! [ -s /run/look/found ]' || return
	done
}
locks_are_gone() {
	local h
	for h in test prod; do
		on "$h" '! ls -d /var/lib/rfa/lock* 2>/dev/null | grep .' || return
	done
}
# What must hold whenever a run has ended: all is new, or all is old.
holds() { # RUN VERSION
	local final
	final=$(final_of "$1")
	case $status/$final in
	0/SUCCEEDED) succeeded "$2" ;;
	[1-6]/ROLLED_BACK | [1-6]/FAILED) ;;
	*) echo "exit status $status, $final"; tail -n 20 "$W/err"; return 1 ;;
	esac
	is "$(on prod "docker container inspect -f '{{.Config.Image}}' pair-a pair-b" | sed 's|.*/||' | tr '\n' ' ')" "pair-a:$ran pair-b:$ran " &&
		is "$(images_of prod pair-a pair-b)" "$ids" &&
		clean test prod && locks_are_gone && login_is_gone &&
		exits 0 rfa verify pair --env prod &&
		is "$(rfa status pair --env prod --json | grep -o '"version": *"[^"]*"' | head -n 1 | tr -d ' ')" "\"version\":\"$ran\""
}

successes=0 all_kills=0 round=0
killed() { # FLOW: one run of it is killed, and brought to its end
	round=$((round + 1))
	prepare "$1"
	killed_run "$round" 4 "$1 $round" "${command[@]}" || return
	ok_here "$all: $(final_of "$id")" holds "$id" "$next"
	[ "$status" != 0 ] || successes=$((successes + 1))
}

for flow in ${RFA_LIVE_FLOWS:-promote deploy publish}; do
	# One that nobody kills: how long it takes, and how many events it has.
	prepare "$flow"
	[ "$flow" != promote ] || await 30 ready test >/dev/null
	undisturbed "${command[@]}"
	[ "$status" != 0 ] || succeeded "$next"
	kills_are 5 20
	for ((i = 1; ; i++)); do
		another_kill "$i" || break
		killed "$flow"
		if [ "$(rfa runs --open 2>/dev/null)" != "no run is unfinished" ]; then
			ok "$flow $i: no run is unfinished" says "no run is unfinished" rfa runs --open
			break 2
		fi
	done
	all_kills=$((all_kills + kills))
done
[ "$all_kills" -lt 10 ] || ok "most runs reached their end forwards ($successes of $all_kills)" test $((successes * 2)) -gt "$all_kills"
ok "all else of both containers is as at the beginning" await 20 as_before "$as_before" container prod pair-a pair-b
ok "the ledger is whole" exits 0 rfa ledger verify --hosts
# What was looked for is a login itself, to whoever looks next.
for h in test prod; do on "$h" 'rm -rf /run/look'; done

done_testing
