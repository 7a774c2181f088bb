# shellcheck shell=sh
# Makes a database, and loads a dump into it.
#
# Arguments: see lib_database_one.sh; then $1 the copy with the dump ("": the database stays empty), $2
# the database to make. Exits
# with 44: there is no such copy; 53: another user could have made what is there; 1.
. ./lib_database_one.sh
[ -n "$1" ] || { sql make "$2" '' >/dev/null && inside fill "$2" '' </dev/null; exit; }
own find "$1" && [ -f tree/dump ] || die 44 "$1"
words=$(whole tree/dump) || die 1 "$words"
sql make "$2" '' >/dev/null || exit 1
inside load "$2" '' <tree/dump || exit 1
