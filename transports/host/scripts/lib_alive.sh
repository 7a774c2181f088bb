# shellcheck shell=sh
# Library: whether the process of a job still lives.
boot=; read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id
# alive DIR: the process that claimed the job in DIR still lives. Needs $boot. A zombie has ended: in a
# container nobody may ever reap it.
alive() {
	read -r pid start claimed 2>/dev/null <"$1/pid" || return 1
	[ "$claimed" = "$boot" ] || return 1
	read -r line 2>/dev/null <"/proc/$pid/stat" || return 1
	line=${line##*) }
	# shellcheck disable=SC2086  # words are wanted
	set -- $line
	[ "$1" != Z ] && [ "${20}" = "$start" ]
}
