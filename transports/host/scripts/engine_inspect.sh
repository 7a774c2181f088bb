# shellcheck shell=sh
# Says what the engine knows of an object, as JSON.
#
# $1 the type, $2 the name. Exits with docker's status.
engine inspect --type "$1" -- "$2"
