#!/usr/bin/env bash
# What `cmake --install` leaves can be used by others: with pkg-config and with find_package.
# shellcheck disable=SC2317
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"

# A tree in which only the command was built: what is missing is built first.
# Nothing is compiled twice: the launcher takes the objects that are there.
cat >"$TMP/launch" <<'END'
#!/bin/sh
object='' deps=''
next=''
for word; do
	case $next in -o) object=$word ;; -MF) deps=$word ;; esac
	next=$word
done
[ -f "$BUILD/$object" ] || exec "$@"
cp "$BUILD/$object" "$object" && echo "$object:" >"$deps"
END
chmod +x "$TMP/launch"
half() {
	export BUILD
	cmake -S "$SRC" -B "$TMP/half" -DRFA_TESTS=OFF -DCMAKE_C_COMPILER_LAUNCHER="$TMP/launch" &&
		cmake --build "$TMP/half" --target rfa && not test -e "$TMP/half/librfa.so" &&
		cmake --install "$TMP/half" --prefix "$TMP/from-half"
}
command -v ninja >/dev/null && export CMAKE_GENERATOR=Ninja # a machine may have no make
ok "cmake --install of a tree in which only the command is built" half
ok "all of it is there" test -x "$TMP/from-half/bin/rfa" -a -n "$(find "$TMP/from-half" -name librfa.so)" \
	-a -n "$(find "$TMP/from-half" -name librfa.a)" -a -n "$(find "$TMP/from-half" -name rfa.schema.json)"
ok "cmake --install" installed
[ "$TAP_FAILED" = 0 ] || done_testing

cat >"$TMP/main.c" <<'END'
#include <stdio.h>
#include <string.h>

#include "fsm/base/error.h"
#include "fsm/run/run.h"

int main(void)
{
	const struct rfa_flow *flow = rfa_flow_by_name("promote");
	struct rfa_error err;

	rfa_error_clear(&err);
	if (!flow || rfa_flow_check(flow, &err) != 0)
		return 1;
	printf("%s has %zu rows\n", flow->name, flow->n);
	return 0;
}
END
libdir=$(dirname "$(find "$PREFIX" -name librfa.a)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
runs() { # PROGRAM: it says what main.c is about
	LD_LIBRARY_PATH=$libdir says "promote has " "$@"
}

flags() { pkg-config rfa "$@" | tr " " "\n" | sed "/^$/d"; }
with_pkg_config() {
	local f
	mapfile -t f < <(flags --cflags --libs)
	cc -std=c11 -Wall -Wextra -Werror -o "$TMP/shared" "$TMP/main.c" "${f[@]}" && runs "$TMP/shared" &&
		readelf -d "$TMP/shared" | grep -q 'NEEDED.*librfa.so'
}
with_pkg_config_static() { # the static librfa; what it rests on stays shared
	local f i private
	mapfile -t private < <(pkg-config --print-requires-private rfa | awk '{print $1}')
	mapfile -t f < <(flags --cflags --libs "${private[@]}")
	for i in "${!f[@]}"; do [ "${f[i]}" != -lrfa ] || f[i]=$libdir/librfa.a; done
	cc -std=c11 -Wall -Wextra -Werror -o "$TMP/static" "$TMP/main.c" "${f[@]}" && "$TMP/static" &&
		not grep -q 'librfa.so' <(readelf -d "$TMP/static")
}
with_find_package() { # shared|static
	mkdir -p "$TMP/$1-project"
	cp "$TMP/main.c" "$TMP/$1-project"
	cat >"$TMP/$1-project/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES C)
find_package(rfa $version REQUIRED)
add_executable(consumer main.c)
target_link_libraries(consumer PRIVATE rfa::$1)
END
	cmake -S "$TMP/$1-project" -B "$TMP/$1-build" -DCMAKE_PREFIX_PATH="$PREFIX" &&
		cmake --build "$TMP/$1-build" && runs "$TMP/$1-build/consumer"
}
version=$(sed -n 's/^project(rfa VERSION \([0-9.]*\).*/\1/p' "$SRC/CMakeLists.txt")
ok "pkg-config knows the version" is "$(pkg-config --modversion rfa)" "$version"
ok "pkg-config says where it was installed to" is \
	"$(realpath -m "$(pkg-config --variable=prefix rfa)")" "$(realpath "$PREFIX")"
ok "a consumer with pkg-config" with_pkg_config
ok "a consumer with pkg-config, static" with_pkg_config_static
ok "a consumer with find_package, shared" with_find_package shared
ok "a consumer with find_package, static" with_find_package static
[ ! -e "$RFA" ] || ok "the command is installed and runs" says "$version" "$PREFIX/bin/rfa" --version
ok "neither the demo nor the simulated hosts are installed" \
	is "$(find "$PREFIX" "$TMP/from-half" -name '*demo*' -o -name '*sim*')" ""
leak() { grep -rlF -- "$SRC" "$PREFIX/include" "$libdir/pkgconfig" "$libdir/cmake"; }
ok "no installed text names the build's folder" not leak

done_testing
