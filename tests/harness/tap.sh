# shellcheck shell=bash
# What a test in shell needs: . "$(dirname "$0")/../harness/tap.sh", then ok, skip, and done_testing.

TAP_N=0 TAP_FAILED=0
# shellcheck disable=SC2034  # used by the tests
SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# The release build, and the command in it.
BUILD=${RFA_BUILD:-$SRC/build}
# shellcheck disable=SC2034
RFA=${RFA:-$BUILD/rfa}
# An own directory, gone at the end.
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

ok() { # NAME CMD...: the command succeeds; its output is shown only if not
	local name=$1 out
	shift
	TAP_N=$((TAP_N + 1))
	if out=$("$@" 2>&1); then
		echo "ok $TAP_N - $name"
	else
		TAP_FAILED=$((TAP_FAILED + 1))
		echo "not ok $TAP_N - $name"
		printf '%s\n' "$out" | tail -n 40 | sed 's/^/# /'
	fi
}
skip() { # NAME REASON
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $1 # SKIP $2"
}
skip_all() { # REASON
	echo "1..0 # SKIP $1"
	exit 0
}
not() { ! "$@"; }
is() { # FOUND EXPECTED
	[ "$1" = "$2" ] || { printf 'expected: %s\nfound:    %s\n' "$2" "$1"; return 1; }
}
# What a command prints, whatever its status, has the text in it.
says() { # TEXT CMD...
	local text=$1 out
	shift
	out=$("$@" 2>&1) || :
	case $out in *"$text"*) ;; *) printf 'expected: %s\nfound:    %s\n' "$text" "$out"; return 1 ;; esac
}
exits() { # STATUS CMD...
	local expected=$1 status=0
	shift
	"$@" || status=$?
	is "exit status $status" "exit status $expected"
}
nothing() { # CMD...: succeeds and prints nothing
	local out
	if ! out=$("$@" 2>&1) || [ -n "$out" ]; then
		printf '%s\n' "$out"
		return 1
	fi
}
done_testing() {
	echo "1..$TAP_N"
	exit $((TAP_FAILED > 0))
}
