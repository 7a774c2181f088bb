#!/usr/bin/env bash
# Who may include whom, and what each part may ask of the system.
# shellcheck disable=SC2317  # functions are called through ok
. "$(dirname "$0")/../harness/tap.sh"
. "$(dirname "$0")/../harness/structure.sh"
installed >/dev/null || skip_all "nothing is built in $BUILD"

# Project headers. First match counts; a folder without a row may include nothing of ours.
# FILES (a regular expression)	HEADERS IT MAY INCLUDE
edges() {
	cat <<'END'
^fsm/base/	^fsm/base/
^fsm/core/	^fsm/(base|core)/
^fsm/model/	^fsm/(base|model)/
^fsm/flows/	^fsm/(base|core|model|parts|flows)/|^fsm/steps/(steps|common/gates|backup/retention)\.h$|^transports/host/host\.h$
^fsm/parts/	^fsm/(base|core|model|steps|parts)/|^ledger/ledger\.h$|^transports/host/host\.h$
^fsm/steps/steps\.h	^fsm/(base|core)/|^fsm/steps/common/ctx\.h$
^fsm/steps/common/	^fsm/(base|core|model)/|^fsm/steps/(common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/images/	^fsm/(base|core|model)/|^fsm/steps/(images/|config/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/traffic/	^fsm/(base|core|model)/|^fsm/steps/(traffic/|images/|config/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/data/	^fsm/(base|core|model)/|^fsm/steps/(data/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/migrate/	^fsm/(base|core|model)/|^fsm/steps/(migrate/|images/|data/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/config/	^fsm/(base|core|model)/|^fsm/steps/(config/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/prune/	^fsm/(base|core|model)/|^fsm/steps/(prune/|images/image_set\.h$|data/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/steps/backup/	^fsm/(base|core|model)/|^fsm/steps/(backup/|data/|common/|steps\.h$)|^transports/host/host\.h$
^fsm/run/	^fsm/|^ledger/ledger\.h$|^transports/host/host\.h$
^ledger/	^fsm/base/|^fsm/core/record\.h$|^ledger/
^transports/host/	^fsm/base/|^transports/(transport|http|fdio|registry/registry)\.h$|^transports/host/
^transports/git/	^fsm/base/|^transports/(transport|fdio)\.h$|^transports/host/host(_files|_repository)?\.h$|^transports/git/|^transports/ssh/(config|hostkeys)\.h$
^transports/forge/	^fsm/base/|^transports/(transport|http_call|http_text)\.h$|^transports/forge/
^transports/registry/	^fsm/base/|^transports/(transport|http_call|http_text|fdio)\.h$|^transports/registry/
^transports/notify/	^fsm/base/|^transports/(transport|fdio)\.h$|^transports/notify/
^transports/	^fsm/base/|^transports/(ssh/)?[a-z_0-9]+\.h$
^cli/frame/help_records\.c	^cli/|^fsm/model/|PUBLIC
^cli/	^cli/|^fsm/parts/(args|named|text)\.h$|PUBLIC
^fixtures/demo/	^fixtures/|^cli/|PUBLIC
^fixtures/	^fixtures/|PUBLIC
^tests/	.
END
}
# Libraries and system headers that only some files may include.
# HEADERS	FILES
only() {
	cat <<'END'
^git2	^ledger/|^transports/git/|^tests/
^libssh2	^transports/ssh/|^tests/
^curl/	^transports/http[a-z_0-9]*\.[ch]$|^transports/notify/curl\.c$|^tests/
^sodium	^fsm/base/|^tests/
^(unistd|fcntl|dirent|spawn|poll|signal|time|netdb|pwd)\.h$|^sys/|^netinet/|^arpa/	^fsm/base/|^ledger/|^transports/|^cli/|^fixtures/|^tests/
^stdlib\.h$	^fsm/(base|steps|parts|run)/|^ledger/|^transports/|^cli/|^fixtures/|^tests/
END
}
forbidden() { # DIR FILE...: prints each forbidden edge
	local dir=$1
	shift
	edges >"$TMP/edges"
	public_headers >"$TMP/public"
	only >"$TMP/only"
	(cd "$dir" && awk -F'\t' -v edges="$TMP/edges" -v only="$TMP/only" -v public="$TMP/public" '
	BEGIN {
		while ((getline <edges) > 0) { n++; from[n] = $1; to[n] = $2 }
		while ((getline <public) > 0) is_public[$1] = 1
		while ((getline <only) > 0) { m++; header[m] = $1; where[m] = $2 }
	}
	/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		quoted = $0 ~ /"/
		name = $0
		sub(/^[^<"]*[<"]/, "", name)
		sub(/[>"].*$/, "", name)
		bad = 0
		if (quoted) {
			bad = 1
			for (i = 1; i <= n; i++)
				if (FILENAME ~ from[i]) {
					bad = name !~ to[i] && !(to[i] ~ /PUBLIC/ && name in is_public)
					break
				}
		}
		for (i = 1; i <= m; i++)
			if (name ~ header[i] && FILENAME !~ where[i]) bad = 1
		if (bad) print FILENAME " includes " name
	}' "$@")
}
mapfile -t files < <(tracked '*.c' '*.h')
ok "no forbidden include" nothing forbidden "$SRC" "${files[@]}"

# A planted violation of each rule is seen; a legal edge is not.
plant() { # FILE INCLUDE: what forbidden() says of it
	mkdir -p "$TMP/tree/$(dirname "$1")"
	printf '#include %s\n' "$2" >"$TMP/tree/$1"
	forbidden "$TMP/tree" "$1"
}
while read -r file include; do
	ok "planted: $file includes $include" is "$(plant "$file" "$include")" \
		"$file includes $(echo "$include" | tr -d '<>"')"
done <<'END'
fsm/base/x.c "fsm/core/flow.h"
fsm/core/x.c "ledger/ledger.h"
fsm/model/x.c "fsm/steps/common/ctx.h"
fsm/core/x.c "fsm/model/plan.h"
fsm/core/x.c <unistd.h>
fsm/core/x.c <time.h>
fsm/core/x.c <sys/stat.h>
fsm/core/x.c <stdlib.h>
fsm/flows/x.c "fsm/run/run.h"
fsm/steps/data/x.c "transports/ssh/session.h"
fsm/steps/data/x.c "transports/host/shell/shell.h"
fsm/steps/data/x.c "ledger/ledger.h"
fsm/steps/common/x.c "fsm/steps/data/members.h"
fsm/steps/images/x.c "fsm/steps/data/members.h"
fsm/steps/data/x.c "fsm/steps/backup/vault.h"
fsm/steps/images/x.c "fsm/steps/traffic/traffic.h"
fsm/steps/data/x.c <fcntl.h>
fsm/run/x.c <git2.h>
ledger/x.c "transports/transport.h"
transports/x.c "transports/host/host.h"
transports/local.c <libssh2.h>
transports/ssh/ssh.c <curl/curl.h>
transports/registry/x.c <curl/curl.h>
transports/registry/x.c "transports/host/host.h"
transports/ssh/x.c "transports/registry/registry.h"
transports/host/x.c "ledger/ledger.h"
transports/notify/x.c "ledger/ledger.h"
transports/notify/x.c <curl/curl.h>
cli/x.c "fsm/steps/common/ctx.h"
cli/x.c "ledger/git/git.h"
cli/x.c <git2.h>
cli/x.c "fixtures/sim/sim.h"
fixtures/sim/x.c "cli/frame/cli.h"
END
while read -r file include; do
	ok "legal: $file includes $include" nothing plant "$file" "$include"
done <<'END'
ledger/x.c <git2.h>
transports/ssh/auth.c <libssh2.h>
transports/http.c <curl/curl.h>
transports/registry/x.c "transports/http_call.h"
cli/x.c "fsm/run/run.h"
cli/x.c "fsm/parts/args.h"
fsm/steps/data/x.c "transports/host/host.h"
fixtures/demo/x.c "cli/report/reporter.h"
END

# What the compiled parts call, which no include tells: printf is one header away from snprintf.
objects() { find "$BUILD/CMakeFiles/rfa_objects.dir/$1" -name '*.o' 2>/dev/null | sort; }
calls() { # REGEX OBJECT...: which object calls what
	local regex=$1 o
	shift
	for o; do
		nm -u "$o" | awk -v re="^($regex)\$" -v o="${o##*rfa_objects.dir/}" \
			'{sub(/@.*/, "", $2)} $2 ~ re {print o " uses " $2}'
	done
}
PRINTS='printf|vprintf|puts|putchar|perror|stdout|stderr|__printf_chk|__vprintf_chk'
ENDS='exit|abort|system|popen|__assert_fail'
IMPURE="$PRINTS|$ENDS|malloc|calloc|realloc|free|strdup|fopen|fwrite|open|read|write|close|time|clock_gettime|getenv|rand|json_object|json_array|json_string|json_loads?|json_dumps?|json_deep_copy"
mapfile -t core < <(objects fsm/core)
mapfile -t flows < <(objects fsm/flows)
mapfile -t library < <(objects .)
ok "there are objects to look at" test "${#core[@]}" -ge 3 -a "${#library[@]}" -ge 20
ok "the core does no I/O, asks no clock, allocates nothing" nothing calls "$IMPURE" "${core[@]}"
ok "the library neither prints nor ends the process" nothing calls "$PRINTS|$ENDS" "${library[@]}"
# A flow's file gives the rest of the program one object, called as the file is.
more_in() {
	local o name
	for o; do
		name=${o##*/} name=${name%%.*}
		[ "$name" = list ] || nm -g --defined-only "$o" |
			awk -v o="${o##*/}" -v own="rfa_flow_$name" '$3 != own {print o " defines " $3}'
	done
}
ok "a flow's file defines its flow and nothing else" nothing more_in "${flows[@]}"

printf '#include <stdio.h>\nint f(void);\nint f(void) { return puts("x"); }\n' | cc -c -o "$TMP/bad.o" -x c -
ok "planted: a call of puts" not nothing calls "$PRINTS" "$TMP/bad.o"
ok "planted: a function beside a flow" not nothing more_in "$TMP/bad.o"

# The simulated hosts are in the demo and in the tests, never in the product.
nm -g --defined-only "$BUILD/librfa_sim.a" | awk 'NF == 3 {print $3}' | sort -u >"$TMP/simulator"
simulated() { # FILE...: what each has of the simulator, defined or asked for
	local f
	for f; do
		nm "$f" | awk -v f="${f##*/}" \
			'NR == FNR {of[$1]; next} $NF in of {print f " has " $NF}' "$TMP/simulator" -
	done
}
symbols() { nm "$1" | wc -l; }
ok "there is a simulator to look for" test "$(wc -l <"$TMP/simulator")" -ge 100
for f in rfa librfa.so librfa.a; do
	ok "$f has symbols" test "$(symbols "$BUILD/$f")" -ge 1000
	ok "$f has nothing of the simulator" nothing simulated "$BUILD/$f"
done
ok "planted: a program with the simulator in it" not nothing simulated "$BUILD/rfa-demo"

# Whatever differs between flows is in their objects: no code asks for a flow by its name.
flow_names=$(sed -n 's/^\t\.name = "\([a-z-]*\)",$/\1/p' "$SRC"/fsm/flows/*.c | paste -sd'|')
ok "there are flows" test "$(tr '|' '\n' <<<"$flow_names" | wc -l)" -ge 12
asks_for_a_flow() {
	grep -nE "flow.*[\"]($flow_names)[\"]|[\"]($flow_names)[\"].*flow" "$@" /dev/null
}
mapfile -t product < <(tracked 'fsm/*.[ch]' 'ledger/*.[ch]' 'transports/*.[ch]' 'cli/*.[ch]' |
	grep -v '^fsm/flows/')
ok "no code outside a flow's file knows it by its name" nothing not \
	asks_for_a_flow "${product[@]/#/$SRC/}"
printf '\tif (strcmp(s->flow, "backup") == 0)\n' >"$TMP/bad.c"
ok "planted: a flow's name" asks_for_a_flow "$TMP/bad.c"

done_testing
