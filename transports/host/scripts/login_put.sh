# shellcheck shell=sh
# Keeps a login for a job in the host's memory; says in which directory.
#
# $1 the run, $2 and $3 step and operation of the job, $4 how many bytes come on standard input (a
# config.json of docker's), $5 the run's directory. Says nothing if the job was begun already. Exits
# with 47: the input was cut; 51: there is no memory to put it into; 53: another user has made what is
# there.
. ./lib_memory.sh
[ -e "$5/jobs/$2/$3/pid" ] && exit 0
for root in $(memory); do
	[ -w "$root" ] && [ -x "$root" ] || continue
	top=$root/rfa-login-$1
	mkdir -m 700 -- "$top" 2>/dev/null
	ours "$top" || { echo "$top is not a directory that rfa has made: remove it" >&2; exit 53; }
	dir=$top/$2/$3
	rm -rf -- "$dir"
	mkdir -p -- "$top/$2" && mkdir -m 700 -- "$dir" || exit
	cat >"$dir/config.json" || exit
	if [ "$(stat -c %s -- "$dir/config.json")" != "$4" ]; then rm -rf -- "$dir"; exit 47; fi
	echo "$dir"
	exit 0
done
echo 'neither /dev/shm nor /run is a tmpfs that this user can write to' >&2
exit 51
