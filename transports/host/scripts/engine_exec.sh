# shellcheck shell=sh disable=SC2034  # engine() has "within"
# Runs a command in a container, within a time, and says the beginning of what it wrote.
#
# $1 how many seconds, $2 the container, $3... the command. The status is that of docker. What the
# command writes behind the first 64 KiB is read all the same: it is not to die of it.
within="timeout -k 2 $1"
shift
exec 3>&1
status=$({ { engine exec -- "$@" </dev/null 2>&1 3>&- 4>&-; echo $? >&4; } |
	{ head -c 65536 >&3; cat >/dev/null; } 4>&-; } 4>&1)
exit "$status"
