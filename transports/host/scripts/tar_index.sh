# shellcheck shell=sh
# Says the headers of a tar archive, and the content of those that name or size the next entry.
#
# $1 the file, $2 where to begin, $3 the size of the first entry or -1 (taken from its header). tar.h
# says how the answer is read.
#
# od is the only reader of binary data that every host has. It is one process for each header: the
# shell itself works out size and type from the bytes, and prints all of them for rfa to check. Numbers
# over the octal range are base 256 (GNU) or in a pax record, which the shell leaves to rfa: it stops,
# and is asked again with the size.
#
# Exits with 44: the file is not there; 1: it cannot be read.
[ -f "$1" ] || exit 44
file=$1 o=$2 given=$3
total=$(stat -c %s -- "$file") || exit
echo "size $total"
bytes() { od -An -v -tu1 -j "$1" -N "$2" -- "$file"; }
n=0
while [ $((o + 512)) -le "$total" ]; do
	n=$((n + 1))
	[ $n -le 1000 ] || { echo more; exit 0; }
	# shellcheck disable=SC2046  # words are wanted
	set -- $(bytes "$o" 512)
	[ $# = 512 ] || exit 1
	echo "head $o $*"
	type=${157} size=0
	[ "$1" != 0 ] || { echo end; exit 0; }
	shift 124
	i=0
	if [ "$1" -ge 128 ]; then
		shift 4
		while [ $i -lt 8 ]; do size=$((size * 256 + $1)) i=$((i + 1)); shift; done
	else
		while [ $i -lt 12 ]; do
			[ "$1" -lt 48 ] || [ "$1" -gt 55 ] || size=$((size * 8 + $1 - 48))
			i=$((i + 1))
			shift
		done
	fi
	[ "$given" = -1 ] || size=$given
	given=-1
	[ "$size" -ge 0 ] && [ "$size" -le "$total" ] || { echo end; exit 0; }
	at=$((o + 512))
	o=$((at + (size + 511) / 512 * 512))
	case $type in
	75 | 76 | 120)
		[ "$size" -le 65536 ] || { echo end; exit 0; }
		# shellcheck disable=SC2046  # words are wanted
		set -- $(bytes "$at" "$size")
		echo "data $at $*"
		# These are "size=".
		case " $* " in *' 115 105 122 101 61 '*) echo more; exit 0 ;; esac ;;
	esac
done
echo end
