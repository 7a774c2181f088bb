# shellcheck shell=sh
# Library: directories of rfa's own, into which nobody else can look (see lib_paths.sh).
#
# Exits with 1; 44: the directory in which a copy is to lie is not there; 45: something else has the
# name; 53: another user could have made what is there.
. ./lib_paths.sh
# plain: takes from the working directory what the one above it has handed down.
plain() {
	{ setfacl -b -k . || tar -c -f - --no-recursion . | tar -x -f - -p --acls; } 2>/dev/null
}
# private NAME: into a directory of rfa's own that lies in the working directory.
private() {
	[ -d "./$1" ] && ! [ -L "./$1" ] || die 45 "$1 is something else"
	step "$1"
	if [ "$owner" = "$me" ] && [ "${mode#2}" = 700 ]; then
		case $(ls -A) in '' | .rfa)
			chmod u=rwx,go=,g-s . && printf '%s\n' "$1" >.rfa && plain ||
				die 1 "$1 cannot be made private" ;;
		esac
		[ "$(cat .rfa 2>/dev/null)" != "$1" ] || return 0
	fi
	die 53 "$1 is not a directory that rfa has made ($(who)): remove it"
}
# leave NAME: out of it; it goes if nothing is in it any more.
leave() {
	case $(ls -A) in
	'' | .rfa) rm -f .rfa; cd -P .. && rmdir -- "./$1" 2>/dev/null ;;
	*) cd -P .. || exit ;;
	esac
	stand
}
# lies make|find COPY: into the directory of a copy that lies in the working directory; 1: there is none.
lies() {
	dir=${2%/*}
	dir=${dir##*/}
	if ! there "./$dir"; then
		[ "$1" = make ] || return 1
		mkdir -m 700 -- "./$dir" || exit
	fi
	private "$dir"
}
# own make|find COPY: the same, from the root.
own() {
	if ! hold "${2%/*/*}/"; then
		[ "$1" = make ] || return 1
		die 44 "${2%/*/*}"
	fi
	lies "$@"
}
# received BYTES: into a new directory, where standard input is the file `new`, whole; both go when the
# script ends. Exits with 47: the input was cut.
received() {
	dir=$(mktemp -d ./.rfa-new.XXXXXXXXXX) || exit
	step "${dir#./}"
	[ "$owner" = "$me" ] && [ "${mode#2}" = 700 ] || die 53 'a directory was swapped'
	trap 'rm -f new; cd -P .. && rmdir -- "$dir" 2>/dev/null' EXIT
	plain
	(set -C; cat >new) || exit
	[ "$(stat -c %s new)" = "$1" ] || exit 47
}
