# shellcheck shell=sh
# Compares what Compose makes of a project's files with what it finds by itself.
#
# $1 the directory, $2 how many words name files; then these, then those that name the project. Exits
# with 45: the two differ; 44: there is no such directory; else with docker's status.
cd "$1" || exit 44
n=$2
shift 2
listed=$(engine compose "$@" config 2>/dev/null)
shift "$n"
own=$(engine compose "$@" config) || exit
[ "$own" = "$listed" ] || exit 45
