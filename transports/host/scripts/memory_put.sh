# shellcheck shell=sh
# Keeps files with secrets for a job in the host's memory; says in which directory.
#
# $1 the run, $2 and $3 step and operation of the job, $4 the run's directory; then a name and how many
# bytes it has for each file: they come on standard input, one behind the other. Says nothing if the job
# was begun already. Exits with 47: the input was cut; 51: there is no memory to put it into; 53: another
# user has made what is there.
. ./lib_memory.sh
[ -e "$4/jobs/$2/$3/pid" ] && exit 0
run=$1 step=$2 op=$3
shift 4
for root in $(memory); do
	[ -w "$root" ] && [ -x "$root" ] || continue
	top=$root/rfa-secret-$run
	mkdir -m 700 -- "$top" 2>/dev/null
	ours "$top" || { echo "$top is not a directory that rfa has made: remove it" >&2; exit 53; }
	dir=$top/$step/$op
	rm -rf -- "$dir"
	mkdir -p -- "$top/$step" && mkdir -m 700 -- "$dir" || exit
	while [ $# -gt 1 ]; do
		# Not head: that of busybox reads on, into what belongs to the next one.
		dd bs="$2" count=1 iflag=fullblock 2>/dev/null >"$dir/$1" || exit
		if [ "$(stat -c %s -- "$dir/$1")" != "$2" ]; then rm -rf -- "$dir"; exit 47; fi
		shift 2
	done
	echo "$dir"
	exit 0
done
echo 'neither /dev/shm nor /run is a tmpfs that this user can write to' >&2
exit 51
