# shellcheck shell=sh
# Removes the secrets that jobs of a run have left in the host's memory.
#
# $1 the run, $2 the run's directory. What a job that runs needs is left. Exits with 46: there is such
# a job.
. ./lib_alive.sh
. ./lib_memory.sh
held=0
for root in $(memory); do
	top=$root/rfa-secret-$1
	ours "$top" || continue
	set +f
	for dir in "$top"/*/*/; do
		set -f
		dir=${dir%/}
		op=${dir##*/} step=${dir%/*} step=${step##*/}
		job=$2/jobs/$step/$op
		if [ -e "$job/pid" ] && ! [ -e "$job/status" ] && alive "$job"; then
			held=1
		else
			rm -rf -- "$dir"
		fi
	done
	set +f
	for dir in "$top"/*/; do rmdir -- "$dir"; done 2>/dev/null
	set -f
	rmdir -- "$top" 2>/dev/null
done
[ $held = 0 ] || exit 46
