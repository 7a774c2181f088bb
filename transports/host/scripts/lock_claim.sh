# shellcheck shell=sh
# Claims the host's lock for a run.
#
# $1 the state directory, $2 how many bytes of the lock's content come on standard input. It is linked
# into place, so that it is there with its whole content or not at all. The lock may be released
# between the failed link and the look: then it is tried again.
#
# Exits with 46: it is held, and its content is said; 47: the input was cut; 48: the state directory
# cannot be written; 1.
mkdir -p "$1" || exit 48
lock=$1/lock new=$1/lock.$$
trap 'rm -f "$new"' EXIT
rm -f "$new" && cat >"$new" || exit 48
[ "$(stat -c %s "$new")" = "$2" ] || exit 47
sync "$new" 2>/dev/null || sync
# shellcheck disable=SC2034  # five tries
for try in 1 2 3 4 5; do
	[ -d "$lock" ] && { echo "$lock is a directory" >&2; exit 1; }
	words=$(ln "$new" "$lock" 2>&1) && {
		sync "$1" 2>/dev/null || sync
		exit 0
	}
	[ -e "$lock" ] && head -c 65537 "$lock" && exit 46
done
echo "$words" >&2
exit 48
