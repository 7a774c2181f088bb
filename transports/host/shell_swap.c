/*
 * Data takes the place of other data by rename; and copies are removed.
 *
 * Where an exchange stands is read off what exists (i, o: the copy `in`, `out`; p: the place):
 *
 * p i o | in and out                 | p i | in only      | p o | out only
 * 1 1 0 | begins: place to out       | 0 1 | in to place  | 1 0 | place to out
 * 0 1 1 | half-way: in to place      | 1 0 | done         | 0 1 | done
 * 1 0 1 | done                       |     |              |     |
 *
 * Anything else is no stage of it. Of a database, `exists` is said of the file db alone. Its
 * companions go first, as hard links: until db itself is renamed, nothing is missing from where it
 * was, so that what starts on it after a power cut finds all of it; and a companion that is no link
 * to one of ours is seen to be another's.
 */
#include "transports/host/shell.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/*
 * Groups of four: a kind ("d", "f"), the place, in, out. All are looked at before one is touched.
 *
 * beside A B: they lie in one directory, so that a rename between them never copies.
 * stage: sets $stage to the three digits of the drawing, "-" for what is not asked for.
 * rename A B: once, and never over something. An old mv says nothing when it refuses.
 * strange SUFFIX: a companion lies at the place that belongs to neither copy.
 */
static const char swap_text[] =
    "need awk readlink\n"
    "mv --no-copy --version >/dev/null 2>&1 && strict=--no-copy || strict=\n"
    "beside() {\n"
    "	[ -z \"$2\" ] || [ \"${1%/*}/\" -ef \"${2%/*}/\" ] ||\n"
    "		die 1 \"$2 does not lie beside $1\"\n"
    "}\n"
    "digit() {\n"
    "	if [ -z \"$2\" ]; then digit=-\n"
    "	elif there \"$2\"; then digit=1\n"
    "	else digit=0; fi\n"
    "	[ \"$digit\" != 1 ] || { [ \"$1\" \"$2\" ] && ! [ -L \"$2\" ]; } ||\n"
    "		die 45 \"$2 is something else\"\n"
    "	stage=$stage$digit\n"
    "}\n"
    "stage() {\n"
    "	if [ \"$kind\" = f ]; then test=-f db=/db; else test=-d db=; fi\n"
    "	stage=\n"
    "	digit $test \"$place\"\n"
    "	digit $test \"${in:+$in$db}\"\n"
    "	digit $test \"${out:+$out$db}\"\n"
    "}\n"
    "strange() {\n"
    "	there \"$place$1\" || return\n"
    "	[ -n \"$in\" ] && [ \"$place$1\" -ef \"$in/db$1\" ] && return 1\n"
    "	[ -n \"$out\" ] && [ \"$place$1\" -ef \"$out/db$1\" ] && return 1\n"
    "	return 0\n"
    "}\n"
    "look() {\n"
    "	beside \"$place\" \"$in\"\n"
    "	beside \"$place\" \"$out\"\n"
    "	stage\n"
    "	case $stage in\n"
    "	110 | 01- | 1-0 | 011) ;;\n"
    "	101 | 10- | 0-1) return ;;\n"
    "	*1*1 | 11-) [ \"$stage\" = 11- ] && die 45 \"$place\" || die 45 \"$out\" ;;\n"
    "	*) [ \"$stage\" = 010 ] || [ -z \"$in\" ] && die 44 \"$place\" || die 44 \"$in\" ;;\n"
    "	esac\n"
    "	for dir in \"$in\" \"$out\"; do\n"
    "		[ -z \"$dir\" ] || ! there \"$dir\" || { [ -d \"$dir\" ] && ! [ -L \"$dir\" ]; } "
    "||\n"
    "			die 45 \"$dir is something else\"\n"
    "	done\n"
    "	if [ \"$kind\" = d ]; then\n"
    "		case $stage in\n"
    "		1*) [ -z \"$(mounted \"$place\")\" ] || die 1 \"something is mounted on $place\" "
    ";;\n"
    "		esac\n"
    "		return\n"
    "	fi\n"
    "	case $stage in 0*) for s in -wal -journal; do\n"
    "		strange $s && die 45 \"$place$s\"\n"
    "	done ;; esac\n"
    "}\n"
    "rename() {\n"
    "	mv -nT $strict -- \"$1\" \"$2\" || exit\n"
    "	! there \"$1\" || die 45 \"$2\"\n"
    "}\n"
    "exchange() {\n"
    "	stage\n"
    "	parent=${place%/*}/\n"
    "	if [ \"$kind\" = d ]; then\n"
    "		case $stage in 1*0) rename \"$place\" \"$out\"; stage=0${stage#1} ;; esac\n"
    "		case $stage in 01*) rename \"$in\" \"$place\" ;; esac\n"
    "		onto_disk \"$parent\"\n"
    "		return\n"
    "	fi\n"
    "	case $stage in 1*0)\n"
    "		[ -d \"$out\" ] || mkdir -m 700 -- \"$out\" || exit\n"
    "		rm -f -- \"$out/db-wal\" \"$out/db-journal\" \"$out/db-shm\" || exit\n"
    "		for s in -wal -journal; do\n"
    "			! [ -e \"$place$s\" ] || ln -- \"$place$s\" \"$out/db$s\" || exit\n"
    "		done\n"
    "		rename \"$place\" \"$out/db\"\n"
    "		stage=0${stage#1}\n"
    "	esac\n"
    "	case $stage in 0*)\n"
    "		rm -f -- \"$place-shm\" || exit\n"
    "		for s in -wal -journal; do\n"
    "			[ -z \"$out\" ] || ! [ \"$place$s\" -ef \"$out/db$s\" ] ||\n"
    "				rm -f -- \"$place$s\" || exit\n"
    "		done\n"
    "		[ -z \"$out\" ] || onto_disk \"$out/\" \"$parent\"\n"
    "	esac\n"
    "	case $stage in 01*)\n"
    "		for s in -wal -journal; do\n"
    "			! [ -e \"$in/db$s\" ] || [ \"$place$s\" -ef \"$in/db$s\" ] ||\n"
    "				ln -- \"$in/db$s\" \"$place$s\" || exit\n"
    "		done\n"
    "		rename \"$in/db\" \"$place\"\n"
    "		stage=10\n"
    "	esac\n"
    "	case $stage in 10*)\n"
    "		rm -f -- \"$in/db-wal\" \"$in/db-journal\" \"$in/db-shm\" || exit\n"
    "		! [ -d \"$in\" ] || rmdir -- \"$in\" 2>/dev/null\n"
    "	esac\n"
    "	onto_disk \"$parent\"\n"
    "}\n"
    "each() {\n"
    "	what=$1\n"
    "	shift\n"
    "	while [ $# -ge 4 ]; do\n"
    "		kind=$1 place=$2 in=$3 out=$4\n"
    "		$what\n"
    "		shift 4\n"
    "	done\n"
    "}\n"
    "each look \"$@\"\n"
    "each exchange \"$@\"\n"
    "exit 0\n";

/*
 * Copies, each with what a copy that was cut short has beside it. A file that may not be changed
 * may not be removed either, until somebody says otherwise.
 */
static const char remove_text[] =
    "need awk readlink\n"
    "for copy; do\n"
    "	[ -z \"$(mounted \"$copy\")\" ] || die 1 \"something is mounted on $copy\"\n"
    "done\n"
    "for copy; do\n"
    "	set +f\n"
    "	for path in \"$copy\" \"$copy.bulk\" \"$copy.part\" \"$copy\".check.*; do\n"
    "		there \"$path\" || continue\n"
    "		rm -rf --one-file-system -- \"$path\" 2>/dev/null && continue\n"
    "		chattr -R -f -i -a -- \"$path\" >/dev/null 2>&1\n"
    "		rm -rf --one-file-system -- \"$path\" || exit\n"
    "	done\n"
    "done\n"
    "exit 0\n";

static int own_or_null(const struct shell_host *h, const json_t *value, const char **out,
		       struct rfa_error *err)
{
	*out = "";
	if (!value || json_is_null(value))
		return 0;
	*out = json_string_value(value);
	return rfa_shell_tree_own(h, *out, err);
}

static int swap_args(const struct shell_host *h, const json_t *items, const char **args,
		     struct rfa_error *err)
{
	json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach (items, i, item) {
		const char **a = args + 4 * i;
		const char *kind = rfa_facts_str(item, "kind", "");

		a[0] = strcmp(kind, "sqlite") == 0 ? "f" : "d";
		a[1] = rfa_facts_str(item, "place", "");
		rc = rfa_shell_tree_path(h, a[1], err);
		if (rc == 0)
			rc = own_or_null(h, json_object_get(item, "in"), &a[2], err);
		if (rc == 0)
			rc = own_or_null(h, json_object_get(item, "out"), &a[3], err);
		if (rc == 0 && ((!a[2][0] && !a[3][0]) || strcmp(a[2], a[3]) == 0 ||
				(a[0][0] == 'd' && strcmp(kind, "directory") != 0)))
			rc = rfa_fail(err, RFA_EINTERNAL, "host", "an exchange of nothing");
		if (rc != 0)
			return rc;
	}
	return 0;
}

int rfa_shell_tree_swap(struct rfa_host *host, const struct rfa_job_key *key, const json_t *items,
			struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char **args = calloc(4 * json_array_size(items) + 1, sizeof(*args));
	struct shell_call call = { swap_text, args, NULL, 0 };
	int rc = args ? swap_args(h, items, args, err) : rfa_fail_nomem(err);

	/* The words name the path: it need not be the first one's. */
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "exchanging data", &answer, err);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}

int rfa_shell_tree_remove(struct rfa_host *host, const struct rfa_job_key *key,
			  const json_t *copies, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	size_t n = json_array_size(copies), i;
	const char **args = calloc(n + 1, sizeof(*args));
	struct shell_call call = { remove_text, args, NULL, 0 };
	int rc = args ? 0 : rfa_fail_nomem(err);

	for (i = 0; rc == 0 && i < n; i++) {
		args[i] = json_string_value(json_array_get(copies, i));
		rc = rfa_shell_tree_own(h, args[i] ? args[i] : "", err);
	}
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "removing copies", &answer, err);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}
