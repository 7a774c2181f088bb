# shellcheck shell=sh
# Lists the directories of runs.
#
# $1 the directory that has them. Says "RUN KIB RUNNING" for each: how much it takes on the disk, and 1
# if one of its jobs runs. What no run can be called is left out. Exits with 1: it cannot be read.
. ./lib_alive.sh
[ -e "$1" ] || exit 0
[ -d "$1/" ] && [ -r "$1/" ] || { echo "$1 is no directory that can be read" >&2; exit 1; }
set +f
for dir in "$1"/*/; do
	dir=${dir%/}
	run=${dir##*/}
	case $run in *[!A-Za-z0-9._-]*) continue ;; esac
	[ ${#run} -le 128 ] || continue
	[ -d "$dir" ] && ! [ -L "$dir" ] || continue
	running=0
	for job in "$dir"/jobs/*/*/; do
		job=${job%/}
		set -f
		if [ -e "$job/pid" ] && ! [ -e "$job/status" ] && alive "$job"; then running=1; fi
		set +f
	done
	# What goes meanwhile takes nothing.
	kib=$(du -s -k -- "$dir" 2>/dev/null)
	kib=${kib%%[!0-9]*}
	printf '%s %s %s\n' "$run" "${kib:-0}" $running
done
exit 0
