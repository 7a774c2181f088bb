# shellcheck shell=sh
# Puts the chunks of a backup's member together again, as an archive in the spool.
#
# $1 the vault, $2 the backup, $3 the member, $4 the archive, $5 its bytes and $6 its SHA-256 as the
# manifest has them. Says them too. Exits with 44: the member is not there; 48: the state directory
# cannot be written; 50: it is not what the manifest says; 51: a tool is missing; 1.
. ./lib_vault.sh
dir=$1/$2 member=$3 spool=${4%/*} name=${4##*/} bytes=$5 sum=$6
need sha256sum tee
[ -f "$dir/$member.chunks" ] || die 44 "$dir/$member.chunks"
mkdir -p -- "$spool" || exit 48
new=$spool/.new.$name
trap 'rm -f -- "$new"' EXIT
bad() { die 50 "$*"; }
# shellcheck disable=SC2046  # words are wanted
set -- $({ { {
	(stream "$dir" "$member" 5>&1 1>&2)
	echo stream $? >&3
} | {
	tee -- "$new"
	echo tee $? >&3
}; } | sha256sum >&3; } 3>&1)
while [ $# -ge 2 ]; do
	case $1 in
	stream | tee) [ "$2" = 0 ] || exit "$2" ;;
	*) is=$1 ;;
	esac
	shift 2
done
[ "$(stat -c %s -- "$new") $is" = "$bytes $sum" ] ||
	die 50 "$member.chunks gives another archive than the manifest says"
sync -- "$new" 2>/dev/null || sync
mv -fT -- "$new" "$spool/$name" || exit
onto_disk "$spool"
echo "$bytes $is"
