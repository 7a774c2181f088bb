/*
 * Around a migration: the data is looked at where it breaks what runs; a snapshot is made while
 * nothing uses it, and read back; on the way back it is told what is true of the schema then; and
 * at the end nothing of it is left.
 */
#include "fsm/steps/data/stop.h"
#include "fsm/steps/data/swap.h"
#include "fsm/steps/migrate/migration.h"
#include "fsm/steps/migrate/once.h"
#include "fsm/steps/steps.h"

int rfa_migration_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_schema_change change;
	const char *why;

	if (!rfa_schema_changes(ctx, &change, &why))
		return rfa_ctx_skip(facts, why, err);
	if (!change.breaks)
		return rfa_ctx_skip(facts,
				    "the version before lives with the new schema: nothing "
				    "stops",
				    err);
	if (!ctx->own->images || !ctx->own->images->images.n)
		return rfa_ctx_skip(facts, "nothing runs there yet", err);
	return rfa_data_target_observe_run(ctx, facts, err);
}

/* The same as that of a backup, so it may be repeated. */
int rfa_save_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *checked;
	int rc;

	if (!rfa_touches_data(ctx))
		return rfa_touches_none(facts, err);
	rc = rfa_snapshot_run(ctx, facts, err);
	if (rc)
		return rc;
	checked = json_object();
	rc = checked ? rfa_check_run(ctx, checked, err) : rfa_fail_nomem(err);
	json_decref(checked);
	return rc;
}

int rfa_save_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_save_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	int rc = rfa_once_drop_all(ctx, err);

	return rc ? rc : rfa_snapshot_drop(ctx, err);
}

/* What is true of the schema, when what ran before is about to run again. */
static const char *schema_now(const struct rfa_ctx *ctx, const struct rfa_schema_change *change,
			      int begun)
{
	const char *version = change->version;

	if (ctx->own->migration && !change->breaks)
		return rfa_pool_printf(
		    ctx->pool, "the schema is that of %s; the old version runs on it", version);
	if (!begun)
		return "";
	switch (rfa_migrate_undo_by(change->how)) {
	case RFA_UNDO_BY_RESTORE:
		return "the data and its schema are those of before the migration";
	case RFA_UNDO_BY_COMMAND:
		return rfa_pool_printf(
		    ctx->pool, "migrate.undo has taken back what the migration of %s did", version);
	case RFA_UNDO_BY_NONE:
		break;
	}
	return rfa_pool_printf(ctx->pool,
			       "the migration of %s did not end well, and nothing takes back what "
			       "it did (undo: none); the old version runs on what is there",
			       version);
}

/* One whose container is there has begun. */
int rfa_schema_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_schema_change change;
	struct rfa_proven proven;
	const char *why;
	int begun = 0;
	int rc;

	if (!rfa_schema_changes(ctx, &change, &why))
		return rfa_ctx_skip(facts, why, err);
	rc = rfa_once_begun(ctx, RFA_ONCE_MIGRATE, &begun, err);
	if (rc)
		return rc;
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.schema_back = schema_now(ctx, &change, begun || ctx->own->migration);
	if (!*proven.schema_back)
		return rfa_ctx_skip(facts, "the migration had not begun", err);
	return rfa_ctx_prove(ctx, &proven, proven.schema_back, facts, err);
}

int rfa_migration_cleanup_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_schema_change change;
	const char *why;
	int rc;

	/* What was built may prove to be an image whose migration the data has seen. */
	if (!rfa_schema_changes(ctx, &change, &why) && !ctx->own->copies.n)
		return rfa_ctx_skip(facts, why, err);
	rc = rfa_once_drop_all(ctx, err);
	return rc || change.tried ? rc : rfa_snapshot_drop(ctx, err);
}

int rfa_migration_cleanup_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
				struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
