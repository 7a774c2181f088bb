# shellcheck shell=sh disable=SC3013  # dash, bash and busybox know -ef
# Stores an archive as a member of a backup, in chunks that it shares with earlier backups.
#
# $1 the vault, $2 the backup, $3 the member, $4 the archive. Says "BYTES SHA-256 CHUNKS NEW".
#
# Cuts follow the members of the tar, never a count of bytes from its beginning: a file of 1 MiB or more
# begins a chunk, is cut every 4 MiB from there, and its end begins another. Among smaller ones a chunk
# ends, once it has 256 KiB, before a member whose name says so, by a checksum, the likelier the larger
# the member is (on average every 512 KiB), and before 8 MiB in any case. So a member that comes, goes
# or grows moves the cuts up to the next such name, and no further.
#
# Block numbers are those of a member's own header; extended headers before it are its too, and begin
# where the one before ended, which its size tells but for a sparse file, whose stored size is not
# shown: there the next member's number is the bound. What is no tar is cut every 4 MiB.
#
# A chunk of an earlier backup is compared before it is linked: what rotted there is not inherited.
#
# The archive is read once: each chunk goes to a file, to its own digest, and to that of the whole
# (descriptor 6). `stored` says that the loop, which a pipe makes a process of its own, came to its end.
#
# Exits with 44: the archive is not there; 45: the backup is complete; 51: a tool is missing; 1.
. ./lib_trees.sh
. ./lib_spool.sh
vault=$1 dir=$1/$2 member=$3 archive=$4
need tar awk sha256sum dd tee
total=$(size "$archive") || exit
[ -n "$total" ] || die 44 "${archive##*/}"
! there "$dir/manifest.json" || die 45 "backup $2 is complete"
mkdir -p -- "$dir/chunks" || exit
new=$dir/.new.$member
trap 'rm -rf -- "$new"' EXIT
rm -rf -- "$new" && mkdir -- "$new" || exit
members() {
	if [ -d "$archive" ]; then
		part "$archive" 0 "$total" | tar -tvR --numeric-owner --quoting-style=c -f -
	else
		tar -tvR --numeric-owner --quoting-style=c -f "$archive"
	fi 2>/dev/null
}
members | awk -v total="$total" '
function emit(to) {
	if (to > limit) to = limit
	if (to <= cut) return
	printf "%.0f %.0f\n", cut * 512, (to - cut) * 512
	cut = to
}
function checksum(name, i, n, sum) {
	n = length(name)
	for (i = n > 96 ? n - 95 : 1; i <= n; i++)
		sum = (sum * 65599 + code[substr(name, i, 1)]) % 16777213
	return int((sum * 65599) % 16777213 / 16384)
}
function member(next_one) {
	if (!open) return
	if (end > next_one) end = next_one
	if (end - data >= 2048) {
		emit(begin)
		while (end - cut > 8192 && cut + 8192 < limit) emit(cut + 8192)
		emit(end)
	} else if (begin - cut >= 512 &&
		(end - cut > 16384 || checksum(name) < end - begin)) emit(begin)
	begin = end
}
BEGIN {
	for (i = 1; i < 128; i++) code[sprintf("%c", i)] = i
	limit = int(total / 512)
	cut = begin = open = 0
}
$1 != "block" { exit }
{
	header = $2 + 0
	member(header)
	if ($3 == "**") { open = 0; exit }
	data = header + 1
	end = data + (substr($3, 1, 1) == "-" ? int(($5 + 511) / 512) : 0)
	name = substr($0, index($0, "\""))
	open = 1
}
END {
	while (limit - cut > 16384) emit(cut + 8192)
	if (total > cut * 512) printf "%.0f %.0f\n", cut * 512, total - cut * 512
}' >"$new/plan" || exit
newest='' newer='' oldest=''
set +f
for other in "$vault"/*/; do
	other=${other%/}
	[ "$other" != "$dir" ] && [ -f "$other/manifest.json" ] &&
		[ -f "$other/$member.chunks" ] || continue
	oldest=$newer newer=$newest newest=$other
done
set -f
command -v cmp >/dev/null && compare='cmp' || compare=
same() {
	if [ -n "$compare" ]; then
		cmp -s "$new/chunk" "$1"
	else
		[ "$(sha256sum <"$1")" = "$sum  -" ]
	fi
}
{ while read -r from bytes; do
	to=$((from + bytes))
	sum=$({ part "$archive" "$from" "$to" || : >"$new/failed"; } |
		{ tee -- "$new/chunk" /dev/fd/6 || : >"$new/failed"; } | sha256sum) || exit
	! [ -e "$new/failed" ] || exit
	sum=${sum%% *}
	two=${sum%"${sum#??}"}
	chunk=chunks/$two/$sum
	echo "$sum $bytes" >&4
	have=
	for other in "$dir" "$newest" "$newer" "$oldest"; do
		[ -n "$other" ] && [ -f "$other/$chunk" ] && same "$other/$chunk" || continue
		[ -d "$dir/chunks/$two" ] || mkdir -- "$dir/chunks/$two" || exit
		[ "$other" = "$dir" ] || ln -f -- "$other/$chunk" "$dir/$chunk" 2>/dev/null ||
			continue
		have=1
		break
	done
	if [ -n "$have" ]; then
		rm -f -- "$new/chunk"
	else
		[ -d "$dir/chunks/$two" ] || mkdir -- "$dir/chunks/$two" || exit
		mv -f -- "$new/chunk" "$dir/$chunk" || exit
	fi
	[ "$dir/$chunk" -ef "$newest/$chunk" ] || [ "$dir/$chunk" -ef "$newer/$chunk" ] ||
		[ "$dir/$chunk" -ef "$oldest/$chunk" ] || echo "$sum $bytes" >&5
done <"$new/plan" 4>"$new/list" 5>"$new/fresh" 6>&1 >&2 && : >"$new/stored"; } |
	sha256sum >"$new/sum" && [ -e "$new/stored" ] || exit 1
read -r whole rest <"$new/sum"
fresh=$(sort -u "$new/fresh" | awk '{ n += $2 } END { printf "%.0f", n }')
sums=$(awk '{ n += $2 } END { printf "%.0f %d", n, NR }' "$new/list")
[ "${sums% *}" = "$total" ] || die 1 'the archive changed while it was read'
sync -f -- "$dir" 2>/dev/null || sync
mv -f -- "$new/list" "$dir/$member.chunks" || exit
onto_disk "$dir/$member.chunks" "$dir" "$vault"
echo "$total $whole ${sums#* } $fresh"
