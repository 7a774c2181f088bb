/*
 * How a database begins: files of SQL run in it once, and only if it has no tables; then a command
 * puts its mark on it. Counted and looked at afterwards.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/checker.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/steps.h"

static const struct rfa_stack_init *init_of(const struct rfa_ctx *ctx)
{
	return rfa_ctx_stack_here(ctx)->init;
}

/* NULL: none is named. */
static const struct rfa_database *database_of(const struct rfa_ctx *ctx)
{
	const struct rfa_stack_init *init = init_of(ctx);
	struct rfa_piece piece;

	if (!init || (!init->postgres && !init->mysql))
		return NULL;
	rfa_record_clear(&rfa_shape_piece, &piece);
	piece.postgres = init->postgres;
	piece.mysql = init->mysql;
	return rfa_piece_database(ctx->pool, &piece);
}

static int look(struct rfa_ctx *ctx, const struct rfa_database *database,
		struct rfa_tables_seen *out, struct rfa_error *err)
{
	json_t *said = NULL;
	json_t *found = NULL;
	int rc = rfa_host_offers(ctx->host, RFA_HOST_DATABASES, err);

	rfa_record_clear(&rfa_shape_tables_seen, out);
	if (!rc)
		rc = rfa_database_said(ctx, database, &said, err);
	if (!rc)
		rc = ctx->host->databases->tables(ctx->host, said, &found, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_tables_seen, found, ctx->pool, out, err);
	json_decref(found);
	return rc;
}

static int silent(struct rfa_ctx *ctx, const struct rfa_database *database, const char *why,
		  struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNHEALTHY, "database", "the database %s/%s cannot be asked: %.300s",
		 database->container, database->database, why);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err,
			      "look at docker logs %s there: repair the container, not its "
			      "rights",
			      database->container);
}

/* A server that has just begun has no database for a moment, and is itself started once more. */
static int await(struct rfa_ctx *ctx, const struct rfa_database *database,
		 struct rfa_tables_seen *out, struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	int64_t deadline =
	    clock->mono_ms(clock) + rfa_ctx_stack_here(ctx)->health_deadline_s * 1000;
	int rc;

	for (;;) {
		rc = look(ctx, database, out, err);
		if (rc || out->up)
			return rc;
		if (clock->mono_ms(clock) >= deadline)
			return silent(ctx, database, out->why, err);
		rc = rfa_ctx_rest(ctx, 500, err);
		if (rc)
			return rc;
	}
}

/* Init. */

/* MySQL commits a table that it has made: how far the files came is not known. */
static int cut_off(const struct rfa_ctx *ctx, const struct rfa_database *database,
		   struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "database",
		 "the files of SQL were cut off in %s/%s, and what they have made by then is there",
		 database->container, database->database);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "begin anew: rfa rebuild %s --env %s --new-volumes",
			      ctx->plan->stack, ctx->side->env);
}

static int skip_full(const struct rfa_ctx *ctx, const struct rfa_tables_seen *seen, json_t *facts,
		     struct rfa_error *err)
{
	struct rfa_buf names = RFA_BUF_INIT(1024);
	const char *why;
	size_t i;

	for (i = 0; i < seen->names.n; i++)
		(void)rfa_buf_printf(&names, "%s%.100s", i ? ", " : "", seen->names.at[i]);
	why = rfa_pool_printf(ctx->pool, "it has %lld table(s) already: %s%s",
			      (long long)seen->tables, rfa_buf_str(&names),
			      seen->tables > (int64_t)seen->names.n ? ", …" : "");
	rfa_buf_release(&names);
	return rfa_ctx_skip(facts, why, err);
}

/* Durable before the server sees any of them. */
static int put_begun(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;

	made.begun = 1;
	return rfa_ctx_made(ctx, &made, "the files of SQL begin", err);
}

static int run_files(struct rfa_ctx *ctx, const struct rfa_database *database,
		     struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	const char *directory = stack->compose ? stack->compose->directory : "/";
	struct rfa_ctx_key key;
	json_t *said = NULL, *files = NULL, *ran = NULL;
	int rc = rfa_database_said(ctx, database, &said, err);

	if (!rc)
		rc = rfa_texts_keep(&stack->init->files, ctx->pool, &files, err);
	if (!rc)
		rc = put_begun(ctx, err);
	if (!rc)
		rc = ctx->host->databases->init(ctx->host, rfa_ctx_key(ctx, &key, "init", NULL),
						said, directory, files, &ran, err);
	if (!rc)
		rc = rfa_records_read(&rfa_shape_sql_file, ran, ctx->pool, &out->initialised, err);
	json_decref(ran);
	return rc;
}

/* They have run in an attempt whose answer was lost: their digests were lost with it. */
static void add_names(struct rfa_ctx *ctx, struct rfa_proven *out)
{
	const struct rfa_texts *files = &init_of(ctx)->files;
	size_t i;

	for (i = 0; i < files->n; i++)
		RFA_ADD(ctx->pool, sql_file, &out->initialised)->file = files->at[i];
}

static int begin(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_database *database = database_of(ctx);
	struct rfa_tables_seen seen;
	struct rfa_proven proven;
	int rc;

	if (!database || !init_of(ctx)->files.n)
		return rfa_ctx_skip(facts, "no files of SQL are named", err);
	rc = await(ctx, database, &seen, err);
	if (rc)
		return rc;
	/* Of PostgreSQL all that an earlier attempt has begun is there, or none of it. */
	if (seen.tables && ctx->made.begun && init_of(ctx)->mysql)
		return cut_off(ctx, database, err);
	if (seen.tables && !ctx->made.begun)
		return skip_full(ctx, &seen, facts, err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!seen.tables)
		rc = run_files(ctx, database, &proven, err);
	else
		add_names(ctx, &proven);
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  rfa_pool_printf(ctx->pool, "%zu file(s) of SQL have run",
						  init_of(ctx)->files.n),
				  facts, err);
}

/* What the services have said is gone with them, when the run turns back. */
static int with_logs(struct rfa_ctx *ctx, int rc, json_t *facts)
{
	if (rc == -RFA_EUNHEALTHY || rc == -RFA_EREMOTE)
		rfa_evidence_project(ctx, facts);
	return rc;
}

int rfa_init_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return with_logs(ctx, begin(ctx, facts, err), facts);
}

int rfa_init_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Stamp. */

int rfa_stamp_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_stack_init *init = init_of(ctx);
	struct rfa_look seen;
	struct rfa_check check;
	int rc;

	if (!init || !init->stamp || !ctx->own->initialised.n)
		return rfa_ctx_skip(facts, "no files of SQL have run", err);
	rfa_record_clear(&rfa_shape_check, &check);
	memset(&seen, 0, sizeof(seen));
	check.name = "stamp";
	check.exec = init->stamp;
	rc = rfa_check_try(ctx, &check, &seen, err);
	if (!rc && !seen.ok) {
		rfa_fail(err, RFA_EUNHEALTHY, "database", "the stamp command failed: %.300s",
			 seen.why);
		rfa_error_where(err, "%s", ctx->host->name);
		rc = rfa_error_hint(
		    err, "correct init.stamp of the stack in rfa.json; it runs in %s",
		    *init->stamp->service ? init->stamp->service : init->stamp->container);
	}
	rfa_look_release(&seen);
	return rc ? with_logs(ctx, rc, facts)
		  : rfa_ctx_says(facts, "the database has its stamp", err);
}

int rfa_stamp_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Afterwards. */

int rfa_tables_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_database *database = database_of(ctx);
	struct rfa_tables_seen seen;
	int64_t min;
	int rc;

	if (!database)
		return rfa_ctx_skip(facts, "no database is named", err);
	min = init_of(ctx)->tables_min;
	rc = await(ctx, database, &seen, err);
	if (!rc && seen.tables < min) {
		rfa_fail(err, RFA_EUNHEALTHY, "database",
			 "%s/%s has %lld table(s), and must have %lld (init.tables_min)",
			 database->container, database->database, (long long)seen.tables,
			 (long long)min);
		rfa_error_where(err, "%s", ctx->host->name);
		rc = rfa_error_hint(err, "look whether init.files names all files, in their order");
	}
	return rc ? with_logs(ctx, rc, facts)
		  : rfa_ctx_says(facts,
				 rfa_pool_printf(ctx->pool, "%s has %lld table(s)",
						 database->database, (long long)seen.tables),
				 err);
}
