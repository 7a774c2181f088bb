# shellcheck shell=sh
# Says which processes hold files of trees or databases open.
#
# $1 the ids of containers whose processes are not told, then pairs of a kind ("d", "f") and a path.
# Says "PID NUMBER COMMAND" a line, where NUMBER counts the pairs from 0.
#
# A container's id is a part of its cgroup's path, in v1 and v2 and with each cgroup driver. First all
# that any process holds is listed, as "H DEVICE:INODE PATH" (a look through /proc sees the same
# numbers from any mount or process namespace), then what is in the trees, as "T NUMBER DEVICE:INODE":
# only the first is kept in memory.
#
# To read the link itself needs the same right as to look through it, but no file system of the user's
# own can refuse it. The first process may be shut to root as well; it holds no data.
#
# Exits with 51: a tool is missing; 52: processes cannot be looked at; 1.
. ./lib_trees.sh
need find awk stat xargs readlink
[ -d /proc/1 ] || die 52 'processes of other users are hidden'
without=$1
shift
cd / || exit
patience
held() {
	set +f
	printf '%s\0' /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe \
		/proc/[0-9]*/fd/* /proc/[0-9]*/map_files/* |
		xargs -0 stat -L -c 'H %d:%i %n' -- 2>&4
	set -f
}
owned() {
	i=0
	while [ $# -ge 2 ]; do
		if [ "$1" = f ]; then
			find "$2" "$2-wal" "$2-journal" "$2-shm" -maxdepth 0 \
				-printf "T $i %D:%i\n" 2>/dev/null
		else
			find "$2" -xdev -printf "T $i %D:%i\n" 2>/dev/null
		fi
		i=$((i + 1))
		shift 2
	done
}
exec 3>&1
words=$({ {
	held
	owned "$@"
} | awk -v me=$$ -v parent=$PPID -v without="$without" '
	function left_out(pid,    file, line, got, i) {
		if (!ids || pid in out) return ids && out[pid]
		file = "/proc/" pid "/cgroup"
		out[pid] = 0
		while ((got = (getline line <file)) > 0)
			for (i = 1; i <= ids; i++)
				if (index(line, id[i])) out[pid] = 1
		if (got < 0) out[pid] = 1
		close(file)
		return out[pid]
	}
	BEGIN { ids = split(without, id, " ") }
	$1 == "H" {
		split($3, part, "/")
		pid = part[3]
		if (pid == me || pid == parent || ($2, pid) in known) next
		known[$2, pid] = 1
		pids[$2] = pids[$2] " " pid
	}
	$1 == "T" && $3 in pids {
		n = split(pids[$3], list, " ")
		for (i = 1; i <= n && told < 20; i++) {
			if ((list[i], $2) in said || left_out(list[i])) continue
			said[list[i], $2] = 1
			told++
			print list[i], $2
		}
	}' | while read -r pid i; do
	name=$(tr -d '\000-\037\177' 2>/dev/null <"/proc/$pid/comm")
	echo "$pid $i $name"
done >&3; } 4>&1 | sed -n "s|.*'/proc/\([0-9]*\)/.*Permission denied\$|\1|p" | sort -u)
for pid in $words; do
	[ "$pid$(id -u)" != 10 ] || continue
	readlink "/proc/$pid/cwd" >/dev/null 2>&1 || ! [ -d "/proc/$pid" ] ||
		die 52 "process $pid cannot be looked at"
done
