/*
 * Databases that a server in a container keeps: looked at, dumped, loaded, swapped by rename.
 *
 * All of it is done by the server's own programs, in its own container: they fit its version, find
 * its socket, and may see its password, which never leaves the container. What is said to one kind
 * of server is in a file of its own.
 */
#include "transports/host/shell/servers.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

/* Longest text of a server's that is passed on. */
#define SUMMARY_MAX 2000

static const struct shell_engine *const engines[] = { &rfa_shell_postgres, &rfa_shell_mysql };
enum { N_ENGINES = sizeof(engines) / sizeof(engines[0]) };

/* Running. */

/* Arguments of lib_database_one.sh; texts of a script over one database. */
enum { SPEC_ARGS = 5, TEXTS_MAX = 8 };

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
static int run(struct shell_host *h, const struct rfa_job_key *key, const char *const *script,
	       const json_t *database, enum shell_ask ask, const char *const *own, const char *what,
	       struct shell_answer *answer, struct rfa_error *err)
{
	const struct shell_engine *engine = engine_of(h, database, err);
	const char *texts[TEXTS_MAX + 1];
	struct shell_call call = { texts, NULL, NULL, 0 };
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
	texts[0] = engine->functions[0];
	for (i = 0; script[i] && i + 1 < TEXTS_MAX; i++)
		texts[i + 1] = script[i];
	texts[i + 1] = NULL;
	if (rc == 0 && script[i])
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "a script of too many texts");
	if (rc == 0) {
		call.args = args;
		args[0] = engine->program[0];
		args[4] = ask == SHELL_ASKS ? "" : engine->sql[ask];
		rc = key ? rfa_shell_tree_job(h, key, &call, what, answer, err)
			 : rfa_shell_tree_read(h, &call, what, answer, err);
	}
	free(args);
	return rc;
}

/* What the server answers, as JSON; or that it is down. */
static int look(struct rfa_host *host, const json_t *database, enum shell_ask ask, json_t **out,
		struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf why = RFA_BUF_INIT(8 * SUMMARY_MAX);
	const char *own[] = { ask == SHELL_ASK_TABLES ? "look" : "observe", NULL };
	int rc = run(h, NULL, rfa_script_database_observe, database, ask, own,
		     "looking at a database", &answer, err);
	const char *text = rfa_buf_str(&answer.out);

	if (rc == 0 && strncmp(text, "DOWN", 4) == 0) {
		size_t n = answer.out.len - 4 < SUMMARY_MAX ? answer.out.len - 4 : SUMMARY_MAX;

		while (n && (text[4 + n - 1] == '\n' || text[4 + n - 1] == ' '))
			n--;
		(void)rfa_buf_put_printable(&why, text + 4 + (n > 0), n ? n - 1 : 0, 0);
		*out = json_pack("{s:b, s:s}", "up", 0, "why", rfa_buf_str(&why));
		rc = *out ? 0 : rfa_fail_nomem(err);
	} else if (rc == 0) {
		rc = rfa_shell_host_json(h, out, text, answer.out.len,
					 "the observation of a database", err);
	}
	rfa_buf_release(&why);
	rfa_shell_answer_release(&answer);
	return rc;
}

int rfa_shell_database_observe(struct rfa_host *host, const json_t *database, json_t **out,
			       struct rfa_error *err)
{
	return look(host, database, SHELL_ASK_OBSERVE, out, err);
}

int rfa_shell_database_access(struct rfa_host *host, const json_t *database, json_t **out,
			      struct rfa_error *err)
{
	return look(host, database, SHELL_ASK_ACCESS, out, err);
}

int rfa_shell_database_tables(struct rfa_host *host, const json_t *database, json_t **out,
			      struct rfa_error *err)
{
	return look(host, database, SHELL_ASK_TABLES, out, err);
}

int rfa_shell_database_check(struct rfa_host *host, const json_t *database, const char *copy,
			     json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	struct rfa_buf summary = RFA_BUF_INIT(8 * SUMMARY_MAX);
	const char *own[] = { copy, NULL };
	int rc = rfa_shell_tree_own(h, copy, err);

	if (rc == 0)
		rc = run(h, NULL, rfa_script_database_check, database, SHELL_ASKS, own,
			 "reading a dump", &answer, err);
	if (rc == 0) {
		size_t n = answer.out.len < SUMMARY_MAX ? answer.out.len : SUMMARY_MAX;

		(void)rfa_buf_put_printable(&summary, answer.out.data, n, 0);
		*out = json_pack("{s:b, s:s}", "ok", !strcmp(rfa_buf_str(&summary), "ok"),
				 "summary", rfa_buf_str(&summary));
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	rfa_buf_release(&summary);
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
		rc = run(h, key, rfa_script_database_dump, database, SHELL_ASKS, own,
			 "dumping a database", &answer, err);
	p = rfa_buf_str(&answer.out);
	if (rc == 0 && (rfa_shell_number(&p, &bytes) || *p))
		rc = rfa_shell_protocol_error(h, "what was dumped", err);
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
	int rc = *copy ? rfa_shell_tree_own(h, copy, err) : 0;

	if (rc == 0)
		rc = own_check(h, database, name, err);
	if (rc == 0)
		rc = run(h, key, rfa_script_database_load, database, SHELL_ASK_MAKE, own,
			 "loading a database", &answer, err);
	rfa_shell_answer_release(&answer);
	return rc;
}

enum { ENGINE_ARGS = 4, ITEM_ARGS = 6 };

/* One group of rfa_script_database_swap. */
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
		rc = rfa_fail(err, RFA_EINTERNAL, "host", "a swap of nothing");
	if (rc == 0)
		args[0] = engine->name;
	return rc;
}

/* Lines "SHA256  FILE". */
static int read_sums(struct shell_host *h, const char *text, json_t **out, struct rfa_error *err)
{
	json_t *list = json_array();
	int rc = list ? 0 : rfa_fail_nomem(err);

	while (rc == 0 && *text) {
		size_t len = strcspn(text, "\n");

		if (len < 67 || text[64] != ' ')
			rc = rfa_shell_protocol_error(h, "the digests of files", err);
		else
			rc = rfa_facts_append(list,
					      json_pack("{s:s%, s:s%}", "file", text + 66, len - 66,
							"sha256", text, (size_t)64),
					      err);
		text += len + (text[len] == '\n');
	}
	if (rc == 0)
		*out = list;
	else
		json_decref(list);
	return rc;
}

int rfa_shell_database_init(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *database, const char *directory, const json_t *files,
			    json_t **out, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	const char **own = calloc(json_array_size(files) + 2, sizeof(*own));
	int rc = own ? 0 : rfa_fail_nomem(err);
	json_t *file;
	size_t i;

	if (own)
		own[0] = directory;
	json_array_foreach ((json_t *)(uintptr_t)files, i, file) {
		if (own)
			own[i + 1] = json_string_value(file);
	}
	if (rc == 0)
		rc = run(h, key, rfa_script_database_init, database, SHELL_ASKS, own,
			 "running files of SQL", &answer, err);
	if (rc == 0)
		rc = read_sums(h, rfa_buf_str(&answer.out), out, err);
	rfa_shell_answer_release(&answer);
	free(own);
	return rc;
}

int rfa_shell_database_swap(struct rfa_host *host, const struct rfa_job_key *key,
			    const json_t *items, struct rfa_error *err)
{
	struct shell_host *h = (struct shell_host *)host;
	struct shell_answer answer = SHELL_ANSWER_INIT(SHELL_SMALL);
	size_t n = json_array_size(items), at = 0, i;
	const char **args = calloc(N_ENGINES * ENGINE_ARGS + ITEM_ARGS * n + 2, sizeof(*args));
	struct shell_call call = { rfa_script_database_swap, args, NULL, 0 };
	int rc = args ? 0 : rfa_fail_nomem(err);

	for (i = 0; args && i < N_ENGINES; i++) {
		args[at++] = engines[i]->name;
		args[at++] = engines[i]->program[0];
		args[at++] = engines[i]->sql[SHELL_ASK_STAGE];
		args[at++] = engines[i]->sql[SHELL_ASK_SWAP];
	}
	if (args)
		args[at++] = "--";
	for (i = 0; i < n && rc == 0; i++)
		rc = swap_args(h, json_array_get(items, i), args + at + ITEM_ARGS * i, err);
	if (rc == 0)
		rc = rfa_shell_tree_job(h, key, &call, "swapping databases", &answer, err);
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
	int rc = run(h, key, rfa_script_database_open, database, SHELL_ASK_OPEN, own,
		     "opening a database", &answer, err);

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
		rc = run(h, key, rfa_script_database_drop, database, SHELL_ASK_DROP, own,
			 "removing databases", &answer, err);
	rfa_shell_answer_release(&answer);
	free(own);
	return rc;
}
