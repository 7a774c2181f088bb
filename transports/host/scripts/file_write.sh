# shellcheck shell=sh
# Writes a file, whole or not at all.
#
# $1 the path, $2 the mode of a new file, $3 how many bytes come on standard input, $4 the state
# directory. A connection that breaks ends the input early: what is short is never renamed into place.
#
# The new file is made in a directory that nobody else can look into, whose name nobody can guess, and
# gets there all that the old one has but its content. A file with several names must stay one file:
# it is written over, and is not followed if it has become a symbolic link.
#
# Exits with 44: its directory is not there; 47: the input was cut; 53: another user could have led
# the script astray; 1.
. ./lib_private.sh
path=$1 hops=0
case $path in "$4"/*) mkdir -p -- "${path%/*}" || exit ;; esac
while :; do
	case $path in */*) walk "${path%/*}/" || exit 44 ;; esac
	name=${path##*/}
	[ -L "./$name" ] || break
	! shared || die 53 "$name is a symbolic link in a directory that others can change ($(who))"
	hops=$((hops + 1))
	[ $hops -le 40 ] || die 1 'too many symbolic links'
	path=$(readlink -- "./$name"; echo x)
	path=${path%??}
done
[ -d "./$name" ] && die 1 'it is a directory'
! there "./$name" || [ -f "./$name" ] || die 1 'it is no plain file'
received "$3"
links=1
if there "../$name"; then
	is=$(stat -c '%a %u:%g %h' -- "../$name") || exit
	links=${is##* } is=${is% *}
	if ! cp -aT --attributes-only -- "../$name" new 2>/dev/null; then
		chown -h "${is#* }" new && chmod "${is% *}" new || exit
	fi
	[ -f new ] && ! [ -L new ] && [ "$(stat -c %s new)" = "$3" ] ||
		die 53 'it was swapped while it was written'
else
	chmod "$2" new || exit
fi
sync new 2>/dev/null || sync
if [ "$links" = 1 ] || ! dd if=new of="../$name" oflag=nofollow conv=fsync status=none \
	2>/dev/null; then
	mv -fT -- new "../$name" || exit
else
	touch -h -r new -- "../$name" || exit
fi
sync .. 2>/dev/null || sync
