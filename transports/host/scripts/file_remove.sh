# shellcheck shell=sh
# Removes a file; one that is not there is no error.
#
# $1 the path. Exits with 53: another user could have led the script astray; 1.
. ./lib_private.sh
hold "${1%/*}/" || exit 0
name=${1##*/}
[ -d "./$name" ] && [ ! -L "./$name" ] && die 1 'it is a directory'
rm -f -- "./$name"
