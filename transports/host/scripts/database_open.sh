# shellcheck shell=sh
# Lets a database take sessions again.
#
# Arguments: see lib_database_one.sh. Exits with 1.
. ./lib_database_one.sh
sql open '' '' >/dev/null || exit 1
