# shellcheck shell=sh
# Writes the content of a file below a directory to standard output; no link is followed.
#
# $1 the directory, $2 the path below it, $3 the most bytes. Up to 64 KiB more are said, since the file may
# grow meanwhile. What takes its name after the look is not read: a link is not followed, and nothing is
# waited for.
#
# Exits with 44: it is not there; 45: something else has the name; 49: it is larger; 53: it is
# a link, one is on the way, or another user could have led the script astray; 1.
. ./lib_below.sh
below find "$1" "$2" || exit 44
[ -L "./$name" ] && die 53 "$name is a symbolic link"
there "./$name" || exit 44
[ -f "./$name" ] || die 45 "$name is no plain file"
size=$(stat -c %s -- "./$name") || exit 44
[ "$size" -le "$3" ] || exit 49
dd if="./$name" iflag=nofollow,nonblock bs=65536 count=$(($3 / 65536 + 1)) status=none
