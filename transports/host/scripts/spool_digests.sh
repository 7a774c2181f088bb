# shellcheck shell=sh
# Says how many bytes an archive in the spool has, and the digest of each of its chunks.
#
# $1 the archive, $2 the size of a chunk, $3 how far. Exits with 51: there is no b2sum.
. ./lib_spool.sh
total=$(size "$1") || exit
echo "${total:=0}"
command -v b2sum >/dev/null || { echo b2sum >&2; exit 51; }
[ "$total" -le "$3" ] || total=$3
o=0
while [ "$o" -lt "$total" ]; do
	to=$((o + $2))
	[ $to -le "$total" ] || to=$total
	part "$1" "$o" "$to" | b2sum -l 256 || exit
	o=$to
done
