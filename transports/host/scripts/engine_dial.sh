# shellcheck shell=sh
# Connects its input and output to the engine's API.
#
# $1 a line that is said first, behind whatever login files print; the rest is the docker command. Ends
# with docker's status.
LC_ALL=C
export LC_ALL
printf '\n%s\n' "$1"
shift
exec "$@" system dial-stdio
