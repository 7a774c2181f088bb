#!/usr/bin/env bash
# The shared library exports what the public headers declare: no more, and no less.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"
installed >/dev/null || skip_all "nothing is built in $BUILD"

exported() { nm -D --defined-only "$1" | awk '$2 ~ /^[A-Z]$/ && $3 !~ /^_(init|fini|edata|end|_bss_start)$/ {print $3}' | sort -u; }
undeclared() { comm -13 <(declared "$2") <(exported "$1"); } # LIBRARY HEADERS
undefined() { comm -23 <(declared "$2") <(exported "$1"); }
lib=$(find "$PREFIX" -name librfa.so | head -n 1)
headers=$PREFIX/include/rfa

ok "there is a shared library" test -e "$lib"
ok "the headers declare functions" test "$(declared "$headers" | wc -l)" -ge 40
ok "every exported symbol is declared in a public header" nothing undeclared "$lib" "$headers"
ok "every declared function is exported" nothing undefined "$lib" "$headers"

version=$(sed -n 's/^project(rfa VERSION \([0-9.]*\).*/\1/p' "$SRC/CMakeLists.txt")
soname=$(readelf -d "$lib" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
ok "the soname carries the major version" is "$soname" "librfa.so.${version%%.*}"
ok "the file carries the whole version" test -f "$(dirname "$lib")/librfa.so.$version"
ok "the links lead there" is "$(readlink -f "$lib")" "$(dirname "$(readlink -f "$lib")")/librfa.so.$version"

# A library that exports one function too many, and one that lacks one.
mkdir -p "$TMP/h"
cat >"$TMP/h/x.h" <<'END'
#define API __attribute__((visibility("default")))
/* API int rfa_in_a_comment(void); */
API int rfa_told(void) __attribute__((warn_unused_result));
API const char *const *rfa_words(unsigned n);
#ifdef NEVER
API int rfa_never(void);
#endif
END
printf '#include "x.h"\nint rfa_told(void) {return 0;}\nint rfa_secret(void) {return 0;}\n' |
	cc -shared -fPIC -I "$TMP/h" -o "$TMP/bad.so" -x c -
ok "planted: an undeclared symbol" is "$(undeclared "$TMP/bad.so" "$TMP/h")" rfa_secret
ok "planted: a declared function that is not there" is "$(undefined "$TMP/bad.so" "$TMP/h")" rfa_words

done_testing
