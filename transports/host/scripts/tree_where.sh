# shellcheck shell=sh
# Says where paths really are, whatever they are called.
#
# $1… absolute paths. Says "BYTES REAL DEVICE:INODE…" a path: of all that is on the way to it, from the
# root on, as far as it is there. Exits with 51: a tool is missing.
. ./lib_trees.sh
need readlink stat
one() {
	real=$(readlink -m -- "$1"; echo x)
	real=${real%??} at=
	rest=${real#/}
	printf '%s %s' "${#real}" "$real"
	set -- /
	while [ -n "$rest" ]; do
		at=$at/${rest%%/*}
		case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
		set -- "$@" "$at"
	done
	# shellcheck disable=SC2046  # words are wanted
	printf ' %s' $(stat -c %d:%i -- "$@" 2>/dev/null)
	echo
}
for path; do one "$path"; done
