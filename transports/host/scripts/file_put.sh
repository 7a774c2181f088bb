# shellcheck shell=sh
# Writes a file below a directory, whole or not at all, with a mode and an owner.
#
# $1 the directory, $2 the path below it, $3 the mode, $4 how many bytes come on standard input, $5 whose
# it is to be (UID:GID); nothing: the owner's of the directory that it lies in. It is made in a directory
# that nobody else can look into, and renamed.
#
# Exits with 44: the directory is not there; 45: something else has the name; 47: the input was cut; 53:
# a link is on the way, or another user could have led the script astray; 1.
. ./lib_below.sh
below make "$1" "$2" || exit 44
[ -L "./$name" ] && die 53 "$name is a symbolic link"
! there "./$name" || [ -f "./$name" ] || die 45 "$name is no plain file"
to=${5:-$owner:$group}
received "$4"
give new "$to"
chmod "$3" new || exit
sync new 2>/dev/null || sync
mv -fT -- new "../$name" || exit
sync .. 2>/dev/null || sync
