# shellcheck shell=sh
# Writes the content of a file to standard output.
#
# $1 the path, $2 the most bytes. One more is asked for, since the file may grow meanwhile. A script that
# only reads may follow a link of anybody's, as the engine and Compose do.
#
# Exits with 44: it is not there; 49: it is larger; 1: it cannot be read.
size=$(stat -L -c %s -- "$1" 2>&1) || {
	echo "$size" >&2
	case $size in
	*': No such file or directory' | *': Not a directory') exit 44 ;;
	*) exit 1 ;;
	esac
}
[ -d "$1" ] && { echo 'it is a directory' >&2; exit 1; }
[ "$size" -le "$2" ] || exit 49
head -c $(($2 + 1)) <"$1"
