# shellcheck shell=sh
# Puts frame and segments of an archive beside its saved images.
#
# $1 the archive's directory, $2 the bytes of the frame, which is on standard input, $3 the segments.
# Exits with 47: the input was cut; else with the status of cat or mv.
cat >"$1/frame.new" || exit
[ "$(stat -c %s "$1/frame.new")" = "$2" ] || { rm -f "$1/frame.new"; exit 47; }
printf '%s' "$3" >"$1/segments.new" || exit
mv -f "$1/frame.new" "$1/frame" && mv -f "$1/segments.new" "$1/segments"
