# shellcheck shell=sh
# Says which files Compose would find for a project whose files nobody has named.
#
# $1 the directory, the rest are the words that name the project. Says those of the usual names, each
# ended by a NUL, an empty one, and what Compose's own variables are: a project of one service, whose
# labels Compose fills in as it fills in anything, with its .env file and all of its rules. Names and
# order: compose-go, cli/options.go. Exits with 44: there is no such directory; else with docker's
# status.
cd "$1" || exit 44
at=$1
shift
first() {
	for name in "$@"; do
		[ -e "${at%/}/$name" ] && printf '%s\0' "${at%/}/$name" && return
	done
	return 1
}
while :; do
	if first compose.yaml compose.yml docker-compose.yml docker-compose.yaml; then
		first compose.override.yml compose.override.yaml docker-compose.override.yml docker-compose.override.yaml
		break
	fi
	case $at in /*/*) at=${at%/*} ;; /?*) at=/ ;; *) break ;; esac
done
printf '\0'
# shellcheck disable=SC2016  # for Compose, not for sh
printf '%s' '{"services":{"rfa":{"image":"rfa","labels":{"files":"${COMPOSE_FILE-}","separator":"${COMPOSE_PATH_SEPARATOR-}"}}}}' |
	engine compose "$@" -f - config --format json
