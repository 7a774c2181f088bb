#!/usr/bin/env bash
# Everything that a directory is: two directories whose listings are equal are equal. Runs on the host
# that has it, `bash -s DIRECTORY <listing.sh`; needs find, b2sum, getfattr and getfacl.
#
# Left out is what no copy keeps: inode numbers, ctime, atime, the size and links of directories
# themselves; of a file's blocks only whether some are missing, since file systems divide differently.
set -eu
export LC_ALL=C
cd "$1"

# One entry a line, whatever is in its name.
lines() { tr '\n\0' '\001\n' | sort; }

# Type, mode, owner, links, size, time, target.
find . \( -type d -printf 'entry %p\t%y %m %U:%G %T@\0' \) -o \
	-printf 'entry %p\t%y %m %U:%G %n %s %T@ %l\0' | lines
# Which names are one file: each with the first of them.
find . ! -type d -links +1 -printf '%i\t%p\0' | lines |
	awk -F'\t' '!($1 in first) {first[$1] = $2} {print "link " $2 "\t" first[$1]}' | sort
find . \( -type b -o -type c \) -print0 | xargs -0 -r stat --printf 'device %n\t%t:%T\0' | lines
find . -type f -size +64k -printf '%b %s %p\0' | tr '\n\0' '\001\n' |
	awk '$1 * 512 + 65536 < $2 {sub("^[0-9]+ [0-9]+ ", ""); print "holes " $0}' | sort
# Sorted, so that both are asked for in the same order; each escapes names in its own way.
find . -print0 | sort -z | xargs -0 -r getfattr --no-dereference --dump --match=- --encoding=hex
find . ! -type l -print0 | sort -z | xargs -0 -r getfacl --numeric --skip-base
find . -type f -print0 | xargs -0 -r b2sum --zero | lines
