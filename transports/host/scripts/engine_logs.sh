# shellcheck shell=sh
# Says the last lines of a container's log, both of its outputs in one.
#
# $1 the container, $2 how many lines, $3 a time ("": none): none of them is older then, and each has its
# own in front. The status is that of docker, not of tail.
exec 3>&1
status=$({ { engine logs --tail "$2" ${3:+--timestamps --since "$3"} -- "$1" 2>&1 3>&- 4>&-
	echo $? >&4; } |
	tail -c 1048576 >&3 3>&- 4>&-; } 4>&1)
exit "$status"
