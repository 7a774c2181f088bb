# shellcheck shell=sh
# Says "running" if a job of a step runs.
#
# $1 the directory of the step's jobs. What has not begun is claimed for nobody: it never will. Exits
# with 48: the state directory cannot be written.
. ./lib_alive.sh
[ -d "$1" ] || exit 0
set +f
for job in "$1"/*/; do
	job=${job%/}
	[ -d "$job" ] || continue
	if ! [ -e "$job/pid" ]; then
		echo '0 0 nobody' >"$job/void.$$" || exit 48
		ln "$job/void.$$" "$job/pid" 2>/dev/null
		rm -f "$job/void.$$"
	fi
	set -f
	if ! [ -e "$job/status" ] && alive "$job"; then echo running; exit 0; fi
	set +f
done
exit 0
