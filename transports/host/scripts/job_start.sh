# shellcheck shell=sh
# Starts a job if it never was, and follows it.
#
# $1 the job's directory, $2 and $3 as job_follow.sh, $4 the wrapper (job_run.sh), $5 the program.
# Exits with 48: the state directory cannot be written.
if ! [ -e "$1/pid" ]; then
	mkdir -p "$1" || exit 48
	printf '%s' "$4" >"$1/job.$$" && mv -f "$1/job.$$" "$1/job" || exit 48
	printf '%s' "$5" >"$1/cmd.$$" && mv -f "$1/cmd.$$" "$1/cmd" || exit 48
	# No descriptor of the connection may stay open in the job.
	(cd "$1" && nohup sh ./job </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &)
fi
. ./job_follow.sh
