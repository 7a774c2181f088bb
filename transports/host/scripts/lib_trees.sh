# shellcheck shell=sh
# Library: what all scripts over trees begin with.
#
# Names of files never pass through a line: find, sort, comm and tar hand them on NUL-terminated.
#
# $gnu names those of find and tar that are known to be GNU's; empty: not known yet. Exits with 51: a
# tool is missing.
. ./lib_private.sh
# need TOOL...: these are there, and are GNU's own where that matters.
# shellcheck disable=SC2154  # $gnu: rfa sets it
need() {
	for tool; do
		command -v "$tool" >/dev/null || die 51 "$tool"
		case $tool:$gnu in
		tar:*tar* | find:*find*) ;;
		tar:* | find:*)
			case $($tool --version 2>&1) in
			*'GNU findutils'* | *'GNU tar'*) ;;
			*) die 51 "GNU $tool" ;;
			esac ;;
		esac
	done
}
# patience: lets a script that only reads be silent for as long as it takes: an empty line now and then,
# which no message keeps.
patience() {
	# shellcheck disable=SC2217  # no descriptor of the connection stays open in it
	(while sleep 5 </dev/null >/dev/null 2>&1; do echo >&2; done) &
	patient=$!
	trap 'kill $patient 2>/dev/null' EXIT
}
# mounted PATH: says where something is mounted: "on" it, "in" it, both, or nothing. Bind mounts do not
# show in device numbers, only in mountinfo, which writes blanks and backslashes in octal. The path has no
# symbolic link.
mounted() {
	RFA_PATH=$1 awk '
	BEGIN {
		text = ENVIRON["RFA_PATH"]
		n = length(text)
		for (i = 1; i <= n; i++) {
			c = substr(text, i, 1)
			if (c == "\\") c = "\\134"
			else if (c == " ") c = "\\040"
			else if (c == "\t") c = "\\011"
			else if (c == "\n") c = "\\012"
			path = path c
		}
		if (path == "/") path = ""
	}
	{ gsub(/\\043/, "#", $5) }
	$5 == path { on = 1 }
	index($5, path "/") == 1 && $5 != "/" { inside = 1 }
	END { print (on ? "on" : "") (inside ? "in" : "") }' /proc/self/mountinfo
}
# place NAME: its path, if the working directory is where it lies.
place() {
	here=$(pwd -P; echo x)
	here=${here%??}
	printf '%s' "${here%/}/$1"
}
# tally MORE: adds up lines "TYPE LINKS INODE BLOCKS SIZE" to "BYTES APPARENT INODES"; with MORE, then:
# how many lines "long" there were, files of which not all names were, and FIFOs and devices with several
# names. A file with several names counts once.
tally() {
	awk -v more="$1" '$1 == "long" { long++; next }
	$2 > 1 && $1 != "d" { type[$3] = $1; names[$3] = $2; if (seen[$3]++) next }
	{ n++; bytes += $4 * 512 }
	$1 == "f" { apparent += $5 }
	END {
		for (i in seen) {
			if (names[i] > seen[i]) apart++
			if (type[i] !~ /[fl]/) special++
		}
		printf "%.0f %.0f %.0f", bytes, apparent, n
		if (more) printf " %.0f %.0f %.0f", long, apart, special
		print ""
	}'
}
# onto_disk PATH...: what was renamed into these directories stays there.
onto_disk() { sync -- "$@" 2>/dev/null || sync; }
