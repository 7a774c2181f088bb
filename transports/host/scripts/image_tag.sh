# shellcheck shell=sh
# Gives an image a reference.
#
# $1 the image, $2 the reference. Exits with docker's status.
engine image tag -- "$1" "$2"
