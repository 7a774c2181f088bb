# shellcheck shell=sh
# Copies a tree or a database of SQLite's, in one of two passes.
#
# $1 "d" or "f", $2 from, $3 to, $4 "bulk" or "final". Says "REFLINK BYTES APPARENT INODES".
#
# What changed between the passes is told by ctime, which nobody can set: every write, rename, link and
# change of an attribute moves it, for all names of a file alike. The bulk pass leaves beside the copy
# (in `work`) what it saw before it began:
#
#     since   a file whose time is a little before everything that it may have missed
#     ids     "TYPE INODE CTIME/./PATH" of all there is, NUL-terminated, sorted
#
# A page that a process has mapped and dirtied can be written to again without any trace, until it is
# written back. So the file system is synced after the moment in `since`: what was dirty then is clean,
# and its next write is seen. Where that is not so (memory, the network), there is no bulk pass.
#
# The final pass does not believe that this was enough: it compares all that find shows of both sides,
# and brings what differs, until nothing does. So a bulk pass that was cut short anywhere is only a
# slow one.
#
# Everything is done in the directory of the copy, which nobody else can look into: `tree` is the copy,
# `work` has the lists. The parent of the place is descriptor 7, the tree itself 8: whatever becomes of
# their names, these stay what they are. Within the tree names are followed again and again, by cp and
# by lists: so only where no symbolic link is followed (view). Else tar walks through all of it, from
# directory to directory, and there is no bulk pass.
#
# Exits with 44: the source is not there; 45: something else has the name of the copy's directory; 51:
# a tool is missing; 53: another user could have led the script astray; 1.
. ./lib_view.sh
kind=$1 from=$2 to=$3 pass=$4 name=${2##*/}
need find awk tar sort comm cut xargs cp
TMPDIR=work; export TMPDIR
# listed s|c DIR: writes the lists of the source or the copy. A name comes last in each line, after the
# first slash; "./" is the tree itself. The size of a directory is its file system's own affair; sockets of
# the source are left out.
listed() {
	find "$2" -xdev -fprintf work/"$1".types '%y/./%P\0' \
		-fprintf work/"$1".sums '%y %n %i %b %s\n' \
		\( -type d -fprintf work/"$1".all '%y %m %U %G %T@ -/./%P\0' -o \
		-fprintf work/"$1".all '%y %m %U %G %T@ %s/./%P\0' \) || exit
	sort -z -o work/"$1".all -- work/"$1".all && sort -z -o work/"$1".types -- work/"$1".types || exit
}
# seen FILE: writes the lists of the source; what has changed after FILE was written has a "+" in the ids.
seen() {
	find "$source" -xdev ! -type s \
		\( -cnewer "$1" -fprintf work/s.ids + -o -true \) \
		-fprintf work/s.ids '%y%i %C@/./%P\0' -fprintf work/s.types '%y/./%P\0' \
		\( -type d -fprintf work/s.all '%y %m %U %G %T@ -/./%P\0' -o \
		-fprintf work/s.all '%y %m %U %G %T@ %s/./%P\0' \) || exit
	sort -z -o work/s.ids -- work/s.ids && sort -z -o work/s.all -- work/s.all &&
		sort -z -o work/s.types -- work/s.types || exit
}
# values DIR NAME: says what extended attributes are, by getfattr or python3; nothing where the host has
# neither, for then ctime alone tells a value that was changed to one of the same length. What the file
# system itself makes of an entry (system.*, security.evm) may differ from copy to copy.
values() {
	cd "$1" || exit
	case $(getfattr --version 2>/dev/null) in
	getfattr*)
		find "$2" -xdev ! -type s -print0 |
			xargs -0 getfattr -h -d -m '^(user|trusted|security)[.]' -e hex -- |
			awk '/^# file: /{ name = substr($0, 9); next }
				NF && !/^security[.]evm=/ { print "\"" name "\"  x: " $0 }' ;;
	*)
		find "$2" -xdev ! -type s -print0 | python3 -I -c 'import os, sys
for name in sys.stdin.buffer.read().split(b"\0")[:-1]:
    try:
        for key in os.listxattr(name, follow_symlinks=False):
            if key.startswith(("user.", "trusted.", "security.")) and \
                    key != "security.evm":
                value = os.getxattr(name, key, follow_symlinks=False)
                print("\"%s\"  x: %s=%s" %
                    (ascii(os.fsdecode(name)), ascii(key), value.hex()))
    except OSError:
        pass' ;;
	esac 2>/dev/null
}
# attributes DIR NAME: says the ACLs and extended attributes there. tar shows the names and sizes of these
# without reading a file, and if there are any, `values` says the rest.
attributes() {
	{
		tar -c -f /dev/null -C "$1" --one-file-system --format=posix --numeric-owner \
			--xattrs --xattrs-include='*' --acls --quoting-style=c -vvv -- "$2" \
			2>/dev/null |
			awk '/^  [xa]: /{ print name, $0; if (/^  x/) some = 1; next }
				{ name = substr($0, index($0, "\"")) }
				END { exit !some }' && (values "$1" "$2")
	} | sort
}
# worded: without the values, which are nobody's to read in a message.
worded() { sed 's/\("  x: [^=]*\)=.*/\1/'; }
# compared s|c DIR: writes which names are one file, and the attributes.
compared() {
	find "$2" -xdev \( -type f -o -type l \) -links +1 -printf '%i %P\0' |
		tr '\n\0' '\001\n' | sort -k 2 | awk '{
			name = substr($0, length($1) + 2)
			if ($1 in first) print first[$1] "\t" name
			else first[$1] = name
		}' | sort >work/"$1".also
	attributes "$2" . >>work/"$1".also
	sort -o work/"$1".also -- work/"$1".also || exit
}
# probe: a reflink for real, from the first file that is large enough to have a block of its own.
probe() {
	reflink=0
	[ -n "$strict" ] || return 0
	find "$source" -xdev -type f -size +16 \( -exec cp --reflink=always -- {} work/probe \; \
		-o -true \) -quit 2>/dev/null
	[ -s work/probe ] && reflink=1
	rm -f -- work/probe
}
fresh() {
	rm -rf --one-file-system -- tree work && mkdir -m 700 -- work || exit
}
# bring LIST: these paths, without what is in them. ACLs are tar's to set, so that a default ACL of a
# directory gives none to a file that has none.
bring() {
	[ -n "$strict" ] && set -- --no-recursion --null --no-unquote -T "$1" ||
		set -- --one-file-system .
	# shellcheck disable=SC2046  # words are wanted
	set -- $({ {
		tar -c -f - -C "$source" --format=posix --numeric-owner --xattrs \
			--xattrs-include='*' --acls --sparse "$@"
		echo $? >&3
	} | tar -x -f - -C tree -p -P --same-owner --numeric-owner --xattrs \
		--xattrs-include='*' --acls --delay-directory-restore --warning=no-timestamp >&2
	echo $? >&3; } 3>&1)
	[ "$1$2" = 00 ] || exit 1
}
# settle LIST: makes the copy what the source is; the list is brought whatever it looks like. 1: it cannot,
# and $why. tar sets attributes of a directory that is there, and takes none away; so it may be that only a
# copy from the beginning can.
settle() {
	rounds=0
	while :; do
		listed c tree
		comm -z -13 -- work/s.types work/c.types | cut -z -d/ -f2- >work/gone &&
			comm -z -23 -- work/s.all work/c.all | cut -z -d/ -f2- |
			sort -z -u -- - "$1" >work/differ || exit
		[ -s work/gone ] || [ -s work/differ ] || break
		why=$(tr '\0\n' '\n ' <work/differ | head -n 1)
		rounds=$((rounds + 1))
		[ $rounds -le 4 ] || return 1
		(cd tree && xargs -0 -r rm -rf --one-file-system -- <../work/gone) || exit
		bring work/differ
		set -- /dev/null
	done
	compared s "$source"
	compared c tree
	why=$(comm -3 -- work/s.also work/c.also | tr '\t' ' ' | head -n 1 | worded)
	[ -z "$why" ]
}
database() {
	{ [ -f "./$name" ] && ! [ -L "./$name" ]; } || die 1 "$from is no plain file"
	[ "$pass" = final ] || { echo 0 0 0 0; exit 0; }
	beside
	rm -rf --one-file-system -- tree && mkdir -m 700 -- tree || exit
	reflink=1
	for s in '' -wal -journal; do
		there "/proc/self/fd/7/$name$s" || continue
		if ! cp -aT --preserve=xattr --reflink=always -- "/proc/self/fd/7/$name$s" \
			"tree/db$s" 2>/dev/null; then
			reflink=0
			rm -rf -- "tree/db$s"
			cp -aT --preserve=xattr -- "/proc/self/fd/7/$name$s" "tree/db$s" || exit
		fi
		{ [ -f "tree/db$s" ] && ! [ -L "tree/db$s" ]; } ||
			{ rm -rf --one-file-system -- tree; die 1 "$from$s is no plain file"; }
		is=$(attributes tree "./db$s" | sed 's/.*"  *\([ax]: \)/\1/')
		was=$(attributes /proc/self/fd/7 "./$name$s" | sed 's/.*"  *\([ax]: \)/\1/')
		[ "$is" = "$was" ] || die 1 "the copy of $from$s has other attributes:" \
			"$(printf '%s\n' "$is" | worded)"
	done
	[ -f tree/db ] || die 44 "$from"
	# The same bytes in an archive as long as the database is the same.
	touch -r tree/db -- tree || exit
	echo "$reflink $(find tree -printf '%y %n %i %b %s\n' | tally '')"
}
bulk() {
	fresh
	probe
	case $strict$reflink$(stat -f -c %T -- "$source") in
	10ext* | 10xfs | 10btrfs | 10f2fs | 10bcachefs | 10overlayfs) ;;
	*) rm -rf -- work; echo $reflink 0 0 0; exit 0 ;;
	esac
	touch -d "@$(($(date +%s) - 3))" -- work/since || exit
	sync -f -- "$source" 2>/dev/null || sync
	find "$source" -xdev ! -type s -printf '%y%i %C@/./%P\0' 2>work/words | sort -z >work/new
	cp -aTx --preserve=xattr -- "$source" tree 2>>work/words
	# What went away meanwhile is no trouble: the final pass sees it. These would be its, too.
	if grep -e ': No space left on device$' -e ': Disk quota exceeded$' \
		-e ': Permission denied$' -e ': Operation not permitted$' -e ': Input/output error$' \
		-e ': Read-only file system$' -e ': Operation not supported$' -e ': File too large$' \
		-e 'without xattr support' work/words >&2; then exit 1; fi
	[ -d tree ] || { cat work/words >&2; exit 1; }
	mv -- work/new work/ids || exit
	echo "0 $(find tree -printf '%y %n %i %b %s\n' | tally '')"
}
whole() {
	fresh
	probe
	: >work/changed
	seen work/changed
	if [ -n "$strict" ]; then
		cp -aTx --preserve=xattr --reflink=auto -- "$source" tree || exit
	else
		mkdir -m 700 -- tree && bring . || exit
	fi
	settle /dev/null || die 1 "the copy does not become what the source is: $why"
}
final() {
	reflink=0
	if [ -n "$strict" ] && [ -s work/ids ] && [ -e work/since ] && [ -d tree ] &&
		! [ -L tree ]; then
		seen work/since
		comm -z -23 -- work/s.ids work/ids | cut -z -d/ -f2- >work/changed || exit
		settle work/changed || whole
	else
		whole
	fi
	sums=$(tally '' <work/c.sums) && rm -rf -- work || exit
	echo "$reflink $sums"
}
# beside: into the directory of the copy; by the same mount where it can be, since reflinks want that.
beside() {
	if [ "${from%/*}" = "${to%/*/*}" ]; then
		cd -P /proc/self/fd/7 && stand && lies make "$to"
	else
		own make "$to"
	fi
}
hold "${from%/*}/" && there "./$name" || die 44 "$from"
[ -z "$(mounted "$(place "$name")")" ] || die 1 "something is mounted in $from"
view
exec 7<. || exit
[ "$kind" = d ] || { database; exit; }
[ -d "./$name" ] && ! [ -L "./$name" ] || die 1 "$from is no directory"
step "$name"
exec 8<. || exit
source=/proc/self/fd/8/.
beside
$pass
