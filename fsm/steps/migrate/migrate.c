/*
 * The schema of the data becomes that of a new version: a command in its image runs once, before
 * any container of the version does. What it does is not known to rfa. It is done if it ended with
 * 0, and its check, if there is one, did so after it. Nobody knows how far one is whose container
 * is gone: unless the check tells it, it counts as half done, and is taken back.
 *
 * "expand": the version before lives with the new schema, nothing stops, and a schema that is
 * complete stays when the version goes back. "breaking": what uses the data stands still, and with
 * undo "restore" the snapshot that was made then takes the place of the data.
 */
#include "fsm/steps/migrate/migration.h"

#include <string.h>

#include "fsm/steps/common/evidence.h"
#include "fsm/steps/data/stop.h"
#include "fsm/steps/data/swap.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/migrate/once.h"
#include "fsm/steps/steps.h"

enum { TIME_OVER = 124 };

/* The container of the service that runs on the target; of several the first; NULL: none. */
static const struct rfa_container *runs_there(const struct rfa_ctx *ctx, const char *service)
{
	const struct rfa_container *one;

	RFA_EACH (one, *rfa_users(ctx->proven[RFA_TARGET]))
		if (!strcmp(one->container, service) || !strcmp(one->service, service))
			return one;
	return NULL;
}

/* Of a drill: the command is in the image that runs there, which has to be that of the version. */
static int is_tried(const struct rfa_ctx *ctx, struct rfa_schema_change *out, const char **why)
{
	const struct rfa_image_set *tried = rfa_ctx_options(ctx)->tried;
	const struct rfa_image *image = rfa_image_of(&tried->images, out->how->service);
	const struct rfa_container *runs = runs_there(ctx, out->how->service);

	out->tried = 1;
	out->version = tried->version;
	out->ref = runs ? runs->ref : "";
	out->identity = image ? image->identity : "";
	*why = rfa_pool_printf(ctx->pool, "%s has no image of %s that runs there", tried->version,
			       out->how->service);
	return image && runs;
}

static int is_brought(const struct rfa_ctx *ctx, struct rfa_schema_change *out, const char **why)
{
	const struct rfa_image *image = rfa_desired_of(ctx, out->how->service);
	const struct rfa_migration *done;

	(void)rfa_ctx_desired(ctx, &out->version);
	*why = rfa_pool_printf(ctx->pool, "the run brings no image of %s", out->how->service);
	if (!image)
		return 0;
	out->ref = image->pin;
	out->identity = image->identity;
	done = rfa_migration_of(&rfa_ctx_options(ctx)->migrated, image->identity);
	if (!done)
		return 1;
	*why = rfa_pool_printf(ctx->pool, "this data has seen the migration of %s already (run %s)",
			       done->version, done->run);
	return 0;
}

int rfa_schema_changes(const struct rfa_ctx *ctx, struct rfa_schema_change *out, const char **why)
{
	const struct rfa_migrate *how = rfa_ctx_stack_of(ctx, RFA_TARGET)->migrate;

	memset(out, 0, sizeof(*out));
	*why = "the stack has no migration";
	if (!how || !how->run.n || ctx->plan->point)
		return 0;
	out->how = how;
	out->breaks = rfa_migrate_breaks(how);
	return rfa_ctx_options(ctx)->tried ? is_tried(ctx, out, why) : is_brought(ctx, out, why);
}

/* Commands. */

static struct rfa_once_ask ask_for(const struct rfa_schema_change *change, const char *what,
				   const struct rfa_texts *argv)
{
	return (struct rfa_once_ask){ .what = what,
				      .service = change->how->service,
				      .ref = change->ref,
				      .argv = argv,
				      .env = change->how->env,
				      .timeout_s = change->how->timeout_s };
}

/* What the check says now. It changes nothing, so it may be asked in every attempt. */
static int check(struct rfa_ctx *ctx, const struct rfa_schema_change *change, const char *when,
		 struct rfa_once *out, struct rfa_error *err)
{
	const char *what = rfa_pool_printf(ctx->pool, "check-%s-%u", when, ctx->attempt);
	struct rfa_once_ask ask = ask_for(change, what, &change->how->check);
	struct rfa_once_answer answer;
	int rc = rfa_once_run(ctx, &ask, &answer, err);

	*out = answer.end;
	return rc;
}

/* On record before the command begins: afterwards nobody can ask any more. */
static int check_before(struct rfa_ctx *ctx, const struct rfa_schema_change *change,
			struct rfa_error *err)
{
	struct rfa_made made = ctx->made;
	struct rfa_once before;
	int rc;

	if (!change->how->check.n || made.before || made.begun)
		return 0;
	rc = check(ctx, change, "before", &before, err);
	if (rc)
		return rc;
	made.before = &before;
	return rfa_ctx_made(ctx, &made,
			    rfa_pool_printf(ctx->pool, "before, the check ended with status %lld",
					    (long long)before.status),
			    err);
}

/* Failures. */

static int is_lost(struct rfa_ctx *ctx, const struct rfa_schema_change *change,
		   struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "migration",
		 "nobody knows how far the migration of %.100s is: its container is gone",
		 change->version);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look at the schema there; then the same command again");
}

static int ended_badly(struct rfa_ctx *ctx, const struct rfa_schema_change *change, int64_t status,
		       json_t *facts, struct rfa_error *err)
{
	rfa_evidence_logs(ctx, rfa_once_name(ctx, RFA_ONCE_MIGRATE), facts);
	if (status == TIME_OVER)
		rfa_fail(err, RFA_EREMOTE, "migration",
			 "the migration of %.100s has not ended in %lld s, and was stopped",
			 change->version, (long long)change->how->timeout_s);
	else
		rfa_fail(err, RFA_EREMOTE, "migration",
			 "the migration of %.100s ended with status %lld", change->version,
			 (long long)status);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(
	    err, status == TIME_OVER ? "give it longer: migrate.timeout_s in rfa.json"
				     : "see what it wrote; mend it: the next version has to bring "
				       "a better one");
}

static int is_not_so(struct rfa_ctx *ctx, const struct rfa_schema_change *change,
		     const struct rfa_once *after, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "migration",
		 "the migration of %.100s ended well, but its check ended with status %lld: %.200s",
		 change->version, (long long)after->status, after->line);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "migrate.check has to end with 0 where the schema is that of "
				   "the version");
}

/* Done. */

/* A check that says the same as before tells nothing. */
static int is_decided(const struct rfa_ctx *ctx, const struct rfa_once *after)
{
	const struct rfa_once *before = ctx->made.before;

	return !after->status && before &&
	       (before->status || strcmp(before->sha256, after->sha256) != 0);
}

static int prove(struct rfa_ctx *ctx, const struct rfa_schema_change *change,
		 const struct rfa_once *after, json_t *facts, struct rfa_error *err)
{
	struct rfa_migration migration;
	struct rfa_proven proven;
	char now[RFA_TIME_MAX];

	rfa_time_iso(ctx->clock->wall_ms(ctx->clock), now);
	rfa_record_clear(&rfa_shape_migration, &migration);
	migration.version = change->version;
	migration.identity = change->identity;
	migration.kind = change->how->kind;
	migration.run = ctx->run;
	migration.at = now;
	migration.before = (struct rfa_once *)(uintptr_t)ctx->made.before;
	if (change->how->check.n)
		migration.after = (struct rfa_once *)(uintptr_t)after;
	rfa_record_clear(&rfa_shape_proven, &proven);
	if (change->tried) {
		proven.tried = &migration;
		return rfa_ctx_prove(
		    ctx, &proven,
		    rfa_pool_printf(ctx->pool, "the migration of %s ended well", change->version),
		    facts, err);
	}
	proven.migration = &migration;
	proven.schema = rfa_pool_printf(
	    ctx->pool,
	    change->breaks ? "the schema is that of %s; no older version may run on it"
			   : "the schema is that of %s; the version before lives with it",
	    change->version);
	return rfa_ctx_prove(ctx, &proven, proven.schema, facts, err);
}

static int judge(struct rfa_ctx *ctx, const struct rfa_schema_change *change,
		 const struct rfa_once_answer *answer, json_t *facts, struct rfa_error *err)
{
	struct rfa_once after;
	int rc = 0;

	rfa_record_clear(&rfa_shape_once, &after);
	if (!answer->lost && answer->end.status)
		return ended_badly(ctx, change, answer->end.status, facts, err);
	if (change->how->check.n)
		rc = check(ctx, change, "after", &after, err);
	if (rc)
		return rc;
	if (answer->lost && !is_decided(ctx, &after))
		return is_lost(ctx, change, err);
	return after.status ? is_not_so(ctx, change, &after, err)
			    : prove(ctx, change, &after, facts, err);
}

/* The trio. */

/* Looks first, and waits for what has begun, so it may be repeated. */
int rfa_migrate_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_schema_change change;
	struct rfa_once_answer answer;
	struct rfa_once_ask ask;
	const char *why;
	int rc;

	if (!rfa_schema_changes(ctx, &change, &why))
		return rfa_ctx_skip(facts, why, err);
	rc = check_before(ctx, &change, err);
	if (rc)
		return rc;
	ask = ask_for(&change, RFA_ONCE_MIGRATE, &change.how->run);
	ask.only_once = 1;
	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the migration of %s runs (%s)", change.version,
		    change.how->kind);
	rc = rfa_once_run(ctx, &ask, &answer, err);
	return rc ? rc : judge(ctx, &change, &answer, facts, err);
}

/* To ask again is to wait for what has begun. */
int rfa_migrate_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	struct rfa_job_key key = { ctx->run, ctx->step->name, RFA_ONCE_MIGRATE };
	int running = 0;
	int rc = ctx->host->runs->jobs_running(ctx->host, &key, &running, err);

	(void)facts;
	*seen = running ? RFA_PROBE_RUNNING : RFA_PROBE_NOT_DONE;
	return rc;
}

static int run_undo(struct rfa_ctx *ctx, const struct rfa_schema_change *change,
		    struct rfa_error *err)
{
	struct rfa_texts words = { NULL, 0 };
	struct rfa_once_answer answer;
	struct rfa_once_ask ask;
	json_t *word;
	size_t i;
	int rc;

	json_array_foreach (json_object_get(change->how->undo, "command"), i, word)
		rfa_texts_add(ctx->pool, &words, json_string_value(word));
	ask = ask_for(change, "undo", &words);
	/* It may be run again: nothing but its end with 0 is an end. */
	rc = ctx->attempt > 1 ? rfa_once_forget(ctx, ask.what, err) : 0;
	if (!rc)
		rc = rfa_once_run(ctx, &ask, &answer, err);
	if (rc || !answer.end.status)
		return rc;
	rfa_fail(err, RFA_EREMOTE, "migration",
		 "the command that undoes the migration of %.100s ended with status %lld: %.200s",
		 change->version, (long long)answer.end.status, answer.end.line);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look at the schema there, and put it right by hand");
}

/* A schema that is complete, and with which the version before lives, stays. */
int rfa_migrate_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_schema_change change;
	const char *why;
	int rc;

	if (!rfa_schema_changes(ctx, &change, &why))
		return 0;
	/* A check that was cut short may have left its container. */
	if (!ctx->made.begun && !ctx->own->migration && !change.tried)
		return 0;
	/* The data that it was tried on goes. */
	if (change.tried)
		return rfa_once_drop_all(ctx, err);
	rc = rfa_once_stop(ctx, RFA_ONCE_MIGRATE, err);
	if (rc || (ctx->own->migration && !change.breaks))
		return rc;
	switch (rfa_migrate_undo_by(change.how)) {
	case RFA_UNDO_BY_COMMAND:
		return run_undo(ctx, &change, err);
	case RFA_UNDO_BY_RESTORE:
		return rfa_snapshot_restore(ctx, err);
	case RFA_UNDO_BY_NONE:
		break;
	}
	return 0;
}
