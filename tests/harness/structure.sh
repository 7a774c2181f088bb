# shellcheck shell=bash
# What the tests of the tree's structure share; sourced after tap.sh.

command -v cc >/dev/null || skip_all "no C compiler"
PREFIX=$TMP/prefix
read -ra JANSSON <<<"$(pkg-config --cflags jansson)"

# The files of the project, whoever owns the checkout.
tracked() { git -C "$SRC" -c safe.directory='*' ls-files -- "$@"; }

installed() { # once; what CMake installs is the definition of public
	[ -d "$PREFIX" ] || cmake --install "$BUILD" --prefix "$PREFIX" >"$TMP/install.log" 2>&1 || {
		cat "$TMP/install.log"
		return 1
	}
}
public_headers() { (cd "$PREFIX/include/rfa" && find . -name '*.h' | sed 's|^\./||' | sort); }

# The functions that the public headers under DIR declare for export: after the preprocessor, so
# that neither comments nor conditions have to be understood here.
declared() { # DIR
	local h
	(cd "$1" && find . -name '*.h') | while read -r h; do
		printf '#include "%s"\n' "${h#./}" | cc -std=c11 -E -P -I "$1" "${JANSSON[@]}" -x c -
	done | tr '\n' ' ' | tr ';{}' '[\n*]' | grep 'visibility *("default")' |
		sed 's/__attribute__ *((.*visibility *("default")[^)]*))//' |
		grep -oE '\brfa_[a-z0-9_]+ *(\(|\[|=|$)' | grep -oE '^rfa_[a-z0-9_]+' | sort -u
}
