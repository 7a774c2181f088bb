#!/usr/bin/env bash
# The scripts that run on hosts: files that every shell can read, and no shell or SQL inside of C.
# shellcheck disable=SC1003,SC2317  # a backslash at the end of a word; functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"
cd "$SRC" || exit 1

mapfile -t scripts < <(tracked 'transports/*/*.sh' 'transports/scripts/*.sh' | sort -u)
mapfile -t statements < <(tracked 'transports/*.sql')
ok "there are scripts" test "${#scripts[@]}" -ge 60 -a "${#statements[@]}" -ge 12

# `./dev lint` and style.sh run shellcheck over what begins so. Then comes what the script does.
beginnings() { # FILE...
	awk '
	FNR == 1 && FILENAME ~ /\.sh$/ && !/^# shellcheck shell=sh( |$)/ {print FILENAME ": not for shellcheck"}
	FNR == 2 && FILENAME ~ /\.sh$/ && !/^# [A-Z].*[a-z,.:]$/ {print FILENAME ": does not say what it does"}
	FNR == 1 && FILENAME ~ /\.sql$/ && !/^-- [A-Z].*[a-z,.]$/ {print FILENAME ": does not say what it does"}
	' "$@"
}
ok "each says what it does, and is for shellcheck" nothing beginnings "${scripts[@]}" "${statements[@]}"
printf 'echo\necho\n' >"$TMP/bare.sh"
echo 'SELECT 1;' >"$TMP/bare.sql"
ok "planted: files that say nothing" is "$(beginnings "$TMP/bare.sh" "$TMP/bare.sql" | wc -l)" 3

# What Compose finds by itself is told twice: to a host that has Compose, and of one whose answer is not
# known.
names_of_script() { sed -n 's/.*first \(compose[^;]*\).*/\1/p' "$1" | tr ' ' '\n'; }
names_of_c() { sed -n '/rfa_configuration_names\[.*{/,/};/s/^[[:space:]]*"\(.*\)",$/\1/p' "$1"; }
names=$(names_of_c fsm/steps/config/configuration.c)
ok "both know the same names, in the same order" is "$(names_of_script transports/host/scripts/compose_files.sh)" "$names"
ok "these are eight" is "$(wc -l <<<"$names")" 8
sed 's/ compose.yml / /' transports/host/scripts/compose_files.sh >"$TMP/names.sh"
ok "planted: a name less" not is "$(names_of_script "$TMP/names.sh")" "$names"
rm "$TMP/names.sh"

# A name that no library sets is seen, since shellcheck follows the libraries.
if command -v shellcheck >/dev/null; then
	planted() { # TEXT
		cp transports/host/scripts/lib_*.sh transports/host/scripts/.shellcheckrc "$TMP" &&
			printf '# shellcheck shell=sh\n. ./lib_private.sh\n%s\n' "$1" >"$TMP/planted.sh" &&
			shellcheck -x -P SCRIPTDIR "$TMP/planted.sh"
	}
	# shellcheck disable=SC2016
	{
		ok "legal: a name of a library of a library" planted 'stand; echo "$mode"'
		ok "planted: a name that nothing sets" not planted 'stand; echo "$modes"'
	}
else
	skip "planted: a name that nothing sets" "no shellcheck"
fi

# What is sent: the build leaves it in a folder.
SENT=$BUILD/scripts
mapfile -t sent < <(find "$SENT" -name '*.sh' 2>/dev/null | sort)
reads() { # SHELL... FILE: prints what a shell cannot read
	local file=${*: -1}
	"${@:1:$#-1}" -n "$file" || echo "$* does not read it"
}
each() { # SHELL...: over all that is sent
	local file
	for file in "${sent[@]}"; do reads "$@" "$file"; done
}
printf 'if true; then\n' >"$TMP/half.sh"
ok "what is sent is in the build" test "${#sent[@]}" = "${#scripts[@]}"
for shell in dash 'bash --posix' 'busybox sh'; do
	read -ra words <<<"$shell"
	if ! command -v "${words[0]}" >/dev/null; then
		skip "$shell reads each" "no ${words[0]}"
		continue
	fi
	ok "$shell reads each" nothing each "${words[@]}"
	ok "planted: half a script for $shell" not nothing reads "${words[@]}" "$TMP/half.sh"
done

# bash as sh does not take a function of such a name, and ends.
SPECIAL='break|continue|eval|exec|exit|export|readonly|return|set|shift|source|times|trap|unset'
special() { grep -nE "^[[:space:]]*($SPECIAL)\(\)" "$@" /dev/null || :; }
ok "no function has the name of a special builtin" nothing special "${scripts[@]}"
printf '\tsource() { :; }\n' >"$TMP/special.sh"
ok "planted: a function called source" not nothing special "$TMP/special.sh"

# No file without use: a script and SQL in C, a library in a script.
unused() { # FILE...
	local file name
	mapfile -t code < <(tracked 'transports/*.c')
	for file; do
		name=${file##*/}
		case $name in
		lib_*.sh) grep -qxF ". ./$name" "${scripts[@]}" ;;
		lib_*.sql) grep -qxF "source $name" "${statements[@]}" ;;
		*.sh) grep -qw "rfa_script_${name%.sh}" "${code[@]}" ||
			grep -qxF ". ./$name" "${scripts[@]}" ;;
		*.sql) grep -qw "rfa_sql_${name%.sql}" "${code[@]}" ;;
		esac || echo "$file is not used"
	done
}
ok "each is used" nothing unused "${scripts[@]}" "${statements[@]}"
ok "planted: files without use" is "$(unused x.sh lib_x.sh x.sql lib_x.sql | wc -l)" 4

# How they become C.
made() { # FILE...: prints what is sent of the last one
	rm -rf "$TMP/made"
	cmake -P .cmake/scripts.cmake "$TMP/made.c" "$TMP/made" "$@" >"$TMP/cmake.log" 2>&1 || {
		tail -n 5 "$TMP/cmake.log"
		return 1
	}
	cat "$TMP/made/$(basename "${*: -1}")"
}
if command -v cmake >/dev/null; then
	mkdir "$TMP/c"
	plant() { printf '%s\n' "${@:2}" >"$TMP/c/$1"; }
	plant lib_a.sh '# comment' 'a() {' '	# comment' '	echo "# text;[x" \' '		#no' '}'
	plant b.sh 'one=1 # stays' '' '. ./lib_a.sh' "	two='" '    python' "'"
	ok "comments, empty lines and tabs go, and a library comes" is "$(made "$TMP/c/lib_a.sh" "$TMP/c/b.sh")" \
		"$(printf '%s\n' 'one=1 # stays' 'a() {' 'echo "# text;[x" \' '}' "two='" '    python' "'")"
	ok "it is C" cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$SRC" -x c \
		"$TMP/made.c"
	plant lib_a.sql '-- comment' 'SELECT 1;'
	plant b.sql 'source lib_a.sql' 'SELECT 2 -- two' '	FROM b;'
	ok "so with SQL" is "$(made "$TMP/c/lib_a.sql" "$TMP/c/b.sql")" \
		"$(printf '%s\n' 'SELECT 1;' 'SELECT 2 -- two' 'FROM b;')"
	plant here.sh 'cat <<E' '	x' 'E'
	ok "planted: a here-document" not made "$TMP/c/here.sh"
	plant lost.sh '. ./lib_lost.sh'
	ok "planted: a library that is not there" not made "$TMP/c/lost.sh"
	plant twice.sh '. ./lib_a.sh' '. ./lib_a.sh'
	ok "planted: a library that comes twice" not made "$TMP/c/lib_a.sh" "$TMP/c/twice.sh"
	plant lib_c.sh '. ./lib_d.sh'
	plant lib_d.sh '. ./lib_c.sh'
	ok "planted: libraries that name each other" not made "$TMP/c/lib_d.sh" "$TMP/c/lib_c.sh"
	plant lib_c.sql 'source lib_c.sql'
	ok "planted: SQL that takes itself in" not made "$TMP/c/lib_c.sql"
	plant odd.sh "echo $(printf '\303\244')"
	ok "planted: a letter that is not of ASCII" not made "$TMP/c/odd.sh"
else
	skip "how they become C" "no cmake"
fi

# Strings of C that have several lines of shell or SQL. Strings that stand side by side are one, also
# around a macro.
inside_c() { # FILE...
	awk '
	function done_one() {
		sub(/(\\n)+$/, "", string)
		gsub(/\\t/, "\t", string)
		gsub(/[$]schema/, "", string)
		if (gsub(/\\n/, "\n", string) && string ~ code) print file ":" at
		string = ""
	}
	BEGIN {
		code = "[$][(@#?*0-9]|[$][a-z_]+|[$][{][a-z_]+[%#:}-]|[|][|] |&& |; (then|do)(\n|$)|2>&1" \
			"|(^|\n)[\t ]*(fi|done|esac|exit|exit [0-9]+)(\n|$)|(^|\n)[\t ]*(if|while) [[!]" \
			"|(^|\n)[\t ]*(trap|echo|printf|cd) [\"\047\\\\/]" \
			"|(^|\n)[\t ]*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|FROM|WHERE|BEGIN|COMMIT|UNION)[ ;]"
		token = "/[*]|//|\"([^\"\\\\]|\\\\.)*\"|\047([^\047\\\\]|\\\\.)*\047|[A-Za-z0-9_]+|[^ \t\\\\]"
	}
	FNR == 1 { done_one(); file = FILENAME; comment = 0 }
	{
		line = $0
		while (line != "") {
			if (comment) {
				if (!(i = index(line, "*/"))) break
				line = substr(line, i + 2)
				comment = 0
			}
			if (!match(line, token)) break
			one = substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART + RLENGTH)
			if (one == "//") break
			if (one == "/*") comment = 1
			else if (one ~ /^"/) {
				if (string == "") at = FNR
				string = string substr(one, 2, length(one) - 2)
			} else if (string != "" && one !~ /^[A-Z][A-Z0-9_]*$/) done_one()
		}
	}
	END { done_one() }' "$@"
}
# What is printed for the shell of the person is made of the tables of commands, word by word. A `$` in the
# configuration of nginx, which is written service by service, is a variable of nginx.
mapfile -t sources < <(tracked 'fsm/*.[ch]' 'ledger/*.[ch]' 'transports/*.[ch]' 'cli/*.[ch]' |
	grep -vxF -e cli/frame/help_pages.c -e cli/commands/init_router.c)
ok "there is C to look at" test "${#sources[@]}" -ge 150
ok "no lines of shell or SQL inside of C" nothing inside_c "${sources[@]}"
violation() { # LINE...: is it seen?
	printf '%s\n' "$@" >"$TMP/bad.c"
	not nothing inside_c "$TMP/bad.c"
}
# shellcheck disable=SC2016
{
	ok "planted: a script" violation 'const char a[] = "dir=$1\n"' '	"mkdir -p x || exit\n";'
	ok "planted: a script in one string" violation 'f("for x; do\n\techo\ndone");'
	ok "planted: a script around macros" violation '#define A "x=1\n" \' '	B "echo\n" /* x */ "exit 1\n"'
	ok "planted: SQL" violation 'static const char a[] =' '	"SELECT a\n"' '	"	FROM b;\n";'
	ok "legal: a line of shell" not violation 'const char a[] = "set -f; me=$(id -u)\n", *b = "\n";'
	ok "legal: prose" not violation 'say("Each is shown first;\nthen it is asked for.\n");' '/* "$1\n$2" */'
}

done_testing
