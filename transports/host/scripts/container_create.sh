# shellcheck shell=sh
# Creates a container, and connects it to its networks before it has ever run.
#
# $1 the container, $2 a network that is not there, or nothing, $3 the request that creates it; the rest
# are the requests that take it out of a network and connect it to others.
#
# The engine does not look whether a network exists when a container is created, only when it starts:
# so whoever asks has looked.
#
# The command line cannot say all that the API can. dial-stdio carries a raw request; its input must
# stay open until the answer is there, since the engine cancels the request of a client that is gone.
# A FIFO that is held open both ways never ends, and needs no process that would have to be killed; the
# request is written from the background, for it may be larger than a pipe holds.
#
# Exits with 44: a network is not there; 60: the engine refused, and its reply is said; 61: the engine
# gave no answer; else with docker's status.
name=$1
[ -z "$2" ] || { echo "network $2 not found" >&2; exit 44; }
shift 2
ask() {
	rm -f fifo reply && mkfifo fifo || return
	exec 3<>fifo
	printf '%s' "$1" >&3 &
	engine system dial-stdio <&3 3>&- >reply
	asked=$?
	kill $! 2>/dev/null
	exec 3>&-
	code=
	# shellcheck disable=SC2034  # the version is of no interest
	read -r version code words 2>/dev/null <reply
	return $asked
}
ask "$1"
asked=$?
if [ "$code" != 201 ]; then
	[ -n "$code" ] || { echo 'the engine gave no answer' >&2; exit 61; }
	cat reply
	exit 60
fi
shift
for request; do
	ask "$request"
	[ "$code" = 200 ] && continue
	# Half a container is none: it never ran, so nothing is lost.
	engine container rm -- "$name" >/dev/null || exit
	cat reply
	exit 60
done
rm -f fifo reply
