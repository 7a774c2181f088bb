# shellcheck shell=sh
# Library: how a script gets to where it works, in directories that others can write to.
#
# Root works in directories that other users can write to, and they may put another directory or a
# symbolic link in the place of a name between any two steps of a script. So no path is followed
# twice: a script goes into a directory once, part by part, and from there on names only what lies in
# it, or above it ("..").
#
# What root makes there lies in a directory that is root's alone: mode 0700, without what the
# directory above it would hand down (a default ACL, its group). Nobody else can look into it, and
# nobody can move it to another directory, since that takes the right to write to it: so ".." of it
# is always the directory in which it was made. A file `.rfa` in it, which only root could write, has
# its name, and tells it from any other (lib_private.sh).
#
# $me is the id of this user, as text; empty: it is not known yet. Exits with 1, or 53: another user
# could have led the script astray.
unset TAR_OPTIONS TAPE POSIXLY_CORRECT TMPDIR CDPATH
[ -n "$me" ] || me=$(id -u)
# die STATUS WORDS...: says no.
die() { s=$1; shift; printf '%s\n' "$*" >&2; exit "$s"; }
# there PATH: something has this name, if only a symbolic link to nowhere.
there() { [ -e "$1" ] || [ -L "$1" ]; }
# stand: looks at the working directory: $at (device:inode), $owner, $group, $mode, and $above, the one
# that it lies in.
stand() {
	# shellcheck disable=SC2046  # words are wanted
	set -- $(stat -c '%d:%i %u %g %a' . ..)
	[ $# = 8 ] || die 1 'the working directory cannot be looked at'
	at=$1 owner=$2 group=$3 mode=$4 above=$5
}
# shared: others than root and this user can change what is in the working directory.
shared() {
	[ "$owner" = 0 ] || [ "$owner" = "$me" ] || return 0
	case $mode in
	*[2367]) return 0 ;;
	*[2367]?) [ "$group" != 0 ] ;;
	*) return 1 ;;
	esac
}
# who: whose the working directory is, in words.
who() { echo "owner $(id -nu "$owner" 2>/dev/null || echo "$owner"), mode $mode"; }
# step NAME: into a directory that lies in the working directory.
step() {
	from_here=$at
	cd -P "./$1" || exit
	stand
	[ "$above" = "$from_here" ] || die 53 "$1 was swapped while it was looked at"
}
# straight PATH: the same as hold in one look, where root and this user alone can change anything on
# the way: nothing there is swapped by anybody else. 1: not so, or no look could tell.
straight() {
	left=$1 way=
	set -- /
	while [ -n "$left" ]; do
		part=${left%%/*}
		case $left in */*) left=${left#*/} ;; *) left= ;; esac
		case $part in
		'') continue ;;
		. | ..) return 1 ;;
		esac
		way=$way/$part
		set -- "$@" "$way"
	done
	left=$#
	# shellcheck disable=SC2046  # words are wanted
	set -- / $(stat -c '%f %u %g %a %d:%i' -- "$@" 2>/dev/null)
	[ $# = $((left * 5 + 1)) ] || return 1
	at=$6 chain=' '
	while :; do
		case $2 in 4*) ;; *) return 1 ;; esac
		owner=$3 group=$4 mode=$5 above=$at at=$6 chain="$chain$6 "
		shift 5
		[ $# -gt 1 ] || break
		[ "$owner" = 0 ] || [ "$owner" = "$me" ] || return 1
		case $mode in *[2367] | *[2367]?) return 1 ;; esac
	done
	cd -P "${way:-/}" 2>/dev/null || return
}
# walk PATH: goes there from the working directory; 1: it is not there. A symbolic link is followed only
# where nobody else could have made it. $chain: all directories on the way. $hops bounds a circle of
# links.
walk() {
	case $1 in /*) ! straight "$1" || return 0 ;; esac
	left=$1
	case $left in /*) cd / && stand && chain=" $at " || exit ;; esac
	while [ -n "$left" ]; do
		part=${left%%/*}
		case $left in */*) left=${left#*/} ;; *) left= ;; esac
		case $part in
		'' | .) continue ;;
		..) cd -P .. && stand && chain="${chain% * } " || exit; continue ;;
		esac
		if [ -L "./$part" ]; then
			! shared ||
				die 53 "$part is a symbolic link in a directory that others can change" \
					"($(who))"
			hops=$((hops + 1))
			[ $hops -le 40 ] || die 1 "$part: too many symbolic links"
			link=$(readlink -- "./$part"; echo x)
			link=${link%??}
			case $link in /*) cd / && stand && chain=" $at " || exit ;; esac
			left=$link/$left
			continue
		fi
		[ -d "./$part" ] || return 1
		step "$part"
		chain="$chain$at "
	done
}
# hold PATH: the same from the root.
hold() { hops=0; walk "$1"; }
