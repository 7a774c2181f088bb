# shellcheck shell=sh
# Library: what a docker command has written, in the file log of the working directory.
#
# log_end: the last lines, 50, and no more than 8 KiB; and the file goes.
log_end() { tail -n 50 log | tail -c 8192; rm -f log; }
# log_fail STATUS: ends with these lines as the words. Statuses of ours are none of docker's.
log_fail() {
	log_end >&2
	[ "$1" -gt 128 ] || set -- 1
	exit "$1"
}
