# shellcheck shell=sh
# Says what the server says of a database, as JSON; or "DOWN" and why.
#
# Arguments: see lib_database_one.sh; then $1 the verb: "observe", or "look" into the database. Exits with
# 44: there is no such container; else with the status of docker or of the program, where that does not
# mean that the server is down.
. ./lib_database_one.sh
# Docker says on standard output that it could not run the program: that is no answer.
words=$PWD/words.$$
trap 'rm -f -- "$words"' EXIT
said=$(sql "$1" '' '' 2>"$words")
status=$?
[ $status != 0 ] || { printf '%s\n' "$said"; exit 0; }
said="$(cat "$words")$said"
case $status$said in
*[Nn]'o such container'*) die 44 "the container $container" ;;
1*' is not running'* | 1*' is restarting'* | 1*' is paused'*) ;;
2* | 3* | 126* | 127* | 97*) ;;
*) die $status "$said" ;;
esac
echo "DOWN $said"
