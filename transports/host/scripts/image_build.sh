# shellcheck shell=sh
# Builds an image with BuildKit, in the directory of its job.
#
# $1 the reference that it gets, $2 the directory of the context, $3 the Dockerfile, $4 a directory with
# secrets, which goes when this ends ("": none), the rest are options of `docker build`. Says the image's
# id on a line, then the last lines of the log: 50, and no more than 8 KiB. The engine moves the
# reference when the image is there.
#
# Attestations have a time stamp, and only buildx makes them: of what the command does not know, no
# option is used. Whom the environment would have build, for which platform, and what of git is told,
# does not count.
#
# Exits with 44: there is no context, or no Dockerfile; 51: no BuildKit works; 1, or more than 128 if
# the docker command was killed: the log's end is in the words.
. ./lib_log.sh
. ./lib_memory.sh
die() { s=$1; shift; printf '%s\n' "$*" >&2; exit "$s"; }
ref=$1 context=$2 dockerfile=$3 secrets=$4
shift 4
trap 'drop "$secrets"' EXIT
trap 'exit 143' TERM
[ -d "$context" ] || die 44 'there is no such directory'
[ -f "$dockerfile" ] || die 44 'there is no such file'
unset BUILDX_BUILDER BUILDX_GIT_LABELS DOCKER_DEFAULT_PLATFORM SOURCE_DATE_EPOCH
export DOCKER_BUILDKIT=1 BUILDX_GIT_INFO=false BUILDX_NO_DEFAULT_ATTESTATIONS=1
help=$(engine build --help 2>/dev/null)
case $help in *--progress*) ;; *) die 51 BuildKit ;; esac
case $help in *--provenance*) set -- --provenance=false "$@" ;; esac
case $help in *--sbom*) set -- --sbom=false "$@" ;; esac
rm -f id log
engine build --progress=plain --iidfile=id "--tag=$ref" "--file=$dockerfile" "$@" -- "$context" >log 2>&1
status=$?
drop "$secrets"
[ $status = 0 ] || { rm -f id; log_fail $status; }
# Where the engine's store is containerd's, the file may have the digest of the configuration, which
# is no id there.
show() { engine inspect --type image --format '{{.Id}}' -- "$1"; }
show "$(cat id)" 2>/dev/null || show "$ref" || exit
rm -f id
log_end
