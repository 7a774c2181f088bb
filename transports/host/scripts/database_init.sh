# shellcheck shell=sh
# Runs files of SQL in a database, one after the other, in one transaction, until one fails.
#
# Arguments: see lib_database_one.sh; then $1 the directory in which they are, $2… the files. Says the
# digest of each: "SHA256  FILE". Exits with 44: the directory, or a file, is not there; 1, and in which
# file and line: the server said no.
. ./lib_database_one.sh
cd "$1" || die 44 "$1"
shift
for f; do
	[ -f "./$f" ] && [ -r "./$f" ] || die 44 "$f"
done
# A newline behind each: none runs into the next one.
if ! words=$(for f; do cat "./$f" && echo; done | inside init '' '' 2>&1 >/dev/null); then
	line=$(printf '%s\n' "$words" |
		sed -n -e 's/^psql:<stdin>:\([0-9]*\): ERROR.*/\1/p' \
			-e 's/^ERROR [0-9]* ([^)]*) at line \([0-9]*\).*/\1/p' | head -n 1)
	for f; do
		n=$(($(wc -l <"./$f") + 1))
		[ -n "$line" ] || break
		[ "$line" -gt "$n" ] || die 1 "$f, line $line: $words"
		line=$((line - n))
	done
	die 1 "$words"
fi
for f; do
	sum=$(sha256sum <"./$f") || exit
	printf '%s  %s\n' "${sum%% *}" "$f"
done
