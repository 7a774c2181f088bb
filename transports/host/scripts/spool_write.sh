# shellcheck shell=sh
# Writes standard input into an archive in the spool.
#
# $1 the spool, $2 the name, $3 the offset. What was written is synced before dd ends. A block that is
# not full when the connection breaks is written too. Exits with 48: the state directory cannot be
# written; 1: the archive was made on this host.
LC_ALL=C; export LC_ALL; umask 077
mkdir -p "$1" || exit 48
[ -d "$1/$2" ] && { echo "$2 was made here, not received" >&2; exit 1; }
dd of="$1/$2" bs=262144 seek="$3" status=none \
	iflag=fullblock oflag=seek_bytes conv=notrunc,fsync || exit
sync "$1" 2>/dev/null || sync
