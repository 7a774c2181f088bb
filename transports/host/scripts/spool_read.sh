# shellcheck shell=sh
# Writes an archive in the spool to standard output.
#
# $1 the archive, $2 from where. Exits with 44: it is not there.
LC_ALL=C; export LC_ALL
. ./lib_spool.sh
total=$(size "$1") || exit
[ -n "$total" ] || exit 44
[ "$2" -lt "$total" ] || exit 0
part "$1" "$2" "$total"
