# shellcheck shell=sh
# Says what a tree or a database is, and how much is in it.
#
# $1 the path, $2 what else belongs to it: nothing, or "db". Says "none", or "MODE UID GID DEVICE
# DEVICE:INODE", 1 if something is mounted there or 0, 1 if it is a file of SQLite's or 0, and the sums
# of `tally more`; then how many entries have flags of the file system, 0 where no lsattr is. What
# vanishes while it is counted is no error.
#
# Exits with 51: a tool is missing; 53: another user could lead the script astray; 1.
. ./lib_trees.sh
need find awk stat
hold "${1%/*}/" || { echo none; exit 0; }
name=${1##*/}
if ! words=$(stat -c '%f %u %g %d %d:%i' -- "./$name" 2>&1); then
	case $words in *': No such file or directory') echo none; exit 0 ;; esac
	die 1 "$words"
fi
patience
mount=$(mounted "$(place "$name")")
sqlite=0
[ "$2" != db ] || ! [ -f "./$name" ] || [ -L "./$name" ] ||
	[ "$(head -c 15 -- "./$name" 2>/dev/null | tr -d '\000')" != 'SQLite format 3' ] ||
	sqlite=1
echo "$words $((${#mount} > 0)) $sqlite"
set -- "./$name" ${2:+"./$name-wal" "./$name-journal"}
exec 3>&1
long='????????????????????????????????????????????????????????????????'
long=$long$long$long$long$long$long
long=$long$long$long$long$long$long$long$long$long$long
words=$({ find "$@" -xdev -printf '%y %n %i %b %s\n' -path "$long*" -printf 'long\n' 2>&4 | tally more >&3; } 4>&1 |
	grep -v ': No such file or directory$')
[ -z "$words" ] || die 1 "$words"
# Extents, inline data, indexed directories and the like are the file system's own affair.
flags=$(lsattr -R -a -- "$@" 2>/dev/null |
	awk '$1 ~ /^[-A-Za-z]+$/ && length($1) > 9 && $1 ~ /[aAcCdDijsSTtux]/ { n++ }
		END { print n + 0 }')
echo "${flags:-0}"
