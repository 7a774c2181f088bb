# shellcheck shell=sh
# Runs a command of the operator's on the host itself, within a time, and says the beginning of what it
# wrote.
#
# $1 how many seconds, $2... NAME=VALUE of its environment, and the command. The status is that of the
# command; 124 (of busybox 143): its time was over, or what it has started still holds its output then.
# What it writes behind the first 64 KiB is read all the same.
within=$1
shift
exec 3>&1
status=$({ { timeout -k 2 "$within" env "$@" </dev/null 2>&1 3>&- 4>&-; echo $? >&4; } |
	{ timeout $((within + 3)) cat 3>&- 4>&- || echo 124 >&4; } |
	{ head -c 65536 >&3; cat >/dev/null; } 4>&-; } 4>&1)
# The last word counts.
exit "${status##*[!0-9]}"
