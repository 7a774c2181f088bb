# shellcheck shell=sh
# Takes a reference away from its image; one that is not there is no error.
#
# $1 the reference. Parents without a name may be another's build cache: they stay. Exits with docker's
# status.
words=$(engine image rm --no-prune -- "$1" 2>&1 >/dev/null) && exit 0
status=$?
case $words in *[Nn]'o such image'* | *'failed to get digest'*) exit 0 ;; esac
printf '%s\n' "$words" >&2
exit $status
