#!/usr/bin/env bash
# Every public header compiles alone, twice in a row, as C11 and as C++17.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"

alone() { # COMPILER STANDARD LANGUAGE DIR HEADER
	printf '#include "%s"\n#include "%s"\nextern int something;\n' "$5" "$5" |
		"$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$4" "${JANSSON[@]}" -x "$3" -
}

ok "the headers are installed" installed
n=0
for h in $(public_headers); do
	ok "$h is C11" alone cc c11 c "$PREFIX/include/rfa" "$h"
	ok "$h is C++17" alone c++ c++17 c++ "$PREFIX/include/rfa" "$h"
	n=$((n + 1))
done
ok "there are public headers" test "$n" -ge 10

# The check sees what it is for.
mkdir "$TMP/bad"
echo 'size_t f(void);' >"$TMP/bad/lacking.h"
echo 'struct twice { int a; };' >"$TMP/bad/twice.h"
printf '#ifndef C\n#define C\nint f(int class);\n#endif\n' >"$TMP/bad/cpp.h"
ok "planted: a header that lacks an include" not alone cc c11 c "$TMP/bad" lacking.h
ok "planted: a header without a guard" not alone cc c11 c "$TMP/bad" twice.h
ok "planted: a header that is no C++" not alone c++ c++17 c++ "$TMP/bad" cpp.h

done_testing
