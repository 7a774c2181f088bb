# shellcheck shell=sh
# Says what is below a directory: nothing is followed, no other file system is gone into.
#
# $1 the directory, $2 the most entries, $3 the most bytes of all files; then patterns (fnmatch) of what
# is left out, with all that is below it. Left out, too: .git, and what is rfa's own.
#
# Says NUL-terminated "E TYPE MODE UID GID BYTES PATH" of each, then "S SHA-256 PATH" of each file that
# could be read. A file is read from the directory in which find stands, and not through a link that
# has taken its name. What vanishes meanwhile is no error.
#
# Exits with 44: the directory is not there; 49: there is more, and the words say of what; 51: a tool is
# missing; 53: another user could have led the script astray; 1.
. ./lib_trees.sh
need find awk sha256sum dd
hold "$1/" || exit 44
most=$2 bytes=$3
shift 3
n=$#
for pattern; do set -- "$@" -o -path "./$pattern"; done
shift $n
set -- . -mindepth 1 -xdev \( -name .git -o -name '.rfa-*' "$@" \) -prune -o
patience
words=$(find "$@" -printf '%y %s\n' 2>/dev/null | awk -v most="$most" -v bytes="$bytes" '
	$1 == "f" { all += $2 }
	NR > most { print "more than " most " files and directories"; exit }
	all > bytes { printf "files of more than %d MB\n", bytes / 1048576; exit }')
[ -z "$words" ] || die 49 "$words"
exec 3>&1
words=$(find "$@" -printf 'E %y %m %U %G %s %P\0' 2>&1 >&3 | grep -v ': No such file or directory$')
[ -z "$words" ] || die 1 "$words"
base=$(pwd -P; echo x)
base=${base%??}
# shellcheck disable=SC2016  # another shell reads it
RFA_BASE=${base%/} find "$@" -type f -execdir sh -c '
	here=$(pwd -P; echo x)
	here=${here%??}/
	case $here in
	"$RFA_BASE"/*) here=${here#"$RFA_BASE"/} ;;
	*) exit ;;
	esac
	for file; do
		sum=$({ { dd if="$file" iflag=nofollow,nonblock bs=1048576 count=256 status=none \
			2>/dev/null && printf ok >&5; } | sha256sum; } 5>&1)
		sum=${sum%% *}
		case $sum in
		ok*) printf "S %s %s%s\0" "${sum#ok}" "$here" "${file#./}" ;;
		esac
	done' sh {} + 2>/dev/null
exit 0
