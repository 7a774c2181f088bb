# shellcheck shell=sh
# Makes the copy of a tree in which nothing is.
#
# $1 the copy, $2 its owner and group as numbers ("0:0"), $3 its mode, octal. What was there under that
# name goes first. Exits with 44: the directory in which the copy is to lie is not there; 45: something
# else has the name of the copy's directory; 53: another user could have led the script astray; 1.
. ./lib_trees.sh
owner_of=$2 mode_of=$3
own make "$1"
trap 'rm -rf --one-file-system -- part; leave "$dir"' EXIT
rm -rf --one-file-system -- tree part || exit
mkdir -m 700 -- part && chown -- "$owner_of" part && chmod -- "$mode_of" part || exit
mv -T -- part tree || exit
onto_disk . ..
