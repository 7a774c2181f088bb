# shellcheck shell=sh
# Says what the server says of a database, as JSON; or "DOWN" and why.
#
# Arguments: see lib_database_one.sh; then $1 the verb: "observe", or "look" into the database. Exits with 44: there is no such container; else with the status
# of docker or of the program, where that does not mean that the server is down.
. ./lib_database_one.sh
exec 3>&1
words=$(sql "$1" '' '' 2>&1 >&3)
status=$?
[ $status != 0 ] || exit 0
case $status$words in
*[Nn]'o such container'*) die 44 "the container $container" ;;
1*' is not running'* | 1*' is restarting'* | 1*' is paused'*) ;;
2* | 3* | 126* | 127* | 97*) ;;
*) die $status "$words" ;;
esac
echo "DOWN $words"
