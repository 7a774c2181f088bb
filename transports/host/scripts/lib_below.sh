# shellcheck shell=sh
# Library: how a script gets to a file below a directory, where no link is followed.
#
# Exits with 44: the directory is not there; 45: something else has the name; 53: a link is on the way,
# or another user could have led the script astray; 1.
. ./lib_private.sh
# below find|make DIR PATH: to where PATH lies below DIR, and $name is what it is called there. 1: it is
# not there. make: directories on the way are made, and belong to the owner of the one above.
below() {
	hold "$2/" || return 1
	rest=$3
	while :; do
		case $rest in */*) ;; *) break ;; esac
		part=${rest%%/*} rest=${rest#*/}
		! [ -L "./$part" ] || die 53 "$part is a symbolic link"
		if ! [ -d "./$part" ]; then
			! there "./$part" || die 45 "$part is no directory"
			[ "$1" = make ] || return 1
			to=$owner:$group
			mkdir -m 755 -- "./$part" || exit
			step "$part"
			[ "$owner" = "$me" ] && [ -z "$(ls -A)" ] || die 53 'a directory was swapped'
			give . "$to"
			stand
		else
			step "$part"
		fi
	done
	# shellcheck disable=SC2034  # for the scripts
	name=$rest
}
# give NAME UID:GID: makes it theirs; a group that a user who is not root cannot give stays.
give() {
	[ "$(stat -c %u:%g -- "$1")" = "$2" ] || chown -h "$2" -- "$1" 2>/dev/null ||
		{ [ "$me" != 0 ] && [ "${2%%:*}" = "$me" ]; } || die 1 "$1 cannot be given to $2"
}
