# shellcheck shell=sh
# Says what the engine knows of all objects of a type, as JSON.
#
# $1 the type. What vanishes between the two commands is not worth an error: it is not there. Ids and
# volume names hold no blanks. Exits with docker's status.
case $1 in
container) ids=$(engine ps -aq --no-trunc) ;;
image) ids=$(engine image ls -q --no-trunc) ;;
network) ids=$(engine network ls -q --no-trunc) ;;
volume) ids=$(engine volume ls -q) ;;
esac || exit
[ -n "$ids" ] || { echo '[]'; exit 0; }
ids=$(printf '%s\n' "$ids" | sort -u)
other=
exec 3>&1
# shellcheck disable=SC2086  # ids have no blanks
words=$(engine inspect --type "$1" -- $ids 2>&1 >&3) && exit 0
status=$?
printf '%s\n' "$words" | {
	while read -r line; do
		case $line in '' | *[Nn]'o such '*) ;; *) echo "$line" >&2; other=1 ;; esac
	done
	[ -z "$other" ]
} || exit $status
