# shellcheck shell=sh
# Unpacks an archive into a copy.
#
# $1 the archive, $2 the copy.
#
# An archive says by its first bytes how it was packed. What only says where blocks belong that this host has
# is a tar again each time it is read, and held to the digest of the one that was packed.
#
# What tar says of the archive is read first: only headers, it seeks over the rest. Each name is quoted
# as in C, so it has no quotation mark or line of its own. Every member lies in a directory that came
# before it and that nothing replaces, so no symlink can lead out; a hard link's other name is held to
# the same. The end mark must be there: an archive that is cut between two members is whole to tar.
#
# Exits with 44: the archive, or the directory in which the copy is to lie, is not there; 45: something
# else has the name of the copy's directory; 50: it is not an archive of data; 51: a tool is missing;
# 53: another user could have led the script astray; 1.
. ./lib_trees.sh
. ./lib_blocks.sh
archive=$1 known=$(list_of "$1")
need tar awk od
[ -f "$archive" ] || die 44 "${archive##*/}"
words=$PWD/words.$$ list=$PWD/list.$$ bad=$PWD/bad.$$
own make "$2"
trap 'rm -f -- "$words" "$list" "$bad"; unscratch; rm -rf --one-file-system -- part; leave "$dir"' EXIT
rm -rf --one-file-system -- tree part || exit
no_archive() { die 50 "not an archive of data: $(head -n 1 "$words")"; }
case $(od -An -tx1 -N 4 -- "$archive" | tr -d ' \n') in
28b52ffd) packed=zstd ;;
1f8b*) packed=gzip ;;
*) packed= ;;
esac
# shellcheck disable=SC2086  # none, or one
need $packed
opened() { if [ -n "$packed" ]; then $packed -dcq; else cat; fi <"$archive"; }
delta=
[ "$(opened 2>/dev/null | head -c 11 | tr -d '\000')" != 'rfa-delta 1' ] || delta=1
[ -z "$delta" ] || need perl sha256sum
# fed TAR...: with the archive as its input; in a file it can seek.
fed() {
	if [ -n "$delta" ]; then
		{ opened | rebuilt "$known" "$known.tar" || : >"$bad"; } | "$@"
	elif [ -n "$packed" ]; then
		{ opened || : >"$bad"; } | "$@"
	else
		"$@" <"$archive"
	fi
}
fed tar -tvR --numeric-owner --quoting-style=c -f - >"$list" 2>"$words" && ! [ -e "$bad" ] || no_archive
wrong=$(awk '
function bad(why) { print why; failed = 1; exit }
function parent(name) {
	sub(/\/$/, "", name)
	sub(/[^\/]*$/, "", name)
	return name
}
function inside(name) {
	return name ~ /^\.\// && name !~ /\/\.\.(\/|$)/ && parent(name) in dirs
}
/^block [0-9]+: \*\* Block of NULs \*\*$/ { ended = 1; next }
ended { bad("something comes after its end") }
$1 != "block" { bad("a line of another kind") }
{
	type = substr($3, 1, 1)
	if (!index("-dlhbcp", type)) bad("a member of type " type)
	at = index($0, "\"")
	rest = substr($0, at + 1)
	if (!at || !match(rest, /^([^"\\]|\\.)*"/)) bad("a member without a name")
	name = substr(rest, 1, RLENGTH - 1)
	rest = substr(rest, RLENGTH + 1)
	if (name == "./" && type == "d" && NR == 1) { dirs[name] = 1; next }
	if (!inside(name)) bad("a member outside of it: " name)
	if (type == "d") {
		if (substr(name, 1, length(name) - 1) in links)
			bad("a directory that replaces a link: " name)
		dirs[name] = 1
		next
	}
	if (type == "l") links[name] = 1
	if ((name "/") in dirs) bad("a member that replaces a directory: " name)
	if (type == "h") {
		if (!match(rest, /^ link to "/)) bad("a link to nothing: " name)
		other = substr(rest, RLENGTH + 1)
		sub(/"$/, "", other)
		if (!inside(other)) bad("a link to what is outside of it: " name)
	}
}
END {
	if (failed) exit
	if (!("./" in dirs)) print "it is empty"
	else if (!ended) print "its end is missing"
}' "$list") || exit
[ -z "$wrong" ] || die 50 "not an archive of data: $wrong"
mkdir -m 700 -- part || exit
fed tar -x -f - -C part -p --same-owner --numeric-owner --xattrs \
	--xattrs-include='*' --delay-directory-restore --warning=no-timestamp 2>"$words"
status=$?
if [ $status != 0 ] || [ -s "$words" ] || [ -e "$bad" ]; then
	if grep -e ': Operation not permitted$' -e ': Permission denied$' \
		-e ': Input/output error$' -e ': Read-only file system$' \
		-e ': Operation not supported$' -e 'No space left on device' \
		-e 'Disk quota exceeded' "$words" >&2; then exit 1; fi
	! grep -q 'Wrote only' "$words" || die 1 'No space left on device'
	no_archive
fi
sync -f -- part 2>/dev/null || sync
mv -T -- part tree || exit
onto_disk . ..
