# shellcheck shell=sh
# Library: the bytes of an archive in the spool.
#
# An archive that was received is a plain file. One that was made on this host is a directory: `save`
# (what docker wrote), `frame` (rfa's own bytes), and `segments`, one line "save|frame OFFSET SIZE"
# each, which give the archive when they are put together.
# range FILE FROM COUNT: prints these bytes of a file.
range() {
	dd if="$1" bs=262144 skip="$2" count="$3" status=none \
		iflag=skip_bytes,count_bytes,fullblock
}
# part ARCHIVE FROM TO: prints these bytes of an archive of either kind.
part() {
	[ -d "$1" ] || { range "$1" "$2" $(($3 - $2)); return; }
	at=0
	while read -r what from size; do
		end=$((at + size))
		if [ $end -gt "$2" ] && [ $at -lt "$3" ]; then
			a=0 b=$size
			[ $at -ge "$2" ] || a=$(($2 - at))
			[ $end -le "$3" ] || b=$(($3 - at))
			range "$1/$what" $((from + a)) $((b - a)) || return
		fi
		at=$end
	done <"$1/segments"
}
# size ARCHIVE: how many bytes it has; nothing if there is none.
size() {
	if [ -e "$1/segments" ]; then
		at=0
		while read -r what from size; do at=$((at + size)); done <"$1/segments"
		echo $at
	elif [ -f "$1" ]; then
		stat -c %s -- "$1"
	fi
}
