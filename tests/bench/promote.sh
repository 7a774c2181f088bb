#!/usr/bin/env bash
# An image update from host to host: rfa beside `docker save | ssh docker load`, in turn, in one run.
#
# usage: promote.sh [ROUNDS] [FAT_MB]     (./dev bench promote 3 200)
# One layer of an image of FAT_MB changes. Both move the image between the same two real hosts; rfa
# also records, replaces the container and waits until it is healthy, the peer only moves the image.
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/../live/lib.sh"

rounds=${1:-3} fat=${2:-200}

now() { date +%s%3N; }
image() { # HOST VERSION
	"$LAB" image "$1" "bench:$2" "$2" --fat "$fat" >"$TMP/image.log" 2>&1 || {
		cat "$TMP/image.log" >&2
		exit 1
	}
}
serve() { # HOST VERSION
	"$LAB" ssh "$1" "docker rm -f bench >/dev/null 2>&1
		docker run -d --name bench -p 127.0.0.1:8000:8000 bench:$2" >/dev/null
}

live_up
cat >"$TMP/rfa.json" <<END
{ "version": 1,
  "environments": { "test": { "destination": "test" }, "prod": { "destination": "prod" } },
  "stacks": { "bench": { "containers": ["bench"],
    "health": [{ "url": "http://127.0.0.1:8000/health" }] } } }
END
image test v0
image prod v0
serve test v0
serve prod v0
"$LAB" op "$RFA" -c "$TMP/rfa.json" init >/dev/null || exit 1
printf 'round  save|load  rfa promote  ratio\n'
for round in $(seq "$rounds"); do
	image test "peer$round"
	begun=$(now)
	"$LAB" op bash -c "ssh test docker save bench:peer$round | ssh prod docker load" >/dev/null || exit 1
	peer=$(($(now) - begun))
	image test "rfa$round"
	serve test "rfa$round"
	until [ "$("$LAB" ssh test "docker inspect -f '{{.State.Health.Status}}' bench")" = healthy ]; do :; done
	begun=$(now)
	"$LAB" op "$RFA" -q -c "$TMP/rfa.json" promote bench --from test --to prod >"$TMP/log" 2>&1 || {
		cat "$TMP/log" >&2
		exit 1
	}
	ours=$(($(now) - begun))
	awk -v r="$round" -v p="$peer" -v o="$ours" \
		'BEGIN {printf "%5d  %6d ms  %8d ms  %5.2f\n", r, p, o, p / o}'
done
