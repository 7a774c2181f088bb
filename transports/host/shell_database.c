/*
 * Databases that a server in a container keeps: looked at, dumped, loaded, exchanged by rename.
 *
 * All of it is done by the server's own programs, in its own container: they fit its version, find
 * its socket, and may see its password, which never leaves the container. What is said to one kind
 * of server is in a file of its own.
 */
#include "transports/host/shell_database.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Longest text of a server's that is passed on. */
#define SAYS_MAX 2000

static const struct shell_engine *const engines[] = { &rfa_shell_postgres, &rfa_shell_mysql };
enum { N_ENGINES = sizeof(engines) / sizeof(engines[0]) };

/* inside VERB IN OUT: $program, in $container, for $user and $base. sql VERB IN OUT: the same, with
 * the SQL that is in $ask. */
static const char outside[] =
    "inside() {\n"
    "	engine exec -i -- \"$container\" sh -c \"$program\" sh \"$1\" \"$user\" \"$base\" \\\n"
    "		\"$2\" \"$3\"\n"
    "}\n"
    "sql() { printf '%s\\n' \"$ask\" | inside \"$@\"; }\n";

/* What every script begins with: the program, of which database, the SQL. */
#define TAKE                                               \
	"program=$1 container=$2 user=$3 base=$4 ask=$5\n" \
	"shift 5\n"

/* ---- scripts --------------------------------------------------------------------------------- */

/* Says the JSON; or "DOWN" and why. */
static const char look_text[] = "exec 3>&1\n"
				"words=$(sql look '' '' 2>&1 >&3)\n"
				"status=$?\n"
				"[ $status != 0 ] || exit 0\n"
				"case $status$words in\n"
				"*[Nn]'o such container'*) die 44 \"the container $container\" ;;\n"
				"1*' is not running'* | 1*' is restarting'* | 1*' is paused'*) ;;\n"
				"2* | 3* | 126* | 127* | " STATUS_NO_PROGRAM "*) ;;\n"
				"*) die $status \"$words\" ;;\n"
				"esac\n"
				"echo \"DOWN $words\"\n";

/* $1 the copy. */
static const char check_text[] =
    "own find \"$1\" && [ -f tree/dump ] || die 44 \"$1\"\n"
    "patience\n"
    "words=$(reads tree/dump)\n"
    "status=$?\n"
    "case $status$words in\n"
    "0*) printf ok ;;\n"
    "*'docker daemon'* | 1*'rror response from daemon'* | 12[67]*) die $status \"$words\" ;;\n"
    "*) printf '%s' \"$words\" ;;\n"
    "esac\n";

/* $1 the copy. Says how many bytes the dump has. */
static const char dump_text[] =
    "own make \"$1\"\n"
    "trap 'rm -rf -- part; leave \"$dir\"' EXIT\n"
    "rm -rf --one-file-system -- tree part && mkdir -m 700 -- part || exit\n"
    "inside dump '' '' </dev/null >part/dump || exit 1\n"
    "[ -s part/dump ] || die 1 'the dump is empty'\n"
    "words=$(whole part/dump) || die 1 \"$words\"\n"
    "sync -- part/dump 2>/dev/null || sync\n"
    "mv -T -- part tree || exit\n"
    "onto_disk . ..\n"
    "stat -c %s -- tree/dump\n";

/* $1 the copy, $2 the database to make. */
static const char load_text[] = "own find \"$1\" && [ -f tree/dump ] || die 44 \"$1\"\n"
				"words=$(whole tree/dump) || die 1 \"$words\"\n"
				"sql make \"$2\" '' >/dev/null || exit 1\n"
				"inside load \"$2\" '' <tree/dump || exit 1\n";

/*
 * For each engine its name, its program, the SQL that asks and that changes; "--"; then groups of
 * six: engine, container, user, base, in, out. All are looked at before one is touched.
 */
static const char swap_text[] =
    "while [ \"$1\" != -- ]; do\n"
    "	eval \"program_$1=\\$2 stage_$1=\\$3 change_$1=\\$4\"\n"
    "	shift 4\n"
    "done\n"
    "shift\n"
    "words=$PWD/words.$$\n"
    "trap 'rm -f -- \"$words\"' EXIT\n"
    "stage() {\n"
    "	ask=$question\n"
    "	stage=$(sql stage \"$in\" \"$out\") || exit 1\n"
    "	ask=$change\n"
    "}\n"
    "look() {\n"
    "	stage\n"
    "	case $stage in\n"
    "	110 | 101) ;;\n"
    "	0*) die 44 \"the database $base\" ;;\n"
    "	1?1) die 45 \"the database $out\" ;;\n"
    "	*) die 44 \"the database $in\" ;;\n"
    "	esac\n"
    "}\n"
    "exchange() {\n"
    "	stage\n"
    "	[ \"$stage\" = 110 ] || return\n"
    "	tries=1\n"
    "	until sql swap \"$in\" \"$out\" >/dev/null 2>\"$words\"; do\n"
    "		tries=$((tries + 1))\n"
    "		[ $tries -le 3 ] || { cat \"$words\" >&2; exit 1; }\n"
    "		stage\n"
    "		[ \"$stage\" = 110 ] || break\n"
    "	done\n"
    "}\n"
    "each() {\n"
    "	what=$1\n"
    "	shift\n"
    "	while [ $# -ge 6 ]; do\n"
    "		container=$2 user=$3 base=$4 in=$5 out=$6\n"
    "		eval \"program=\\$program_$1 question=\\$stage_$1 change=\\$change_$1\"\n"
    "		$what\n"
    "		shift 6\n"
    "	done\n"
    "}\n"
    "each look \"$@\"\n"
    "each exchange \"$@\"\n";

static const char open_text[] = "sql open '' '' >/dev/null || exit 1\n";

/* The names. */
static const char drop_text[] = "for name; do\n"
				"	sql drop \"$name\" '' >/dev/null || exit 1\n"
				"done\n";

/* ---- running --------------------------------------------------------------------------------- */

enum { SPEC_ARGS = 5 };

/* NULL, and the error: it is not described, or of none. */
static const struct shell_engine *engine_of(const struct shell_host *h, const json_t *database,
					    struct rfa_error *err)
{
	const char *name = rfa_facts_str(database, "engine", "");
	size_t i;

	for (i = 0; i < N_ENGINES; i++)
		if (!strcmp(engines[i]->name, name))
			return engines[i];
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "a database of no engine");
	(void)rfa_error_where(err, "%s", h->host.name);
	return NULL;
}

/* container, user, base; borrowed of the description. */
static int spec_args(const struct shell_host *h, const json_t *database, const char *args[3],
		     struct rfa_error *err)
{
	args[0] = rfa_facts_str(database, "container", "");
	args[1] = rfa_facts_str(database, "user", "");
	args[2] = rfa_facts_str(database, "database", "");
	if (*args[0] && *args[1] && *args[2])
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "a database that is not described");
	return rfa_error_where(err, "%s", h->host.name);
}

static int own_check(const struct shell_host *h, const json_t *database, const char *name,
		     struct rfa_error *err)
{
	if (name && rfa_host_database_own(rfa_facts_str(database, "database", ""), name))
		return 0;
	(void)rfa_fail(err, RFA_EINTERNAL, "host", "a database whose name is none of rfa's own");
	return rfa_error_where(err, "%s", h->host.name);
}

/*
 * Runs a script with what describes the database, what is asked of its server (SHELL_ASKS:
 * nothing), and its own arguments; as a job if key is not NULL.
 */
static int run(struct shell_host *h, const struct rfa_job_key *key, const char *text,
	       const json_t *database, enum shell_ask ask, const char *const *own, const char *what,
	       struct shell_answer *answer, struct rfa_error *err)
{
	const struct shell_engine *engine = engine_of(h, database, err);
	struct rfa_buf script = RFA_BUF_INIT(65536);
	size_t n = 0, i;
	const char **args;
	int rc;

	if (!engine)
		return -RFA_EINTERNAL;
	while (own[n])
		n++;
	args = calloc(n + SPEC_ARGS + 1, sizeof(*args));
	rc = args ? spec_args(h, database, args + 1, err) : rfa_fail_nomem(err);
	for (i = 0; args && i < n; i++)
		args[SPEC_ARGS + i] = own[i];
	(void)rfa_buf_puts(&script, outside);
	(void)rfa_buf_puts(&script, engine->functions);
	(void)rfa_buf_puts(&script, TAKE);
	(void)rfa_buf_puts(&script, text);
	if (rc == 0)
		rc = rfa_buf_check(&script, err);
	if (rc == 0) {
		struct shell_call call = { rfa_buf_str(&script), args, NULL, 0 };

		args[0] = engine->program;
		args[4] = ask == SHELL_ASKS ? "" : engine->sql[ask];
		rc = key ? rfa_shell_tree_job(h, key, &call, what, answer, err)
			 : rfa_shell_tree_read(h, &call, what, answer, err);
	}
	rfa_buf_release(&script);
	free(args);
	return rc;
}

int rfa_shell_database_look(struct rfa_host *host, const json_t *database, json_t **out,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf why = RFA_BUF_INIT(8 * SAYS_MAX);
	const char *own[] = { NULL };
	int rc = run(h, NULL, look_text, database, SHELL_ASK_LOOK, own, "looking at a database",
		     &answer, err);
	const char *text = rfa_buf_str(&answer.out);

	if (rc == 0 && strncmp(text, "DOWN", 4) == 0) {
		size_t n = answer.out.len - 4 < SAYS_MAX ? answer.out.len - 4 : SAYS_MAX;

		while (n && (text[4 + n - 1] == '\n' || text[4 + n - 1] == ' '))
			n--;
		(void)rfa_buf_put_printable(&why, text + 4 + (n > 0), n ? n - 1 : 0, 0);
		*out = json_pack("{s:b, s:s}", "up", 0, "why", rfa_buf_str(&why));
		rc = *out ? 0 : rfa_fail_nomem(err);
	} else if (rc == 0) {
		rc = rfa_shell_host_json(h, out, text, answer.out.len, "a look at a database", err);
	}
	rfa_buf_release(&why);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_check(struct rfa_host *host, const json_t *database, const char *copy,
			     json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf says = RFA_BUF_INIT(8 * SAYS_MAX);
	const char *own[] = { copy, NULL };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = run(h, NULL, check_text, database, SHELL_ASKS, own, "reading a dump", &answer,
			 err);
	if (rc == 0) {
		size_t n = answer.out.len < SAYS_MAX ? answer.out.len : SAYS_MAX;

		(void)rfa_buf_put_printable(&says, answer.out.data, n, 0);
		*out = json_pack("{s:b, s:s}", "ok", !strcmp(rfa_buf_str(&says), "ok"), "says",
				 rfa_buf_str(&says));
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&says);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_dump(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const char *copy, json_t **out,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *own[] = { copy, NULL };
	const char *p;
	int64_t bytes = 0;
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = run(h, key, dump_text, database, SHELL_ASKS, own, "dumping a database",
			 &answer, err);
	p = rfa_buf_str(&answer.out);
	if (rc == 0 && (rfa_shell_number(&p, &bytes) || *p))
		rc = rfa_shell_host_nonsense(h, "what was dumped", err);
	if (rc == 0) {
		*out = json_pack("{s:I}", "bytes", (json_int_t)bytes);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_load(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const char *copy, const char *name,
			    struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *own[] = { copy, name, NULL };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = own_check(h, database, name, err);
	if (rc == 0)
		rc = run(h, key, load_text, database, SHELL_ASK_MAKE, own, "loading a database",
			 &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

enum { ENGINE_ARGS = 4, ITEM_ARGS = 6 };

/* One group of swap_text. */
static int swap_args(const struct shell_host *h, const json_t *item, const char *args[ITEM_ARGS],
		     struct rfa_error *err)
{
	const json_t *database = json_object_get(item, "database");
	const struct shell_engine *engine = engine_of(h, database, err);
	int rc = engine ? spec_args(h, database, args + 1, err) : -RFA_EINTERNAL;

	args[4] = rfa_facts_str(item, "in", "");
	args[5] = rfa_facts_str(item, "out", "");
	if (rc == 0)
		rc = own_check(h, database, args[4], err);
	if (rc == 0)
		rc = own_check(h, database, args[5], err);
	if (rc == 0 && strcmp(args[4], args[5]) == 0)
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "an exchange of nothing");
	if (rc == 0)
		args[0] = engine->name;
	return rc;
}

int rfa_shell_database_swap(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *items, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	size_t n = json_array_size(items), at = 0, i;
	const char **args = calloc(N_ENGINES * ENGINE_ARGS + ITEM_ARGS * n + 2, sizeof(*args));
	struct rfa_buf text = RFA_BUF_INIT(65536);
	int rc = args ? 0 : rfa_fail_nomem(err);

	for (i = 0; args && i < N_ENGINES; i++) {
		args[at++] = engines[i]->name;
		args[at++] = engines[i]->program;
		args[at++] = engines[i]->sql[SHELL_ASK_STAGE];
		args[at++] = engines[i]->sql[SHELL_ASK_SWAP];
	}
	if (args)
		args[at++] = "--";
	for (i = 0; i < n && rc == 0; i++)
		rc = swap_args(h, json_array_get(items, i), args + at + ITEM_ARGS * i, err);
	(void)rfa_buf_puts(&text, outside);
	(void)rfa_buf_puts(&text, swap_text);
	if (rc == 0)
		rc = rfa_buf_check(&text, err);
	if (rc == 0) {
		struct shell_call call = { rfa_buf_str(&text), args, NULL, 0 };

		rc = rfa_shell_tree_job(h, key, &call, "exchanging databases", &answer, err);
	}
	rfa_buf_release(&text);
	rfa_shell_answer_release(&answer);
	free(args);
	return rc;
}

int rfa_shell_database_open(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char *own[] = { NULL };
	int rc = run(h, key, open_text, database, SHELL_ASK_OPEN, own, "opening a database",
		     &answer, err);

	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_drop(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const json_t *names, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char **own = calloc(json_array_size(names) + 1, sizeof(*own));
	int rc = own ? 0 : rfa_fail_nomem(err);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		if (rc == 0)
			rc = own_check(h, database, json_string_value(name), err);
		if (rc == 0)
			own[i] = json_string_value(name);
	}
	if (rc == 0)
		rc = run(h, key, drop_text, database, SHELL_ASK_DROP, own, "removing databases",
			 &answer, err);
	rfa_shell_answer_release(&answer);
	free(own);
	return rc;
}
