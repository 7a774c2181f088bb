# shellcheck shell=sh
# Makes the list of what this host has of a tree or a database, whose archive another one will pack.
#
# $1 "d" or "f", $2 the path, $3 the archive. Says "BYTES SHA-256" of the list.
#
# Others may write there meanwhile: a tar of it is kept as it was read, so it does not matter whether what
# is in it was ever true. Only what becomes of it in the end is held to a digest.
#
# Exits with 44: nothing is there; 48: the state directory cannot be written; 51: a tool is missing; 53:
# another user could lead the script astray; 1.
. ./lib_trees.sh
. ./lib_blocks.sh
kind=$1 place=$2 list=$(list_of "$3") name=${2##*/}
need tar find awk tee b2sum perl sha256sum
mkdir -p -- "${list%/*}" || exit 48
new=$list.new
trap 'rm -f -- "$new" "$new.tar"; unscratch' EXIT
rm -f -- "$list" "$list.tar"
hold "${place%/*}/" && there "./$name" || die 44 "$place"
if [ "$kind" = d ]; then
	step "$name"
	set -- .
else
	set -- "./$name"
	for companion in -wal -journal; do
		! there "./$name$companion" || set -- "$@" "./$name$companion"
	done
fi
bytes=$(find "$@" -xdev -type f -printf '%s\n' 2>/dev/null | awk '{ n += $1 } END { printf "%.0f", n }')
# shellcheck disable=SC2046  # words are wanted
set -- $({ {
	tarred --one-file-system "$@" 2>/dev/null
} | {
	tee -- "$new.tar"
	echo $? >&3
} | {
	cut_up list "$new" "$bytes"
	echo $? >&3
}; } 3>&1)
[ "$1$2" = 00 ] || exit 1
mv -fT -- "$new.tar" "$list.tar" && mv -fT -- "$new" "$list" || exit
onto_disk "$list.tar" "$list" "${list%/*}"
sum=$(sha256sum <"$list") || exit
echo "$(stat -c %s -- "$list") ${sum%% *}"
