# shellcheck shell=sh
# Lists the backups of a vault.
#
# $1 the vault. Says "NAME BYTES" and the manifest, or "NAME -", for each backup. Exits with 1: it is
# no directory that can be read.
. ./lib_vault.sh
there "$1" || exit 0
[ -d "$1/" ] && [ -r "$1/" ] || die 1 "$1 is no directory that can be read"
patience
set +f
for dir in "$1"/*/; do
	dir=${dir%/}
	name=${dir##*/}
	case $name in *[!A-Za-z0-9._-]*) continue ;; esac
	[ -d "$dir" ] && ! [ -L "$dir" ] || continue
	printf '%s ' "$name"
	manifest "$dir/manifest.json"
done
exit 0
