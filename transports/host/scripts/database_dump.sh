# shellcheck shell=sh
# Dumps a database into a copy.
#
# Arguments: see lib_database_one.sh; then $1 the copy. Says how many bytes the dump has. Exits with 44:
# the directory in which the copy is to lie is not there; 45: something else has its name; 53: another
# user could have made what is there; 1.
. ./lib_database_one.sh
own make "$1"
trap 'rm -rf -- part; leave "$dir"' EXIT
rm -rf --one-file-system -- tree part && mkdir -m 700 -- part || exit
inside dump '' '' </dev/null >part/dump || exit 1
[ -s part/dump ] || die 1 'the dump is empty'
words=$(whole part/dump) || die 1 "$words"
sync -- part/dump 2>/dev/null || sync
mv -T -- part tree || exit
onto_disk . ..
stat -c %s -- tree/dump
