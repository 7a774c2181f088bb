# shellcheck shell=sh disable=SC2317,SC3013  # `each` calls functions; dash, bash and busybox know -ef
# Puts copies in the place of trees or databases, and what was there into other copies, by rename.
#
# $1… groups of four: a kind ("d", "f"), the place, in, out. All are looked at before one is touched,
# and again when all is done: nothing but the end of every swap is a success.
#
# Where a swap stands is read off what exists (i, o: the copy `in`, `out`; p: the place):
#
# p i o | in and out                 | p i | in only      | p o | out only
# 1 1 0 | begins: place to out       | 0 1 | in to place  | 1 0 | place to out
# 0 1 1 | half-way: in to place      | 1 0 | done         | 0 1 | done
# 1 0 1 | done                       |     |              |     |
#
# Anything else is no stage of it. Of a database, `exists` is said of the file db alone. Its companions
# go first, as hard links: until db itself is renamed, nothing is missing from where it was, so that
# what starts on it after a power cut finds all of it; and a companion that is no link to one of ours
# is seen to be another's.
#
# Exits with 44: the place or a copy is not there; 45: what was to be made is there; 51: a tool is
# missing; 53: another user could have led the script astray; 1.
. ./lib_trees.sh
need awk readlink tar
mv --no-copy --version >/dev/null 2>&1 && strict=--no-copy || strict=
beside() {
	case $1 in
	'') beside='' bare=''; return ;;
	*/.rfa-*/tree) beside=${1%/tree} bare='' ;;
	*) beside=$1 bare=1 ;;
	esac
	[ "${place%/*}" = "${beside%/*}" ] ||
		[ "$(hold "${beside%/*}/" && echo "$at")" = "$at" ] ||
		die 1 "$1 does not lie beside $place"
	beside=${beside##*/}
}
# at_place: stands where the place lies; sets $name to its name there, $in and $out to those of the
# directories of the copies. They lie there too, so that a rename between them never copies.
at_place() {
	hold "${place%/*}/" || die 44 "${place%/*}"
	name=${place##*/}
	beside "$from"; in=$beside bare_in=$bare
	beside "$to"; out=$beside bare_out=$bare
	if [ "$kind" = f ]; then is=-f db=/db; else is=-d db=; fi
}
kind_of() {
	there "$1" || return 4
	test "$is" "$1" && ! [ -L "$1" ] || die 45 "$2 is something else"
}
# bare DIR: it is the copy itself, as an earlier rfa made it. That is believed only where nobody else could
# have put it.
bare() {
	[ "$1" = "$in" ] && [ -n "$bare_in" ] && return
	[ "$1" = "$out" ] && [ -n "$bare_out" ]
}
# copied DIR: is there a copy in it; goes into it.
copied() {
	there "./$1" || return 4
	if bare "$1"; then
		! shared || die 53 "$1: others can change where it lies ($(who))"
		kind_of "./$1$db" "$1"
	else
		private "$1"
		kind_of "tree$db" "$1"
	fi
}
digit() {
	if [ -z "$2" ]; then digit=-; else
		("$@")
		digit=$?
		case $digit in 0) digit=1 ;; 4) digit=0 ;; *) exit "$digit" ;; esac
	fi
	stage=$stage$digit
}
# stage: sets $stage to the three digits of the drawing, "-" for what is not asked for.
stage() {
	stage=
	digit kind_of "./$name" "$place"
	digit copied "$in"
	digit copied "$out"
}
# strange SUFFIX: a companion lies at the place that belongs to neither copy.
strange() {
	there "./$name$1" || return 1
	for dir in "$in" "$out"; do
		[ -z "$dir" ] || ! there "./$dir" ||
			! (inside "$dir" && [ "$up/$name$1" -ef "db$1" ]) || return 1
	done
}
# once: no two places are one, and none lies in another, whatever they are called.
once() {
	case $names in *" $at/$name "*) die 45 "$place is named twice" ;; esac
	names="$names$at/$name "
	id=$(stat -c %d:%i -- "./$name" 2>/dev/null)
	for other in $ids; do
		case "$chain$id " in *" $other "*) die 45 "$place is part of another place" ;; esac
	done
	case " $chains" in *" ${id:--} "*) die 45 "$place has another place in it" ;; esac
	ids="$ids $id" chains="$chains$chain"
}
look() {
	at_place
	once
	stage
	case $stage in
	110 | 01- | 1-0 | 011) ;;
	101 | 10- | 0-1) return ;;
	*1*1 | 11-) [ "$stage" = 11- ] && die 45 "$place" || die 45 "$to" ;;
	*) [ "$stage" = 010 ] || [ -z "$from" ] && die 44 "$place" || die 44 "$from" ;;
	esac
	if [ "$kind" = d ]; then
		case $stage in
		1*) [ -z "$(mounted "$(place "$name")")" ] || die 1 "something is mounted on $place" ;;
		esac
		return
	fi
	case $stage in 0*) for s in -wal -journal; do
		! strange "$s" || die 45 "$place$s"
	done ;; esac
}
done_all() {
	at_place
	stage
	case $stage in 101 | 10- | 0-1) ;; *) die 1 "$place was not swapped" ;; esac
}
# rename A B: once, and never over something. An old mv says nothing when it refuses.
rename() {
	# shellcheck disable=SC2086  # no word, if it is empty
	mv -nT $strict -- "$1" "$2" || exit
	! there "$1" || die 45 "$place"
}
# inside DIR: into the copy that lies in it; $up: from there to where the place lies.
inside() {
	up=..
	if bare "$1"; then
		step "$1"
	else
		private "$1"
		[ "$kind" = d ] || { up=../..; step tree; }
	fi
}
# moved A B: the same as rename, and it is what it should be.
moved() {
	rename "$1" "$2"
	test "$is" "$2" && ! [ -L "$2" ] ||
		{ mv -nT -- "$2" "$1"; die 53 "$place was swapped by somebody"; }
}
# leaves, cleared, comes, spent: the halves of a swap, and what is left over of each; a power cut may
# come anywhere.
leaves() {
	if [ "$kind" = d ] && [ -n "$bare_out" ]; then
		rename "./$name" "./$out"
		return
	fi
	there "./$out" || mkdir -m 700 -- "./$out" || exit
	if [ "$kind" = f ] && [ -z "$bare_out" ]; then
		(private "$out" && { [ -d tree ] || mkdir -m 700 -- tree; }) || exit
	fi
	inside "$out"
	if [ "$kind" = f ]; then
		rm -f -- db-wal db-journal db-shm || exit
		for s in -wal -journal; do
			! [ -f "$up/$name$s" ] || ln -P -- "$up/$name$s" "db$s" || exit
			! [ -L "db$s" ] || die 53 "$place$s is a symbolic link"
		done
		moved "$up/$name" db
	else
		moved "../$name" tree
	fi
	onto_disk . ..
}
cleared() {
	rm -f -- "./$name-shm" || exit
	for s in -wal -journal; do
		[ -z "$out" ] ||
			! (inside "$out" && [ "$up/$name$s" -ef "db$s" ]) || rm -f -- "./$name$s" || exit
	done
	[ -z "$out" ] || (inside "$out" && onto_disk . .. "$up") || exit
}
comes() {
	if [ "$kind" = d ] && [ -n "$bare_in" ]; then
		rename "./$in" "./$name"
	elif [ "$kind" = d ]; then
		(private "$in" && rename tree "../$name") || exit
	else
		(inside "$in"
		for s in -wal -journal; do
			! [ -e "db$s" ] || [ "$up/$name$s" -ef "db$s" ] || ln -- "db$s" "$up/$name$s" || exit
		done
		rename db "$up/$name") || exit
	fi
}
spent() {
	there "./$in" || return 0
	if [ -n "$bare_in" ]; then
		(step "$in" && rm -f -- db-wal db-journal db-shm) || exit
		rmdir -- "./$in" 2>/dev/null
		return 0
	fi
	(private "$in"
	if [ "$kind" = f ] && [ -d tree ]; then
		rm -f -- tree/db-wal tree/db-journal tree/db-shm || exit
		rmdir -- tree 2>/dev/null
	fi
	leave "$in") || exit
}
swap() {
	at_place
	stage
	case $stage in 1*0) (leaves) || exit; stage=0${stage#1} ;; esac
	case $kind$stage in f0*) cleared ;; esac
	case $stage in 01*) comes; stage=10${stage#??} ;; esac
	case $stage in 10*) spent ;; esac
	onto_disk .
}
each() {
	what=$1 names=' ' ids='' chains=''
	shift
	while [ $# -ge 4 ]; do
		kind=$1 place=$2 from=$3 to=$4
		$what
		shift 4
	done
}
each look "$@"
each swap "$@"
each done_all "$@"
exit 0
