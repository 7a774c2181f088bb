#!/usr/bin/env bash
# A version from a registry to a host: rfa deploy beside `docker pull` and `docker run`, in turn, in one
# run, pulled by the host's engine and fetched through the operator's machine; a fetch that breaks off in
# the middle of a layer, and how many bytes it took in all; a deploy that changes nothing.
#
# usage: deploy.sh [ROUNDS] [FAT_MB] [CHANGED_MB]     (./dev bench deploy 3 300 5)
# An image of FAT_MB, of which a layer of CHANGED_MB changes. rfa also records, asks what the tag means,
# proves what arrived, keeps the old version, and waits until the new one is healthy (health_settle_s is
# 0, as the peer waits for nothing).
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/../live/lib.sh"
# shellcheck source=tests/harness/lab_registry.sh
. "$SRC/tests/harness/lab_registry.sh"

rounds=${1:-3} fat=${2:-300} changed=${3:-5}

now() { date +%s%3N; }
# shellcheck disable=SC2016  # for awk
lo_bytes() { (become awk '/lo:/ {print $2}' /proc/net/dev); }
live_up
registry_make
registry_start || exit 1
"$LAB" image test bench:base base --fat "$fat" >"$TMP/image.log" 2>&1 || { cat "$TMP/image.log" >&2; exit 1; }
make_version() { # VERSION MB: that do not compress
	on test "mkdir -p /srv/src && cd /srv/src && echo '$1' >version && head -c ${2}M /dev/urandom >data &&
		printf '%s\n' 'FROM bench:base' 'COPY data version /srv/' 'COPY version /etc/version' >Dockerfile &&
		DOCKER_BUILDKIT=1 docker build -q -t bench:$1 . >/dev/null" && push test "bench:$1" "bench:$1"
}
push test bench:base bench:base
auth=$(printf %s "$registry_user:$registry_password" | base64)
on prod "mkdir -m 700 /root/peer && printf '{\"auths\":{\"$registry\":{\"auth\":\"$auth\"}}}' >/root/peer/config.json
	docker --config /root/peer pull -q $registry/bench:base >/dev/null
	docker run -d --name bench -p 127.0.0.1:8000:8000 $registry/bench:base >/dev/null"
W=$TMP/bench
mkdir -p "$W"
configure "\"bench\": { \"containers\": [\"bench\"], \"health_settle_s\": 0,
	\"health\": [{ \"url\": \"http://127.0.0.1:8000/health\" }],
	\"deploy\": { \"images\": { \"bench\": \"$registry/bench\" } } }" "$QUICK, $(registry_keys)"
rfa -q init >/dev/null 2>&1
probe() { # a client that asks every 20 ms
	on prod "cat >/run/prober && chmod 755 /run/prober" <"${RFA_PROBER:-$RFA_BUILD/tests/prober}"
	on prod 'exec /run/prober 8000 /health 120' >"$TMP/probed" &
	prober=$!
	sleep 1
}
downtime() { # in `down`: in all, of the client's outages
	on prod 'pidof prober | xargs kill -TERM'
	wait "$prober"
	down=$(sed 's/.*down_ms \([0-9]*\).*/\1/' "$TMP/probed")
}
ours() { # VERSION [OPTION...]: in `ours` its milliseconds
	local begun
	begun=$(now)
	run_rfa deploy bench "$1" --to prod "${@:2}"
	ours=$(($(now) - begun))
	[ "$status" = 0 ] || { cat "$W/err" >&2; exit 1; }
}

printf 'round  by hand     via target  ratio  via operator  ratio  nothing to do  down by hand, with rfa\n'
for round in $(seq "$rounds"); do
	for kind in hand target operator; do make_version "$kind$round" "$changed" || exit 1; done
	probe
	begun=$(now)
	"$LAB" op ssh prod "docker --config /root/peer pull -q $registry/bench:hand$round && docker rm -f bench &&
		docker run -d --name bench -p 127.0.0.1:8000:8000 $registry/bench:hand$round" >/dev/null || exit 1
	hand=$(($(now) - begun))
	downtime
	hand_down=$down
	probe
	ours "target$round" --via target
	target=$ours
	downtime
	target_down=$down
	ours "operator$round" --via operator
	operator=$ours
	ours "operator$round" --via operator
	awk -v r="$round" -v h="$hand" -v t="$target" -v o="$operator" -v n="$ours" -v d="$hand_down" -v e="$target_down" \
		'BEGIN {printf "%5d  %7d ms  %7d ms  %5.2f  %9d ms  %5.2f  %10d ms  %5d ms %5d ms\n", r, h, t, h / t, o, h / o, n, d, e}'
done

# A layer of 200 MB, once without and once with a registry that dies when the half of it is there.
spool() { find "$HOME" "$TMP" -path '*spool/images' -size +"$1"M 2>/dev/null | grep -q .; }
for kind in whole cut; do
	make_version $kind 200 || exit 1
	before=$(lo_bytes)
	start_rfa deploy bench $kind --to prod --via operator
	if [ $kind = cut ]; then
		until spool 100 || gone "$job"; do sleep 0.01; done
		registry_kill
		sleep 1
		registry_start
	fi
	join
	[ "$status" = 0 ] || { cat "$W/err" >&2; exit 1; }
	[ $kind = cut ] || whole=$(($(lo_bytes) - before))
done
last=$(facts "$run" source.export exported/fetched)
awk -v b=$(($(lo_bytes) - before)) -v w="$whole" -v l="$last" 'BEGIN {
	printf "broken off in a layer of 200 MB: %.3f of the bytes of an undisturbed fetch; %.0f MB of them behind the break\n",
		b / w, l / 1048576}'
