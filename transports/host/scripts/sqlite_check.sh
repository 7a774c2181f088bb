# shellcheck shell=sh
# Says what SQLite says of the copy of a database: "ok", or what is wrong.
#
# $1 the copy. SQLite recovers what it opens, and so changes it: it gets a copy of the copy, which
# costs nothing where there are reflinks. One that a lost connection left behind goes with the next.
#
# Exits with 44: there is no such copy; 51: neither sqlite3 nor python3 is there; 53: another user
# could have made what is there; 1.
. ./lib_trees.sh
with=
if command -v sqlite3 >/dev/null; then
	with=sqlite3
elif command -v python3 >/dev/null && python3 -I -c 'import sqlite3' 2>/dev/null; then
	with=python3
fi
[ -n "$with" ] || die 51 sqlite3
own find "$1" && [ -f tree/db ] && ! [ -L tree/db ] || exit 44
patience
scratch=check.$$
trap 'kill $patient 2>/dev/null; rm -rf -- "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
set +f
for old in check.*; do
	kill -0 "${old##*.}" 2>/dev/null || rm -rf -- "$old"
done
set -f
rm -rf -- "$scratch"
mkdir -m 700 -- "$scratch" || exit
for file in db db-wal db-journal; do
	[ -f "tree/$file" ] && ! [ -L "tree/$file" ] || continue
	cp --reflink=auto -- "tree/$file" "$scratch/$file" || exit
done
if [ $with = sqlite3 ]; then
	says=$(sqlite3 -batch -init /dev/null "$scratch/db" 'PRAGMA integrity_check;' 2>&1 \
		</dev/null | head -c 4000)
else
	says=$(python3 -I -c 'import sqlite3, sys
try:
    for row in sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check"):
        print(row[0])
except Exception as e:
    print(e)' "$scratch/db" 2>&1 </dev/null | head -c 4000)
fi
case $says in *'disk is full'*) die 1 'No space left on device' ;; esac
printf '%s' "$says"
