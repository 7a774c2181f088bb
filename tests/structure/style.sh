#!/usr/bin/env bash
# Layout and shell, as `./dev lint` checks them.
# shellcheck disable=SC2317  # functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"
cd "$SRC" || exit 1

# Two versions of clang-format lay the same file out differently; this is the one that counts.
VERSION=14
formatted() { clang-format --style=file:"$SRC/.clang-format" --dry-run -Werror "$@"; }
mapfile -t sources < <(tracked '*.c' '*.h')
if ! command -v clang-format >/dev/null; then
	skip "C is laid out by clang-format" "no clang-format"
elif ! clang-format --version | grep -q "version $VERSION\."; then
	skip "C is laid out by clang-format" "another clang-format than $VERSION"
else
	ok "C is laid out by clang-format" formatted "${sources[@]}"
	printf 'int f( void ){return 0 ;}\n' >"$TMP/bad.c"
	ok "planted: a badly laid out file" not formatted "$TMP/bad.c"
fi

# A file that needs rulers between its parts is more than one file.
unruled() { ! grep -nE '/\*[[:space:]]*[-=*]{3,}' "$@"; }
ok "no comment is a ruler" unruled "${sources[@]}"
printf '/* ---- part ---- */\n' >"$TMP/ruled.c"
ok "planted: a ruler" not unruled "$TMP/ruled.c"

mapfile -t scripts < <(tracked | xargs awk 'FNR == 1 && /^(#!.*sh( |$)|# shellcheck shell=)/ {print FILENAME}')
if ! command -v shellcheck >/dev/null; then
	skip "shell scripts please shellcheck" "no shellcheck"
else
	ok "shell scripts please shellcheck" shellcheck -x -P SCRIPTDIR "${scripts[@]}"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nrm -rf $1/x\n' >"$TMP/bad.sh"
	ok "planted: an unquoted variable" not shellcheck "$TMP/bad.sh"
fi

done_testing
