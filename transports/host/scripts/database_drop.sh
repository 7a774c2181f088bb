# shellcheck shell=sh
# Removes databases.
#
# Arguments: see lib_database_one.sh; then $1… their names. Exits with 1.
. ./lib_database_one.sh
for name; do
	sql drop "$name" '' >/dev/null || exit 1
done
