# shellcheck shell=sh
# Releases the host's lock, if the run has it.
#
# $1 the state directory, $2 the run. rfa wrote the lock with sorted keys and no blanks, in which
# "run":"RUN" occurs as the key's value only: inside a string the quotes would be escaped. Exits with 46:
# another run has it, and its content is said; 1.
lock=$1/lock
[ -e "$lock" ] || exit 0
holder=$(head -c 65537 "$lock")
case $holder in
*'"run":"'"$2"'"'*) rm -f "$lock" && { sync "$1" 2>/dev/null || sync; } ;;
'') [ ! -e "$lock" ] ;;
*) printf '%s' "$holder"; exit 46 ;;
esac
