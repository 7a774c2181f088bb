# shellcheck shell=sh
# Waits for the end of a job, two seconds at most so that the connection is seen to live.
#
# $1 the job's directory, $2 the most output to answer, $3 how much of the file log in it is known
# ("": nobody wants it). Says "done STATUS BYTES ERRBYTES" and both outputs, "running", "unclaimed", or
# "gone"; after "running" and the outputs comes what is new in the log: where it begins, on a line, and
# the bytes, the last 32 KiB of them.
. ./lib_alive.sh
size() { [ -s "$1" ] && stat -c %s "$1" || echo 0; }
said() {
	[ -n "$3" ] || return
	has=$(size "$1/log") from=$3
	[ $((has - from)) -le 32768 ] || from=$((has - 32768))
	echo "$from"
	[ "$has" -le "$from" ] || tail -c "+$((from + 1))" "$1/log" | head -c $((has - from))
}
n=0
while :; do
	says=running
	if ! [ -e "$1/pid" ]; then
		says=unclaimed
		[ -d "$1" ] || { echo gone; exit 0; }
	elif [ -e "$1/status" ] || ! alive "$1"; then
		# It may have ended between the two looks.
		[ -e "$1/status" ] || { echo gone; exit 0; }
		read -r status <"$1/status"
		out=$(size "$1/out") err=$(size "$1/err")
		[ "$out" -le "$2" ] || out=$2
		[ "$err" -le 16384 ] || err=16384
		echo "done $status $out $err"
		[ "$out" = 0 ] || head -c "$out" "$1/out"
		[ "$err" = 0 ] || tail -c "$err" "$1/err"
		said "$1" "$2" "$3"
		exit 0
	fi
	n=$((n + 1))
	if [ $n -gt 38 ]; then
		echo $says
		[ $says = unclaimed ] || said "$1" "$2" "$3"
		exit 0
	fi
	if [ -p "$1/end" ]; then
		n=38
		# Opening a FIFO for reading blocks until somebody has it open for writing.
		# shellcheck disable=SC2094  # both ends of one FIFO
		(exec 7<>"$1/end" 6<"$1/end" 7>&- && exec timeout 2 cat <&6)
	elif [ $n -le 20 ]; then sleep 0.02 2>/dev/null || sleep 1
	else sleep 0.1 2>/dev/null || sleep 1
	fi
done
