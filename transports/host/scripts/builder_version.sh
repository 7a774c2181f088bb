# shellcheck shell=sh
# Says which BuildKit there is: what buildx says of itself, or the version of a docker command that
# needs no plugin for it.
#
# Says nothing if `docker build` does not build with BuildKit: only with it has the command an option
# --progress. Since version 23 it needs the plugin; before that it may do without. Exits with docker's
# status if the engine does not answer.
version=$(engine version --format '{{.Client.Version}}') || exit
export DOCKER_BUILDKIT=1
case $(engine build --help 2>/dev/null) in
*--progress*) engine buildx version 2>/dev/null || echo "docker $version" ;;
esac
