# shellcheck shell=sh
# Pulls an image, in the directory of its job.
#
# $1 the reference, $2 a directory with a login, which goes when this ends ("": none), the rest are
# options of `docker pull`. Says the image's id on a line, then the last lines of the log.
#
# With a configuration of its own docker would not know any more which engine the user's own one
# names. What is between the commands and their end cannot be seen by others: only root and this user
# may look into the directory. Exits with 1, or more than 128 if the docker command was killed: the
# log's end is in the words.
. ./lib_log.sh
ref=$1 login=$2
shift 2
forget() {
	[ -n "$login" ] || return
	rm -rf -- "$login"
	rmdir -- "${login%/*}" "${login%/*/*}" 2>/dev/null
}
trap forget EXIT
trap 'exit 143' TERM
pull() {
	[ -n "$login" ] || { engine pull "$@" -- "$ref"; return; }
	at=
	[ -n "$DOCKER_HOST" ] ||
		at=$(engine context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)
	engine ${at:+"--host=$at"} "--config=$login" pull "$@" -- "$ref"
}
rm -f log
pull "$@" >log 2>&1
status=$?
forget
[ $status = 0 ] || log_fail $status
engine inspect --type image --format '{{.Id}}' -- "$ref" || exit
log_end
