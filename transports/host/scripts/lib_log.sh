# shellcheck shell=sh
# Library: what a docker command has written, in the file log of the working directory. It stays for
# those who follow the job.
#
# log_end: the last lines, 50, and no more than 8 KiB; a line that would be cut is left out, as it may
# have a secret in it, of which a part would not be known.
log_end() {
	[ "$(tail -n 50 log | wc -c)" -gt 8192 ] || { tail -n 50 log; return; }
	case $(tail -n 50 log | tail -c 8192 | wc -l) in
	0 | 1) echo '(a line that is too long to be shown)' ;;
	*) tail -n 50 log | tail -c 8192 | tail -n +2 ;;
	esac
}
# log_fail STATUS: ends with these lines as the words. Statuses of ours are none of docker's.
log_fail() {
	log_end >&2
	[ "$1" -gt 128 ] || set -- 1
	exit "$1"
}
