# shellcheck shell=sh
# Reads a dump: says "ok", or what is wrong with it.
#
# Arguments: see lib_database_one.sh; then $1 the copy with the dump. Exits with 44: there is none; 53:
# another user could have made what is there; else with docker's status where docker could not ask.
. ./lib_database_one.sh
own find "$1" && [ -f tree/dump ] || die 44 "$1"
patience
words=$(reads tree/dump)
status=$?
case $status$words in
0*) printf ok ;;
*'docker daemon'* | 1*'rror response from daemon'* | 12[67]*) die $status "$words" ;;
*) printf '%s' "$words" ;;
esac
