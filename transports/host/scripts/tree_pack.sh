# shellcheck shell=sh
# Packs a copy into an archive: the same bytes every time for the same copy (and the same list).
#
# $1 the copy, $2 the archive, $3 how it is compressed: "", "gzip" or "zstd"; $4 the list of what the other
# host has, of which the archive says no more than where it belongs; "": it has nothing. Says "BYTES
# SHA-256".
#
# Exits with 44: there is no such copy; 48: the state directory cannot be written; 51: a tool is
# missing; 53: another user could have made what is there; 1.
. ./lib_trees.sh
. ./lib_blocks.sh
spool=${2%/*} name=${2##*/} zip=$3 list=$4
need tar tee sha256sum ${3:+"$3"} ${4:+perl b2sum}
own find "$1" && [ -d tree ] && ! [ -L tree ] || die 44 "$1"
mkdir -p -- "$spool" || exit 48
! [ -d "$spool/$name" ] || die 1 "$name is an archive of images"
new=$spool/.new.$name
trap 'rm -f -- "$new"; unscratch' EXIT
# How much of a file is allocated is certain only then.
sync -f -- tree 2>/dev/null || sync
lacked() { if [ -n "$list" ]; then cut_up delta "$list"; else cat; fi; }
zipped() {
	case $zip in
	zstd) zstd -3 -q -c ;;
	gzip) gzip -1 -n -c ;;
	*) cat ;;
	esac
}
# shellcheck disable=SC2046  # words are wanted
set -- $({ { {
	tarred -C tree .
	echo tar $? >&3
} | {
	lacked
	echo cut $? >&3
} | {
	zipped
	echo zip $? >&3
} | {
	tee -- "$new"
	echo tee $? >&3
}; } | sha256sum >&3; } 3>&1)
well=0
while [ $# -ge 2 ]; do
	case $1 in
	tar | cut | zip | tee) [ "$2" != 0 ] || well=$((well + 1)) ;;
	*) sum=$1 ;;
	esac
	shift 2
done
[ $well = 4 ] || exit 1
sync -- "$new" 2>/dev/null || sync
mv -fT -- "$new" "$spool/$name" || exit
onto_disk "$spool"
echo "$(stat -c %s -- "$spool/$name") $sum"
