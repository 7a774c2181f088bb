#!/usr/bin/env bash
# Only the image: what of an update is exported, sent and loaded, beside `docker save | ssh docker load`.
#
# usage: images.sh [ROUNDS] [FAT_MB] [KBIT]     (./dev bench images 3 200 100000)
# One layer of 5.6 MB changes in an image of FAT_MB, over a link of KBIT kbit/s (0: as it is). Of rfa's
# run those steps count that move the image; bytes are those that the archive has, against the layer's.
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/../live/lib.sh"

rounds=${1:-3} fat=${2:-200} kbit=${3:-100000}
layer=5600000

now() { date +%s%3N; }
die() { cat "$TMP/log" >&2; exit 1; }
# The changed layer, upon v0.
image() { # VERSION
	"$LAB" ssh test "head -c $layer /dev/urandom >/tmp/new && docker create --name made images:v0 >/dev/null &&
		docker cp /tmp/new made:/new >/dev/null && docker commit made images:$1 >/dev/null && docker rm made" >"$TMP/log" 2>&1 || die
}
serve() { # HOST VERSION
	"$LAB" ssh "$1" "docker rm -f images >/dev/null 2>&1
		docker run -d --name images --no-healthcheck images:$2" >"$TMP/log" 2>&1 || die
}
# The time of the steps that match, in ms, out of a run's own lines.
steps() { # PATTERN
	sed -n "s/^[^ ]* *[A-Z_]* *\($1\) .* done  \([0-9.]*\) \(m\{0,1\}s\).*/\2 \3/p" "$TMP/log" |
		awk '{t += $2 == "s" ? $1 * 1000 : $1} END {printf "%d", t}'
}

live_up
cat >"$TMP/rfa.json" <<END
{ "version": 1,
  "environments": { "test": { "destination": "test" }, "prod": { "destination": "prod" } },
  "stacks": { "images": { "containers": ["images"] } } }
END
for host in test prod; do
	"$LAB" image "$host" images:v0 v0 --fat "$fat" >"$TMP/log" 2>&1 || die
	serve "$host" v0
done
"$LAB" op "$RFA" -c "$TMP/rfa.json" init >/dev/null || exit 1
[ "$kbit" = 0 ] || "$LAB" net prod slow "$kbit"
printf 'round  save|load   rfa: export  receive     load      all  ratio  bytes\n'
for round in $(seq "$rounds"); do
	image "peer$round"
	begun=$(now)
	"$LAB" op bash -c "ssh test docker save images:peer$round | ssh prod docker load" >"$TMP/log" 2>&1 || die
	peer=$(($(now) - begun))
	image "rfa$round"
	serve test "rfa$round"
	"$LAB" op "$RFA" -c "$TMP/rfa.json" promote images --from test --to prod >"$TMP/log" 2>&1 || die
	grep -q 'saved all layers' "$TMP/log" && die
	run=$(sed -n 's/.*begun  *//p' "$TMP/log" | head -n 1)
	bytes=$("$LAB" op "$RFA" -c "$TMP/rfa.json" show "$run" --json | sed -n '/"exported"/,/}/s/.*"bytes": *\([0-9]*\).*/\1/p' | head -n 1)
	awk -v r="$round" -v p="$peer" -v e="$(steps source.export)" -v t="$(steps target.receive)" \
		-v l="$(steps target.load)" -v b="$bytes" -v n="$layer" \
		'BEGIN {printf "%5d  %6d ms     %6d ms %5d ms %5d ms %5d ms %6.1f  %.3f x the layer\n", r, p, e, t, l, e + t + l, p / (e + t + l), b / n}'
done
[ "$kbit" = 0 ] || "$LAB" net prod heal
