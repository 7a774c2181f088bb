# shellcheck shell=sh
# Writes ranges of a file of saved images to standard output.
#
# $1 the file, then pairs of offset and size. Exits with the status of dd.
file=$1
shift
while [ $# -ge 2 ]; do
	dd if="$file" bs=65536 skip="$1" count="$2" status=none \
		iflag=skip_bytes,count_bytes,fullblock || exit
	shift 2
done
