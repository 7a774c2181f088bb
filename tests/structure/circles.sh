#!/usr/bin/env bash
# No circle of files: what a file needs, by include or by symbol, never needs that file in turn.
# shellcheck disable=SC2317  # functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"
command -v python3 >/dev/null || skip_all "no python3"

# Includes show what a file may use; the symbols of its object show what it does use, also where one
# header declares the functions of many files.
includes() { # FILE...: from the top of the tree
	awk -v OFS='\t' '
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		name = $0
		sub(/^[^"]*"/, "", name)
		sub(/".*$/, "", name)
		print "include", FILENAME, name
	}' "$@"
}
symbols() { # DIR OBJECT...: DIR/fsm/core/flow.c.o is the object of fsm/core/flow.c
	local dir=$1
	shift
	nm -A "$@" | awk -v OFS='\t' -v skip="$((${#dir} + 2))" '
		{
			file = substr($0, skip, index($0, ".o:") - skip)
			type = $(NF - 1)
			if (type ~ /^[Uw]$/) print "needs", file, $NF
			else if (type ~ /^[A-V]$/) print "defines", file, $NF
		}'
}
circles() { python3 "$SRC/tests/structure/circles.py"; }

PRODUCT='fsm|ledger|transports|cli'
product() { tracked "$@" | grep -E "^($PRODUCT)/"; }
objects() { # TARGET
	local file
	product '*.c' | while read -r file; do
		file=$BUILD/CMakeFiles/$1.dir/$file.o
		[ ! -f "$file" ] || echo "$file"
	done
}
edges() {
	local target files
	mapfile -t files < <(product '*.c' '*.h')
	(cd "$SRC" && includes "${files[@]}")
	for target in rfa_objects rfa_cli rfa; do
		mapfile -t files < <(objects "$target")
		symbols "$BUILD/CMakeFiles/$target.dir" "${files[@]}"
	done
}
edges >"$TMP/edges" 2>"$TMP/errors"
count() { grep -c "^$1" "$TMP/edges"; }
without_object() { comm -23 <(product '*.c' | sort) <(compiled | sort); }
compiled() { for t in rfa_objects rfa_cli rfa; do objects "$t"; done | sed 's|.*/CMakeFiles/[^/]*/||; s|\.o$||'; }
found() { circles <"$1"; }
# A file may compile to nothing: then nm says "no symbols" of it.
unread() { grep -v ': no symbols$' "$TMP/errors" || :; }
ok "the objects can be read" nothing unread
ok "every file has an object" nothing without_object
ok "there are includes and uses" test "$(count include)" -ge 300 -a "$(count needs)" -ge 1000
ok "no circle of files" nothing found "$TMP/edges"

# Planted: each kind of circle is found and named; what only looks like one is not.
plant() { # stdin: "FILE LINE"...; prints the circles
	local file o=()
	rm -rf "$TMP/tree" "$TMP/objects"
	mkdir -p "$TMP/tree/x" "$TMP/objects/x"
	awk -v dir="$TMP/tree/" '{name = $1; sub(/^[^ ]* /, ""); print >(dir name)}'
	(
		cd "$TMP/tree" || exit
		for file in x/*.c; do
			cc -std=c11 -I . -c -o "$TMP/objects/$file.o" "$file" || exit
			o+=("$TMP/objects/$file.o")
		done
		{
			includes x/*
			symbols "$TMP/objects" "${o[@]}"
		} | circles
	)
}
one_header=$(plant <<'END'
x/all.h int f(int), g(int), h(int);
x/a.c #include "x/all.h"
x/a.c int f(int n) { return g(n); }
x/b.c #include "x/all.h"
x/b.c int g(int n) { return n ? h(n) : f(n); }
x/c.c #include "x/all.h"
x/c.c int h(int n) { return n; }
END
)
ok "planted: two files that call each other, declared in one header of many" is "$one_header" \
	'circle of 2 files: x/a x/b
  x/a needs x/b: g
  x/b needs x/a: f'
table=$(plant <<'END'
x/a.h extern int (*const table[])(void);
x/b.h int f(void);
x/a.c #include "x/a.h"
x/a.c #include "x/b.h"
x/a.c int (*const table[])(void) = {f};
x/b.c #include "x/b.h"
x/b.c int g(void);
x/b.c int f(void) { return g(); }
x/c.c #include "x/a.h"
x/c.c int g(void);
x/c.c int g(void) { return table[0](); }
END
)
ok "planted: a table that leads back to its own file over two others" is "$table" \
	'circle of 3 files: x/a x/b x/c
  x/a needs x/b: f
  x/b needs x/c: g
  x/c needs x/a: table'
headers=$(plant <<'END'
x/a.h #ifndef A
x/a.h #define A
x/a.h #include "x/b.h"
x/a.h #endif
x/b.h #ifndef B
x/b.h #define B
x/b.h #include "x/a.h"
x/b.h #endif
x/c.c #include "x/b.h"
END
)
ok "planted: headers that include each other" is "$headers" \
	'circle of 2 files: x/a x/b
  x/a needs x/b: its header only
  x/b needs x/a: its header only'
legal=$(plant <<'END'
x/a.h int f(int);
x/b.h int g(int);
x/a.c #include "x/a.h"
x/a.c #include "x/b.h"
x/a.c static int own(int n) { return g(n); }
x/a.c int f(int n) { return own(n); }
x/b.c #include "x/b.h"
x/b.c static int own(int n) { return n; }
x/b.c int g(int n) { return own(n); }
x/c.c #include "x/a.h"
x/c.c #include "x/b.h"
x/c.c int h(int n);
x/c.c int h(int n) { return f(n) + g(n); }
END
)
ok "legal: layers, and statics of one name" is "$legal" ""

done_testing
