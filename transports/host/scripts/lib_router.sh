# shellcheck shell=sh disable=SC2034  # not every driver needs all of its arguments
# Library: a router in a container, and the file with its shares in a directory of the host.
#
# Arguments of a script that has it: $1 look or set, $2 the container, $3 the port on its loopback where
# it takes orders, $4 the directory with the file as the container has it, $5 the same on the host, $6 the
# service, $7 its port, $8 the share that is set.
#
# look says lines: "live N", "kept N", "since TEXT", and for "blue" and "green" each "SIDE UP ADDRESS
# IN-FLIGHT REQUESTS ERRORS": 1 or 0, and "-" for what it cannot tell.
. ./lib_private.sh
verb=$1 container=$2 control=$3 inside=$4 directory=$5 service=$6 port=$7 share=$8
# ask ADDRESS PORT [SECONDS]: sends standard input there, as seen from the container, and says what comes
# back; at most for so long, 10 if it is not said.
ask() {
	# shellcheck disable=SC2016  # the container's own shell reads it
	engine exec -i -- "$container" sh -c '
		if command -v bash >/dev/null 2>&1; then
			exec timeout "$3" bash -c "exec 3<>/dev/tcp/\$0/\$1 && cat >&3 && cat <&3" "$1" "$2"
		elif command -v nc >/dev/null 2>&1; then
			exec timeout "$3" nc "$1" "$2"
		fi
		echo "the container has neither bash nor nc" >&2
		exit 1' sh "$1" "$2" "${3:-10}"
}
# found FILE: it is there; not in a pipeline, which would go on.
found() {
	[ -f "$directory/$1" ] || die 1 "there is no $directory/$1: rfa init --router says how it is made"
}
# shares FILE: "SERVICE N" of each line of it, which may begin with "# ".
shares() {
	sed -n 's/^\(# \)\{0,1\}\([A-Za-z0-9._-]\{1,\} [0-9]\{1,\}\)$/\2/p' "$directory/$1"
}
# kept FILE: the share of the service in it; 0 where it has none.
kept() {
	found "$1"
	shares "$1" | { n=0; while read -r name is; do [ "$name" != "$service" ] || n=$is; done; echo "$n"; }
}
# with_share FILE: the same without the service, and the service with its new share.
with_share() {
	found "$1"
	shares "$1" | { while read -r name is; do [ "$name" = "$service" ] || echo "$name $is"; done; }
	echo "$service $share"
}
# keep FILE TEXT: the file has this text, durably, whole or not at all.
keep() (
	hold "$directory/" || die 44 "$directory is not there"
	printf '%s\n' "$2" | {
		received $((${#2} + 1))
		chmod 644 new || exit
		sync new 2>/dev/null || sync
		mv -fT -- new "../$1" || exit
		sync .. 2>/dev/null || sync
	}
)
