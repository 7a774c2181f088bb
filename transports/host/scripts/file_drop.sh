# shellcheck shell=sh
# Removes a file below a directory, or a directory that is empty; what is not there, or not empty, stays.
#
# $1 the directory, $2 the path below it. A link is removed, never what it points to.
#
# Exits with 53: a link is on the way, or another user could have led the script astray; 1.
. ./lib_below.sh
below find "$1" "$2" || exit 0
if [ -d "./$name" ] && ! [ -L "./$name" ]; then
	rmdir -- "./$name" 2>/dev/null
else
	rm -f -- "./$name" || exit
fi
sync . 2>/dev/null || sync
