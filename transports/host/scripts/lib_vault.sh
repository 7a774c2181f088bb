# shellcheck shell=sh
# Library: the members and the manifest of a backup.
. ./lib_trees.sh
# stream DIR MEMBER: writes what the member's chunks hold to descriptor 5, in order, and calls `bad` for
# each chunk that is not what its name says.
stream() {
	while read -r hash bytes || [ -n "$hash" ]; do
		case ${#hash}:$hash in
		64:*) ;;
		*) bad "$2.chunks has a line that is none"; continue ;;
		esac
		case $hash$bytes in *[!0-9a-f]*) bad "$2.chunks has a line that is none"; continue ;; esac
		file=$1/chunks/${hash%"${hash#??}"}/$hash
		if [ -L "$file" ] || ! [ -f "$file" ]; then
			bad "chunk $hash of $2 is missing"
			continue
		fi
		is=$(tee /dev/fd/5 <"$file" | sha256sum)
		[ "${is%% *}" = "$hash" ] || bad "chunk $hash of $2 is not what it was"
	done <"$1/$2.chunks"
}
# manifest FILE: "BYTES" and the content of it; "-" if it cannot be read or is too large.
manifest() {
	text=$(head -c 1048577 -- "$1" 2>/dev/null) && [ ${#text} -le 1048576 ] ||
		{ echo -; return; }
	echo ${#text}
	printf '%s\n' "$text"
}
