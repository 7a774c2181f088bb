# shellcheck shell=sh
# Runs a command of Compose in a project's directory.
#
# $1 the directory, the rest are the words of the command. The project's files are relative to the
# directory. Exits with 44: there is no such directory; else with docker's status.
cd "$1" || exit 44
shift
engine compose "$@"
