# shellcheck shell=sh
# Library: directories in the host's memory (tmpfs), which no disk keeps and nobody else can read.
#
# memory: prints the directories in which one may be made. Of several mounts on one place the last
# counts.
memory() {
	for root in /dev/shm /run; do
		type=
		while read -r _ at is _; do
			[ "$at" != "$root" ] || type=$is
		done </proc/mounts
		[ "$type" != tmpfs ] || echo "$root"
	done
}
# ours DIR: it is a directory of this user's own, which nobody else can read.
ours() {
	[ -d "$1" ] && ! [ -L "$1" ] && [ "$(stat -c '%u %a' -- "$1")" = "$(id -u) 700" ]
}
# drop DIR: what is kept for a job goes ("": nothing is).
drop() {
	[ -n "$1" ] || return
	rm -rf -- "$1"
	rmdir -- "${1%/*}" "${1%/*/*}" 2>/dev/null
}
