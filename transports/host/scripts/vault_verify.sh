# shellcheck shell=sh
# Reads all of a backup, and says what is wrong with it.
#
# $1 the vault, $2 the backup. Says "P PROBLEM" and "M NAME BYTES SHA-256|- CHUNKS" a line, then "J "
# and the manifest. Each chunk is read once, for its own digest and its member's. Exits with 44: the
# backup is not there; 51: a tool is missing; 1.
. ./lib_vault.sh
dir=$1/$2
[ -d "$dir" ] || die 44 "$dir"
need find awk sha256sum tee tr
bad() {
	failed=1 told=$((told + 1))
	[ $told -gt 1000 ] || printf 'P %s\n' "$*"
}
told=0
exec 3>&1
lists=
set +f
for list in "$dir"/*.chunks; do
	set -f
	member=${list##*/}
	member=${member%.chunks}
	case $member in '' | *[!A-Za-z0-9._-]*) continue ;; esac
	[ -f "$list" ] && ! [ -L "$list" ] || continue
	lists="$lists $member"
	# shellcheck disable=SC2046  # words are wanted
	set -- $({ {
		failed=0
		stream "$dir" "$member" 5>&1 1>&3
		echo failed $failed >&4
	} | sha256sum >&4; } 4>&1)
	[ $# = 4 ] || exit 1
	[ "$1" = failed ] && failed=$2 sum=$3 || { failed=$4 sum=$1; }
	[ "$failed" = 0 ] || sum=-
	awk -v member="$member" -v sum="$sum" '{ n += $2 }
		END { printf "M %s %.0f %s %d\n", member, n, sum, NR }' "$list"
done
set -f
{
	for member in $lists; do
		echo "L $member"
		sed 's/^/R /' "$dir/$member.chunks"
		echo
	done
	find "$dir" -mindepth 1 -printf 'F %y %s %P\0' | tr '\n\0' '\001\n'
} | awk '
$1 == "L" { lists[$2 ".chunks"] = 1; next }
$1 == "R" { need[$2] = $3; next }
$1 != "F" { next }
{
	path = substr($0, length($2) + length($3) + 5)
	if ($2 == "d" && path ~ /^chunks(\/[0-9a-f][0-9a-f])?$/) next
	if ($2 == "f" && (path == "manifest.json" || path == "replication_manifest.json" ||
		path in lists)) next
	hash = substr(path, 11)
	if ($2 == "f" && hash in need && path == "chunks/" substr(hash, 1, 2) "/" hash) {
		if ($3 != need[hash])
			print "P chunk " hash " has " $3 " bytes instead of " need[hash]
		next
	}
	if (++told <= 1000) print "P " path " does not belong there"
}'
if [ -f "$dir/manifest.json" ]; then
	if ! [ -f "$dir/replication_manifest.json" ]; then
		bad 'replication_manifest.json is missing'
	elif [ "$(sha256sum <"$dir/manifest.json")" != \
		"$(sha256sum <"$dir/replication_manifest.json")" ]; then
		bad 'manifest.json and replication_manifest.json differ'
	fi
fi
printf 'J '
manifest "$dir/manifest.json"
