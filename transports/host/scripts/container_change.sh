# shellcheck shell=sh
# Starts, stops, renames or removes a container, or changes its restart policy.
#
# $1 the verb, $2 the container, $3 the new name or the policy. A name of hexadecimal digits only could
# be taken for the beginning of another container's id: it must be this one's name. What is as long as
# a whole id is the beginning of no other. Exits with 44: it is not there; else with docker's status.
case ${#2}:$2 in
64:* | *:*[!0-9a-f]*) ;;
*)
	is=$(engine inspect --type container --format '{{.Name}} {{.Id}}' -- "$2") || exit
	case $is in
	"/$2 "* | *" $2") ;;
	*) echo "No such container: $2" >&2; exit 44 ;;
	esac ;;
esac
case $1 in
rename) engine container rename -- "$2" "$3" ;;
update) engine container update --restart="$3" -- "$2" ;;
*) engine container "$1" -- "$2" ;;
esac
