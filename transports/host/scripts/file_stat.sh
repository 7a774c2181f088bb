# shellcheck shell=sh
# Says what a path is: type and mode, owner, group, size and time; or "none".
#
# $1 the path. The kernel's words come last in what stat says, so a name that holds them cannot
# pretend. Type, owner and size are those of a symbolic link itself. Exits with 1: it cannot be told.
if words=$(stat -c '%f %u %g %s %Y' -- "$1" 2>&1); then
	echo "$words"
	exit 0
fi
case $words in
*': No such file or directory' | *': Not a directory') echo none ;;
*) echo "$words" >&2; exit 1 ;;
esac
