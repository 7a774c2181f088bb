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
 * Groups of four: a kind ("d", "f"), the place, in, out. All are looked at before one is touched,
 * and again when all is done: nothing but the end of every exchange is a success.
 *
 * at_place: stands where the place lies; sets $name to its name there, $in and $out to those of the
 *   directories of the copies. They lie there too, so that a rename between them never copies.
 * copied DIR: is there a copy in it; goes into it.
 * bare DIR: it is the copy itself, as an earlier rfa made it. That is believed only where nobody
 *   else could have put it.
 * stage: sets $stage to the three digits of the drawing, "-" for what is not asked for.
 * rename A B: once, and never over something. An old mv says nothing when it refuses.
 * once: no two places are one, and none lies in another, whatever they are called.
 * strange SUFFIX: a companion lies at the place that belongs to neither copy.
 */
static const char swap_looks[] =
    "need awk readlink tar\n"
    "mv --no-copy --version >/dev/null 2>&1 && strict=--no-copy || strict=\n"
    "beside() {\n"
    "	case $1 in\n"
    "	'') beside= bare=; return ;;\n"
    "	*/.rfa-*/tree) beside=${1%/tree} bare= ;;\n"
    "	*) beside=$1 bare=1 ;;\n"
    "	esac\n"
    "	[ \"${place%/*}\" = \"${beside%/*}\" ] ||\n"
    "		[ \"$(hold \"${beside%/*}/\" && echo \"$at\")\" = \"$at\" ] ||\n"
    "		die 1 \"$1 does not lie beside $place\"\n"
    "	beside=${beside##*/}\n"
    "}\n"
    "at_place() {\n"
    "	hold \"${place%/*}/\" || die 44 \"${place%/*}\"\n"
    "	name=${place##*/}\n"
    "	beside \"$from\"; in=$beside bare_in=$bare\n"
    "	beside \"$to\"; out=$beside bare_out=$bare\n"
    "	if [ \"$kind\" = f ]; then is=-f db=/db; else is=-d db=; fi\n"
    "}\n"
    "kind_of() {\n"
    "	there \"$1\" || return 4\n"
    "	[ $is \"$1\" ] && ! [ -L \"$1\" ] || die 45 \"$2 is something else\"\n"
    "}\n"
    "bare() {\n"
    "	[ \"$1\" = \"$in\" ] && [ -n \"$bare_in\" ] && return\n"
    "	[ \"$1\" = \"$out\" ] && [ -n \"$bare_out\" ]\n"
    "}\n"
    "copied() {\n"
    "	there \"./$1\" || return 4\n"
    "	if bare \"$1\"; then\n"
    "		! shared || die 53 \"$1: others can change where it lies ($(who))\"\n"
    "		kind_of \"./$1$db\" \"$1\"\n"
    "	else\n"
    "		private \"$1\"\n"
    "		kind_of \"tree$db\" \"$1\"\n"
    "	fi\n"
    "}\n"
    "digit() {\n"
    "	if [ -z \"$2\" ]; then digit=-; else\n"
    "		(\"$@\")\n"
    "		digit=$?\n"
    "		case $digit in 0) digit=1 ;; 4) digit=0 ;; *) exit $digit ;; esac\n"
    "	fi\n"
    "	stage=$stage$digit\n"
    "}\n"
    "stage() {\n"
    "	stage=\n"
    "	digit kind_of \"./$name\" \"$place\"\n"
    "	digit copied \"$in\"\n"
    "	digit copied \"$out\"\n"
    "}\n"
    "strange() {\n"
    "	there \"./$name$1\" || return 1\n"
    "	for dir in \"$in\" \"$out\"; do\n"
    "		[ -z \"$dir\" ] || ! there \"./$dir\" ||\n"
    "			! (inside \"$dir\" && [ \"$up/$name$1\" -ef \"db$1\" ]) || return 1\n"
    "	done\n"
    "}\n"
    "once() {\n"
    "	case $names in *\" $at/$name \"*) die 45 \"$place is named twice\" ;; esac\n"
    "	names=\"$names$at/$name \"\n"
    "	id=$(stat -c %d:%i -- \"./$name\" 2>/dev/null)\n"
    "	for other in $ids; do\n"
    "		case \"$chain$id \" in *\" $other \"*) die 45 \"$place is part of another place\" "
    ";; "
    "esac\n"
    "	done\n"
    "	case \" $chains\" in *\" ${id:--} \"*) die 45 \"$place has another place in it\" ;; esac\n"
    "	ids=\"$ids $id\" chains=\"$chains$chain\"\n"
    "}\n"
    "look() {\n"
    "	at_place\n"
    "	once\n"
    "	stage\n"
    "	case $stage in\n"
    "	110 | 01- | 1-0 | 011) ;;\n"
    "	101 | 10- | 0-1) return ;;\n"
    "	*1*1 | 11-) [ \"$stage\" = 11- ] && die 45 \"$place\" || die 45 \"$to\" ;;\n"
    "	*) [ \"$stage\" = 010 ] || [ -z \"$from\" ] && die 44 \"$place\" || die 44 \"$from\" ;;\n"
    "	esac\n"
    "	if [ \"$kind\" = d ]; then\n"
    "		case $stage in\n"
    "		1*) [ -z \"$(mounted \"$(place \"$name\")\")\" ] || die 1 \"something is mounted "
    "on "
    "$place\" ;;\n"
    "		esac\n"
    "		return\n"
    "	fi\n"
    "	case $stage in 0*) for s in -wal -journal; do\n"
    "		! strange $s || die 45 \"$place$s\"\n"
    "	done ;; esac\n"
    "}\n"
    "done_all() {\n"
    "	at_place\n"
    "	stage\n"
    "	case $stage in 101 | 10- | 0-1) ;; *) die 1 \"$place was not exchanged\" ;; esac\n"
    "}\n";

/*
 * moved A B: the same, and it is what it should be.
 * inside DIR: into the copy that lies in it; $up: from there to where the place lies.
 * leaves, cleared, comes, spent: the halves of an exchange, and what is left over of each; a power
 *   cut may come anywhere.
 */
static const char swap_text[] =
    "rename() {\n"
    "	mv -nT $strict -- \"$1\" \"$2\" || exit\n"
    "	! there \"$1\" || die 45 \"$place\"\n"
    "}\n"
    "inside() {\n"
    "	up=..\n"
    "	if bare \"$1\"; then\n"
    "		step \"$1\"\n"
    "	else\n"
    "		private \"$1\"\n"
    "		[ \"$kind\" = d ] || { up=../..; step tree; }\n"
    "	fi\n"
    "}\n"
    "moved() {\n"
    "	rename \"$1\" \"$2\"\n"
    "	[ $is \"$2\" ] && ! [ -L \"$2\" ] ||\n"
    "		{ mv -nT -- \"$2\" \"$1\"; die 53 \"$place was exchanged by somebody\"; }\n"
    "}\n"
    "leaves() {\n"
    "	if [ $kind = d ] && [ -n \"$bare_out\" ]; then\n"
    "		rename \"./$name\" \"./$out\"\n"
    "		return\n"
    "	fi\n"
    "	there \"./$out\" || mkdir -m 700 -- \"./$out\" || exit\n"
    "	if [ $kind = f ] && [ -z \"$bare_out\" ]; then\n"
    "		(private \"$out\" && { [ -d tree ] || mkdir -m 700 -- tree; }) || exit\n"
    "	fi\n"
    "	inside \"$out\"\n"
    "	if [ $kind = f ]; then\n"
    "		rm -f -- db-wal db-journal db-shm || exit\n"
    "		for s in -wal -journal; do\n"
    "			! [ -f \"$up/$name$s\" ] || ln -P -- \"$up/$name$s\" db$s || exit\n"
    "			! [ -L db$s ] || die 53 \"$place$s is a symbolic link\"\n"
    "		done\n"
    "		moved \"$up/$name\" db\n"
    "	else\n"
    "		moved \"../$name\" tree\n"
    "	fi\n"
    "	onto_disk . ..\n"
    "}\n"
    "cleared() {\n"
    "	rm -f -- \"./$name-shm\" || exit\n"
    "	for s in -wal -journal; do\n"
    "		[ -z \"$out\" ] ||\n"
    "			! (inside \"$out\" && [ \"$up/$name$s\" -ef db$s ]) || rm -f -- "
    "\"./$name$s\" || "
    "exit\n"
    "	done\n"
    "	[ -z \"$out\" ] || (inside \"$out\" && onto_disk . .. \"$up\") || exit\n"
    "}\n"
    "comes() {\n"
    "	if [ \"$kind\" = d ] && [ -n \"$bare_in\" ]; then\n"
    "		rename \"./$in\" \"./$name\"\n"
    "	elif [ \"$kind\" = d ]; then\n"
    "		(private \"$in\" && rename tree \"../$name\") || exit\n"
    "	else\n"
    "		(inside \"$in\"\n"
    "		for s in -wal -journal; do\n"
    "			! [ -e db$s ] || [ \"$up/$name$s\" -ef db$s ] || ln -- db$s "
    "\"$up/$name$s\" || "
    "exit\n"
    "		done\n"
    "		rename db \"$up/$name\") || exit\n"
    "	fi\n"
    "}\n"
    "spent() {\n"
    "	there \"./$in\" || return 0\n"
    "	if [ -n \"$bare_in\" ]; then\n"
    "		(step \"$in\" && rm -f -- db-wal db-journal db-shm) || exit\n"
    "		rmdir -- \"./$in\" 2>/dev/null\n"
    "		return 0\n"
    "	fi\n"
    "	(private \"$in\"\n"
    "	if [ $kind = f ] && [ -d tree ]; then\n"
    "		rm -f -- tree/db-wal tree/db-journal tree/db-shm || exit\n"
    "		rmdir -- tree 2>/dev/null\n"
    "	fi\n"
    "	leave \"$in\") || exit\n"
    "}\n"
    "exchange() {\n"
    "	at_place\n"
    "	stage\n"
    "	case $stage in 1*0) (leaves) || exit; stage=0${stage#1} ;; esac\n"
    "	case $kind$stage in f0*) cleared ;; esac\n"
    "	case $stage in 01*) comes; stage=10${stage#??} ;; esac\n"
    "	case $stage in 10*) spent ;; esac\n"
    "	onto_disk .\n"
    "}\n"
    "each() {\n"
    "	what=$1 names=' ' ids= chains=\n"
    "	shift\n"
    "	while [ $# -ge 4 ]; do\n"
    "		kind=$1 place=$2 from=$3 to=$4\n"
    "		$what\n"
    "		shift 4\n"
    "	done\n"
    "}\n"
    "each look \"$@\"\n"
    "each exchange \"$@\"\n"
    "each done_all \"$@\"\n"
    "exit 0\n";

/*
 * Copies, each with what a copy that was cut short has beside it. A file that may not be changed
 * may not be removed either, until somebody says otherwise. What an earlier rfa has made lies
 * beside the place itself: it is known by its name only, so nobody else may have put it there.
 */
static const char remove_text[] =
    "need awk find tar\n"
    "go() {\n"
    "	bare= dir=${1%/tree}\n"
    "	case $1 in */.rfa-*/tree) ;; *) bare=1 ;; esac\n"
    "	hold \"${dir%/*}/\" || return 4\n"
    "	dir=${dir##*/}\n"
    "	there \"./$dir\" || return 4\n"
    "	[ -z \"$(mounted \"$(place \"$dir\")\")\" ] || die 1 \"something is mounted on $1\"\n"
    "	[ -n \"$bare\" ] || return 0\n"
    "	! shared || die 53 \"$1: others can change where it lies ($(who)): remove it by hand\"\n"
    "}\n"
    "clear() {\n"
    "	rm -rf --one-file-system -- \"$@\" 2>/dev/null && return\n"
    "	find \"$@\" -xdev \\( -type d -o -type f \\) -execdir chattr -f -i -a -- {} + >/dev/null "
    "2>&1\n"
    "	rm -rf --one-file-system -- \"$@\"\n"
    "}\n"
    "for copy; do\n"
    "	(go \"$copy\")\n"
    "	status=$?\n"
    "	[ $status = 0 ] || [ $status = 4 ] || exit $status\n"
    "done\n"
    "for copy; do\n"
    "	(go \"$copy\" || exit 0\n"
    "	set +f\n"
    "	if [ -n \"$bare\" ]; then\n"
    "		clear \"./$dir\" \"./$dir.bulk\" \"./$dir.part\" \"./$dir\".check.*\n"
    "		exit\n"
    "	fi\n"
    "	view\n"
    "	private \"$dir\"\n"
    "	clear ./* || exit\n"
    "	leave \"$dir\") || exit\n"
    "done\n"
    "exit 0\n";

static int own_or_null(const struct shell_host *h, const json_t *value, const char **out,
		       struct rfa_error *err)
{
	*out = "";
	if (!value || json_is_null(value))
		return 0;
	*out = json_string_value(value);
	return rfa_shell_tree_any(h, *out ? *out : "", err);
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
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct shell_call call = { NULL, args, NULL, 0 };
	int rc = args ? swap_args(h, items, args, err) : rfa_fail_nomem(err);

	(void)rfa_buf_puts(&text, swap_looks);
	(void)rfa_buf_puts(&text, swap_text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	call.text = rfa_buf_str(&text);
	/* The words name the path: it need not be the first one's. */
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "exchanging data", &answer, err);
	rfa_buf_release(&text);
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
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct shell_call call = { NULL, args, NULL, 0 };
	int rc = args ? 0 : rfa_fail_nomem(err);

	for (i = 0; rc == 0 && i < n; i++) {
		args[i] = json_string_value(json_array_get(copies, i));
		rc = rfa_shell_tree_any(h, args[i] ? args[i] : "", err);
	}
	(void)rfa_buf_puts(&text, rfa_shell_view);
	(void)rfa_buf_puts(&text, remove_text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	call.text = rfa_buf_str(&text);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "removing copies", &answer, err);
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}
