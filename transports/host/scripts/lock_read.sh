# shellcheck shell=sh
# Says the content of the host's lock.
#
# $1 the state directory. Exits with 44: there is no lock.
[ -e "$1/lock" ] || exit 44
head -c 65537 "$1/lock"
