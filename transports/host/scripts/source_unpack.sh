# shellcheck shell=sh
# Unpacks the files of a commit, whole or not at all.
#
# $1 the archive, $2 the directory in which they get one of their own, $3 the archive's SHA-256, which is
# the name of that directory.
#
# The bytes are looked at before tar sees them: whoever has made them has made no name that leads out of
# the directory. The directory gets its name when all of it is on the disk.
#
# Exits with 44: there is no archive; 50: it has other bytes; 51: a tool is missing; 1.
die() { s=$1; shift; printf '%s\n' "$*" >&2; exit "$s"; }
archive=$1 dir=$2 sum=$3
for tool in sha256sum tar; do
	command -v $tool >/dev/null || die 51 $tool
done
[ -f "$archive" ] || die 44 "${archive##*/}"
said=$(sha256sum <"$archive") || exit
[ "${said%% *}" = "$sum" ] || die 50 'these are not the bytes that were sent'
[ ! -d "$dir/$sum" ] || exit 0
umask 077
rm -rf -- "$dir/part" && mkdir -p -- "$dir/part" || exit
# The owner is who unpacks, the modes are the archive's.
tar -x -o -p -f "$archive" -C "$dir/part" || exit 1
chmod 755 -- "$dir/part" || exit
sync -f -- "$dir/part" 2>/dev/null || sync
mv -- "$dir/part" "$dir/$sum" || exit
sync -- "$dir" 2>/dev/null || sync
