#!/usr/bin/env bash
# Functions that write without a bound do not compile.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"

compiles() { # COMPILER STATEMENT
	printf '#include <stdio.h>\n#include <string.h>\nvoid f(char *d, const char *s);\nvoid f(char *d, const char *s) { %s; }\n' "$2" |
		"$1" -std=c11 -w -fsyntax-only -include "$SRC/fsm/base/poison.h" -x c -
}
for cc in gcc clang; do
	if ! command -v "$cc" >/dev/null; then
		skip "$cc refuses them" "no $cc"
		continue
	fi
	for call in 'sprintf(d, "%s", s)' 'strcpy(d, s)' 'strcat(d, s)' 'strncpy(d, s, 3)'; do
		ok "$cc refuses ${call%%(*}" not compiles "$cc" "$call"
	done
	ok "$cc accepts snprintf and memcpy" compiles "$cc" 'snprintf(d, 3, "%s", s); memcpy(d, s, 3)'
done
ok "the build includes the poison before every file" grep -q -- '-include .*/fsm/base/poison.h' \
	"$BUILD/compile_commands.json"

done_testing
