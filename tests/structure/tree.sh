#!/usr/bin/env bash
# The tree itself: what stands at the top, how long files are, what no file may say.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"
tracked . >"$TMP/files" 2>/dev/null || skip_all "not a git checkout"

ok "there are files" test "$(wc -l <"$TMP/files")" -ge 50

FOLDERS='fsm|transports|ledger|cli|tests|fixtures|docs'
FILES='dev|README\.md|LICENSE|CMakeLists\.txt|CMakePresets\.json'
strangers() { cut -d/ -f1 | sort -u | grep -vxE "\.[a-z][a-z.-]*|$FOLDERS|$FILES" || :; }
ok "only the known entries at the top" is "$(strangers <"$TMP/files")" ""
ok "planted: a folder" is "$(printf 'src/x.c\nfsm/y.c\n' | strangers)" src
ok "planted: a file" is "$(printf 'notes.txt\n.clang-format\ndev\n' | strangers)" notes.txt
vendors() { grep -E '^\.(github|gitlab|circleci|woodpecker|travis)|^(Jenkinsfile|azure-)' || :; }
ok "no vendor's CI files" is "$(vendors <"$TMP/files")" ""

# A file tells one thing. A longer one is listed here; all of these are lists of cases of one test.
LONG='tests/contract/host_contract.c
tests/contract/ssh_test.c
tests/contract/transport_test.c
tests/unit/base_test.c
tests/unit/archive_test.c
tests/unit/machine_test.c'
long() { # LIMIT FILE...
	local limit=$1
	shift
	awk -v limit="$limit" 'FNR == limit + 1 {print FILENAME}' "$@" | grep -vxF "${LONG:-/}" || :
}
cd "$SRC" || exit 1
mapfile -t sources < <(grep -E '\.(c|h|sh)$|^dev$|^fixtures/lab/|^tests/harness/' "$TMP/files")
ok "no file above 700 lines" is "$(long 700 "${sources[@]}")" ""
seq 701 >"$TMP/long.c"
ok "planted: a file of 701 lines" is "$(long 700 "$TMP/long.c")" "$TMP/long.c"
seq 700 >"$TMP/fits.c"
ok "700 lines are legal" is "$(long 700 "$TMP/fits.c")" ""

# The order of the suites: a name that nobody has any more would order nothing.
strange_suites() { grep -vxF "$("$SRC/dev" test --list)" "$1" || :; }
ok "what takes longest are suites" is "$(strange_suites tests/harness/longest)" ""
printf 'cli/run.sh\ncli/gone.sh\n' >"$TMP/longest"
ok "planted: a suite that is gone" is "$(strange_suites "$TMP/longest")" cli/gone.sh

# Nothing that is true on one machine only, and no address of somebody's registry or mirror. The
# patterns are written so that they do not match themselves.
REGISTRY='(([a-z0-9-]+\.)*docker|ghcr|gcr|quay)[.]io|(registry[.]npmjs|pypi|deb[.]debian|rubygems)[.](org|com)|crates[.]io|proxy[.]golang[.]org'
FORBIDDEN="(^|[^A-Za-z0-9_.\$}/])/wor[k]/|:[/]{2}($REGISTRY)|($REGISTRY)/v[12]/"
said() { grep -nEI "$FORBIDDEN" "$@" /dev/null; }
mapfile -t all <"$TMP/files"
ok "no machine's path, no registry's address" nothing not said "${all[@]}"
while read -r line; do
	printf '%s\n' "$line" | sed 's/@//g' >"$TMP/line"
	ok "planted: $line" grep -qEI "$FORBIDDEN" "$TMP/line"
done <<'END'
cd /wo@rk/tree && make
url = "https:/@/ghcr.i@o/x/y"
http:/@/deb.debian.o@rg/debian
ghcr.i@o/v2/app/manifests
END
while read -r line; do
	ok "legal: $line" not grep -qEI "$FORBIDDEN" <(printf '%s\n' "$line")
done <<'END'
BASE_PACKAGES=openssh-server,docker.io,docker-cli
url = "https://registry.example/v2/"
END

# Scripts that people start can be started.
modes() { git -c safe.directory='*' ls-files -s -- dev .ci/run fixtures/lab/lab tests/harness/taprun | awk '$1 != "100755" {print $4}'; }
ok "entry points are executable" nothing modes

done_testing
