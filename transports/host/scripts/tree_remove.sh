# shellcheck shell=sh
# Removes copies, each with what a copy that was cut short has beside it.
#
# $1… the copies; those that are not there are no error. A file that may not be changed may not be
# removed either, until somebody says otherwise. What an earlier rfa has made lies beside the place
# itself: it is known by its name only, so nobody else may have put it there.
#
# Exits with 45: something else has the name; 51: a tool is missing; 53: another user could have made
# what is there; 1.
. ./lib_view.sh
need awk find tar
go() {
	bare='' dir=${1%/tree}
	case $1 in */.rfa-*/tree) ;; *) bare=1 ;; esac
	hold "${dir%/*}/" || return 4
	dir=${dir##*/}
	there "./$dir" || return 4
	[ -z "$(mounted "$(place "$dir")")" ] || die 1 "something is mounted on $1"
	[ -n "$bare" ] || return 0
	! shared || die 53 "$1: others can change where it lies ($(who)): remove it by hand"
}
clear() {
	rm -rf --one-file-system -- "$@" 2>/dev/null && return
	find "$@" -xdev \( -type d -o -type f \) -execdir chattr -f -i -a -- {} + >/dev/null 2>&1
	rm -rf --one-file-system -- "$@"
}
for copy; do
	(go "$copy")
	status=$?
	[ $status = 0 ] || [ $status = 4 ] || exit $status
done
for copy; do
	(go "$copy" || exit 0
	set +f
	if [ -n "$bare" ]; then
		clear "./$dir" "./$dir.bulk" "./$dir.part" "./$dir".check.*
		exit
	fi
	view
	private "$dir"
	clear ./* || exit
	leave "$dir") || exit
done
exit 0
