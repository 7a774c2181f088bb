#!/usr/bin/env bash
# A build and its way to a host: rfa publish beside `docker build`, `docker save | ssh docker load` and
# `docker run`, in turn, in one run; and how many bytes of the image travelled.
#
# usage: publish.sh [ROUNDS] [FAT_MB] [CHANGED_MB]     (./dev bench publish 3 500 5)
# An image of FAT_MB, of which a layer of CHANGED_MB changes. Both build on test and end on prod with a
# container that runs; rfa also records, proves what arrived, keeps the old version, and waits until the
# new one is healthy and stays so (health_settle_s is 0 here, as the peer waits for nothing).
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/../live/lib.sh"

rounds=${1:-3} fat=${2:-500} changed=${3:-5}

now() { date +%s%3N; }
live_up
for h in test prod; do
	"$LAB" image $h bench:base base --fat "$fat" >"$TMP/image.log" 2>&1 || {
		cat "$TMP/image.log" >&2
		exit 1
	}
done
source_is() { # VERSION: CHANGED_MB that do not compress
	on test "mkdir -p /srv/src && cd /srv/src && echo '$1' >version && head -c ${changed}M /dev/urandom >data &&
		printf '%s\n' 'FROM bench:base' 'COPY data version /srv/' 'COPY version /etc/version' >Dockerfile"
}
on prod "docker run -d --name bench -p 127.0.0.1:8000:8000 bench:base >/dev/null"
work bench '"bench": { "containers": ["bench"], "health_settle_s": 0,
	"health": [{ "url": "http://127.0.0.1:8000/health" }],
	"build": { "on": "test", "images": { "bench": { "image": "bench", "context": "/srv/src" } } } }'
sed -i 's/"health_settle_s": 1/"health_settle_s": 0/' "$W/rfa.json"

printf 'round  by hand     rfa publish  ratio  sent/layer\n'
for round in $(seq "$rounds"); do
	source_is "hand$round"
	begun=$(now)
	"$LAB" op bash -c "ssh test 'DOCKER_BUILDKIT=1 docker build -q -t bench:hand$round /srv/src' >/dev/null &&
		ssh test docker save bench:hand$round | ssh prod docker load >/dev/null &&
		ssh prod 'docker rm -f bench && docker run -d --name bench -p 127.0.0.1:8000:8000 bench:hand$round'" >/dev/null || exit 1
	hand=$(($(now) - begun))
	source_is "rfa$round"
	begun=$(now)
	run_rfa publish bench --to prod --as "rfa$round"
	ours=$(($(now) - begun))
	[ "$status" = 0 ] || { cat "$W/err" >&2; exit 1; }
	sent=$(facts "$run" target.receive received)
	awk -v r="$round" -v p="$hand" -v o="$ours" -v s="$sent" -v l="$((changed * 1048576))" \
		'BEGIN {printf "%5d  %7d ms  %8d ms  %5.2f  %10.3f\n", r, p, o, p / o, s / l}'
done
