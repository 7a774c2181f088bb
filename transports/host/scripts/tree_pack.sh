# shellcheck shell=sh
# Packs a copy into an archive: the same tar every time for the same copy.
#
# $1 the copy, $2 the archive. Says "BYTES SHA-256".
#
# Extended attributes are taken as they are, ACLs among them: tar's own text of an ACL names users, who
# are others on another host. Sparse files are in the oldest of the three forms, since the others have
# a process id in them.
#
# Exits with 44: there is no such copy; 48: the state directory cannot be written; 51: a tool is
# missing; 53: another user could have made what is there; 1.
. ./lib_trees.sh
spool=${2%/*} name=${2##*/}
need tar tee sha256sum
own find "$1" && [ -d tree ] && ! [ -L tree ] || die 44 "$1"
mkdir -p -- "$spool" || exit 48
! [ -d "$spool/$name" ] || die 1 "$name is an archive of images"
new=$spool/.new.$name
trap 'rm -f -- "$new"' EXIT
# How much of a file is allocated is certain only then.
sync -f -- tree 2>/dev/null || sync
# shellcheck disable=SC2046  # words are wanted
set -- $({ { {
	tar -c -f - -C tree --sort=name --format=posix --numeric-owner --sparse \
		--sparse-version=0.0 --xattrs --xattrs-include='*' \
		--pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' .
	echo tar $? >&3
} | {
	tee -- "$new"
	echo tee $? >&3
}; } | sha256sum >&3; } 3>&1)
well=
while [ $# -ge 2 ]; do
	case $1 in
	tar | tee) [ "$2" != 0 ] || well=$well$1 ;;
	*) sum=$1 ;;
	esac
	shift 2
done
[ ${#well} = 6 ] || exit 1
sync -- "$new" 2>/dev/null || sync
mv -fT -- "$new" "$spool/$name" || exit
onto_disk "$spool"
echo "$(stat -c %s -- "$spool/$name") $sum"
