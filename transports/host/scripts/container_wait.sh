# shellcheck shell=sh disable=SC2034  # engine() has "within"
# Waits until a container has ended, and says its exit status on a line, then its last lines.
#
# $1 how many seconds, $2 the container. One that still runs then is stopped, and has the status 124.
# Exits with 62: it has never been started; else with docker's status.
is() { engine inspect --type container --format '{{.State.Status}} {{.State.ExitCode}}' -- "$1"; }
within="timeout -k 2 $1"
engine wait -- "$2" >/dev/null 2>&1
within=
state=$(is "$2") || exit
case $state in
created*) echo "$2 has never been started" >&2; exit 62 ;;
running* | paused* | restarting*)
	engine container stop -- "$2" >/dev/null || exit
	echo 124 ;;
*) echo "${state##* }" ;;
esac
engine logs --tail 50 -- "$2" 2>&1
