# shellcheck shell=sh
# The persistent shell: runs the scripts that come in frames on its standard input.
#
# $1 the first token. Towards it, one line "<token> <lines> <bytes>", the script as so many lines, then
# so many bytes of input. Back, on both outputs: "\n<token><\n", what the script wrote, and
# "\n<token>><status>\n". The token is random and new for each call, and the script never learns it, so
# no output can look like a frame, and output needs no encoding or temporary file.
#
# Lengths rather than here-documents, since a script may hold any text; lines rather than bytes for the
# script, since `read` is built in, and the exact reading of N bytes from a pipe costs a process. GNU
# and busybox dd read exactly with iflag=fullblock; any other does byte by byte.
#
# Exits with 97: what came is no frame.
_rfa_h=$1 _rfa_f=
set --
dd bs=1 count=0 iflag=fullblock </dev/null >/dev/null 2>&1 && _rfa_f=iflag=fullblock
# _rfa_in N: exactly so many bytes of standard input.
_rfa_in() {
	[ -n "$_rfa_f" ] || { dd bs=1 count="$1" 2>/dev/null; return; }
	[ "$1" -lt 65536 ] || dd bs=65536 count=$(($1/65536)) $_rfa_f 2>/dev/null
	[ $(($1%65536)) -eq 0 ] || dd bs=$(($1%65536)) count=1 $_rfa_f 2>/dev/null
}
printf '\n%s\n' "$_rfa_h"
while IFS=' ' read -r _rfa_t _rfa_l _rfa_n; do
	[ -n "$_rfa_t" ] || continue
	case $_rfa_l:$_rfa_n in *[!0-9:]*|:*|*:) exit 97;; esac
	_rfa_s=
	while [ "$_rfa_l" -gt 0 ]; do
		IFS= read -r _rfa_x || exit 97
		_rfa_s=$_rfa_s$_rfa_x'
'
		_rfa_l=$((_rfa_l-1))
	done
	printf '\n%s<\n' "$_rfa_t"; printf '\n%s<\n' "$_rfa_t" >&2
	if [ "$_rfa_n" -gt 0 ]; then
		# The `cat` takes what the script left of its input, else it would be read as the next frame; the
		# extra subshell is for shells that run the end of a pipeline themselves.
		_rfa_in "$_rfa_n" | (
			(unset _rfa_t _rfa_x; eval "$_rfa_s")
			_rfa_r=$?; cat >/dev/null; exit $_rfa_r
		)
	else
		(unset _rfa_t _rfa_x; eval "$_rfa_s") </dev/null
	fi
	_rfa_r=$?
	printf '\n%s>%s\n' "$_rfa_t" $_rfa_r >&2; printf '\n%s>%s\n' "$_rfa_t" $_rfa_r
done
