#!/usr/bin/env bash
# `./dev test`, interrupted while it builds and while it tests: it stops its own tests, then takes its labs
# down, and leaves nothing. In a copy of the tree whose lab and compiler are stand-ins.
. "$(dirname "$0")/../harness/tap.sh"

T=$TMP/tree
mkdir -p "$T/fixtures/lab" "$T/tests/harness" "$T/tests/unit" "$T/tests/live" "$TMP/bin" "$TMP/labs"
cp "$SRC/dev" "$T/"
cp "$SRC/tests/harness/taprun" "$SRC/tests/harness/longest" "$T/tests/harness/"
export TMP
# A lab that says what it is asked, and whether a test still ran then.
cat >"$T/fixtures/lab/lab" <<'END'
#!/bin/sh
case $1 in
up) mkdir -p "$RFA_LAB_DIR" ;;
down)
	for f in "$TMP"/pid-*; do
		! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$(cat "$f")/status" || echo "down before $f" >>"$TMP/wrong"
	done
	rm -rf "$RFA_LAB_DIR" ;;
esac
echo "$*" >>"$TMP/asked"
END
cat >"$TMP/bin/cmake" <<'END'
#!/bin/sh
echo $$ >"$TMP/pid-cmake"
while [ -e "$TMP/slow-compiler" ]; do sleep 0.1; done
END
# All packages are there.
cat >"$TMP/bin/dpkg-query" <<'END'
#!/bin/sh
shift 2
for p; do echo "$p installed"; done
END
# shellcheck disable=SC2016  # for the stand-ins
printf '#!/bin/sh\necho $$ >"$TMP/pid-unit"\nsetsid sleep 1000 &\necho $! >"$TMP/pid-session"\nwait\n' >"$T/tests/unit/x.sh"
# shellcheck disable=SC2016
printf '#!/bin/sh\ntrap "" TERM INT\necho $$ >"$TMP/pid-live"\nwhile :; do sleep 0.1; done\n' >"$T/tests/live/x.sh"
chmod +x "$TMP"/bin/* "$T/fixtures/lab/lab"

# shellcheck disable=SC2317  # called through ok
gone() { # PID: soon
	local n
	for n in {1..1200}; do
		lives "$1" || return 0
		sleep 0.05
	done
	echo "process $1 is still there after $n looks"
	return 1
}
# shellcheck disable=SC2317
lives() { grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"; } # PID; a zombie does not
# shellcheck disable=SC2317
there() { # PID FILE...: each has something in it, while the process lives
	local pid=$1 f
	shift
	while lives "$pid"; do
		for f; do [ -s "$f" ] || break; done
		[ ! -s "$f" ] || return 0
		sleep 0.05
	done
	cat "$TMP/out"
	return 1
}
# interrupted SIGNAL STATUS FILE...: when these are there
interrupted() {
	local signal=$1 expected=$2 dev status begun f
	shift 2
	rm -f "$TMP/asked" "$TMP/wrong" "$TMP"/pid-*
	# Its own session, and signals as a terminal's programs have them.
	PATH=$TMP/bin:$PATH RFA_LAB_DIR=$TMP/labs/lab setsid env --default-signal=INT,QUIT "$T/dev" test x.sh >"$TMP/out" 2>&1 &
	dev=$!
	ok "$signal: it has begun" there "$dev" "$@"
	begun=$SECONDS
	kill "-$signal" "$dev"
	wait "$dev"
	status=$?
	echo "# it ended within $((SECONDS - begun + 1)) s"
	ok "$signal: status $expected" is "$status" "$expected"
	for f in "$TMP"/pid-*; do ok "$signal: ${f##*-} is gone" gone "$(cat "$f")"; done
	ok "$signal: no test ran when a lab was taken down" nothing eval "cat $TMP/wrong 2>/dev/null || :"
	ok "$signal: the labs are down" nothing ls "$TMP/labs"
}

interrupted TERM 143 "$TMP/pid-unit" "$TMP/pid-session" "$TMP/pid-live"
ok "labs are prepared before they are up" is "$(head -n 3 "$TMP/asked" | tr '\n' ' ')" "can prepare up "
interrupted INT 130 "$TMP/pid-unit" "$TMP/pid-session" "$TMP/pid-live"
touch "$TMP/slow-compiler"
interrupted TERM 143 "$TMP/pid-cmake"

done_testing
