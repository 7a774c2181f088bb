# shellcheck shell=sh
# Completes a backup: writes its manifest.
#
# $1 the vault, $2 the backup, $3 the manifest. Chunks that no member needs are of another try: they
# go. Exits with 44: the backup is not there; 45: it is complete, with another manifest; 51: a tool is
# missing; 1.
. ./lib_vault.sh
dir=$1/$2
[ -d "$dir" ] || die 44 "$dir"
if there "$dir/manifest.json"; then
	[ "$(cat -- "$dir/manifest.json"; echo x)" = "$3x" ] && exit 0
	die 45 "$dir is complete"
fi
need find sort comm cut xargs
set +f
rm -rf -- "$dir"/.new.* || exit
cat -- "$dir"/*.chunks /dev/null 2>/dev/null | cut -d' ' -f1 | sort -u >"$dir/.need" || exit
set -f
mkdir -p -- "$dir/chunks" || exit
find "$dir/chunks" -type f -printf '%f\n' | sort | comm -23 - "$dir/.need" |
	grep -E '^[0-9a-f]{64}$' | sed 's|^\(..\)|\1/\1|' | tr '\n' '\0' |
	(cd "$dir/chunks" && xargs -0 -r rm -f --) || exit
rm -f -- "$dir/.need" || exit
sync -f -- "$dir" 2>/dev/null || sync
for name in replication_manifest.json manifest.json; do
	printf '%s' "$3" >"$dir/.manifest" || { rm -f -- "$dir/.manifest"; exit 1; }
	sync -- "$dir/.manifest" 2>/dev/null || sync
	mv -f -- "$dir/.manifest" "$dir/$name" || exit
done
onto_disk "$dir" "$1"
