# shellcheck shell=sh
# Removes a backup.
#
# $1 the vault, $2 the backup. It is out of sight at once, so that none is ever half there. Exits with
# the status of rm or mv.
. ./lib_vault.sh
if there "$1/$2"; then
	rm -rf --one-file-system -- "$1/.removed.$2" || exit
	mv -T -- "$1/$2" "$1/.removed.$2" || exit
	onto_disk "$1"
fi
rm -rf --one-file-system -- "$1/.removed.$2"
