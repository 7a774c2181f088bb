# shellcheck shell=sh
# Says how many bytes an archive in the spool has; nothing if there is none.
#
# $1 the archive.
. ./lib_spool.sh
size "$1"
