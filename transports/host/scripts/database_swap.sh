# shellcheck shell=sh disable=SC2154  # `each` sets $question and $change
# Swaps databases, by rename.
#
# For each engine its name, its program, the SQL that asks and that changes; "--"; then groups of six:
# engine, container, user, base, in, out. All are looked at before one is touched. Exits with 44: a
# database is not there; 45: what was to be made is there; 1.
. ./lib_database.sh
while [ "$1" != -- ]; do
	eval "program_$1=\$2 stage_$1=\$3 change_$1=\$4"
	shift 4
done
shift
words=$PWD/words.$$
trap 'rm -f -- "$words"' EXIT
stage() {
	ask=$question
	stage=$(sql stage "$in" "$out") || exit 1
	ask=$change
}
look() {
	stage
	case $stage in
	110 | 101) ;;
	0*) die 44 "the database $base" ;;
	1?1) die 45 "the database $out" ;;
	*) die 44 "the database $in" ;;
	esac
}
swap() {
	stage
	[ "$stage" = 110 ] || return
	tries=1
	until sql swap "$in" "$out" >/dev/null 2>"$words"; do
		tries=$((tries + 1))
		[ $tries -le 3 ] || { cat "$words" >&2; exit 1; }
		stage
		[ "$stage" = 110 ] || break
	done
}
each() {
	what=$1
	shift
	while [ $# -ge 6 ]; do
		container=$2 user=$3 base=$4 in=$5 out=$6
		eval "program=\$program_$1 question=\$stage_$1 change=\$change_$1"
		$what
		shift 6
	done
}
each look "$@"
each swap "$@"
