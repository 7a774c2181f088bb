# shellcheck shell=sh
# Pulls an image, in the directory of its job.
#
# $1 the reference, $2 a directory with a login, which goes when this ends ("": none), $3 the platform
# ("": the engine's own). Says the image's id on a line, then the last lines of the log.
#
# With a configuration of its own docker would not know any more which engine the user's own one
# names. What is between the commands and their end cannot be seen by others: only root and this user
# may look into the directory. Exits with 1, or more than 128 if the docker command was killed: the
# log's end is in the words.
. ./lib_log.sh
. ./lib_memory.sh
ref=$1 login=$2 platform=$3
set -- ${platform:+"--platform=$platform"}
trap 'drop "$login"' EXIT
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
drop "$login"
[ $status = 0 ] || log_fail $status
show() { engine inspect --type image --format "$1" -- "$ref"; }
# Where the engine's store is containerd's, docker 26 takes an image of any platform.
is=$(show '{{.Os}}/{{.Architecture}}') || exit
case $platform/ in
/ | "$is"/*) ;;
*) echo "the image is for $is, and does not match the specified platform" >>log; log_fail 1 ;;
esac
show '{{.Id}}' || exit
log_end
