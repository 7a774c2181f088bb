/* Directories of runs that are over: a run removes its own, unless it was cut off from its host. */
#include <string.h>

#include "fsm/model/asked.h"
#include "fsm/steps/prune/spare.h"
#include "fsm/steps/steps.h"

/* Why the directory of a run stays, as far as the ledger knows; "": the run is over, and ours. */
static int ask_ledger(struct rfa_ctx *ctx, const char *run, const char **why, struct rfa_error *err)
{
	struct rfa_known_run known = { { 0 }, RFA_FINAL_NONE };
	int is = 0;
	int rc = ctx->known_run ? ctx->known_run(ctx, run, &known, &is, err) : 0;

	*why = "";
	if (!is)
		*why = "the ledger here does not know this run";
	else if (known.final == RFA_FINAL_NONE)
		*why = rfa_pool_printf(ctx->pool, "run %s is not over: `rfa resume %s`", run, run);
	/* A run to elsewhere has left it here: it is this host that is meant. */
	else if (strcmp(known.stack, ctx->plan->stack) != 0 && known.stack[0] != '_')
		*why = rfa_pool_printf(ctx->pool,
				       "it is of another stack: `rfa prune %s --env %s --spool`",
				       known.stack, ctx->sides[RFA_TARGET]->env);
	return rc;
}

static int add_run(struct rfa_ctx *ctx, const json_t *json, struct rfa_thing_list *out,
		   struct rfa_error *err)
{
	struct rfa_run_there there;
	struct rfa_thing *thing;
	int rc = rfa_record_read(&rfa_shape_run_there, json, ctx->pool, &there, err);

	if (rc || !strcmp(there.run, ctx->run))
		return rc;
	thing = rfa_spare_add(ctx, out, RFA_THING_SPOOL, there.run);
	thing->bytes = there.bytes;
	if (there.running)
		thing->why = "a job of it runs";
	return there.running ? 0 : ask_ledger(ctx, there.run, &thing->why, err);
}

int rfa_spare_spools(struct rfa_ctx *ctx, struct rfa_thing_list *out, struct rfa_error *err)
{
	json_t *list = NULL, *one;
	size_t i;
	int rc = ctx->host->runs->list(ctx->host, &list, err);

	json_array_foreach (list, i, one)
		if (!rc)
			rc = add_run(ctx, one, out, err);
	json_decref(list);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* The host refuses where a job has begun meanwhile. */
static int remove_one(struct rfa_ctx *ctx, const struct rfa_thing *thing, struct rfa_texts *gone,
		      struct rfa_error *err)
{
	int rc;

	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the directory of run %s goes", thing->name);
	rc = ctx->host->runs->remove(ctx->host, thing->id, err);
	if (rc == -RFA_ELOCKED) {
		rfa_spare_stays(ctx, thing, "a job of it runs");
		rfa_error_clear(err);
		return 0;
	}
	if (!rc)
		rfa_texts_add(ctx->pool, gone, thing->id);
	return rc;
}

/* What could go when the run began, and still can. */
int rfa_prune_spool_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_thing_list now = { NULL, 0 };
	const struct rfa_thing *thing;
	struct rfa_proven proven;
	int rc;

	if (!rfa_spare_asked(ctx, RFA_THING_SPOOL))
		return rfa_ctx_skip(facts, "directories of runs are not asked for", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_spare_spools(ctx, &now, err);
	RFA_EACH (thing, now) {
		if (rc || !rfa_spare_goes(ctx, RFA_THING_SPOOL, thing->id))
			continue;
		if (*thing->why)
			rfa_spare_stays(ctx, thing, thing->why);
		else
			rc = remove_one(ctx, thing, &proven.spools_gone, err);
	}
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  rfa_pool_printf(ctx->pool, "%zu directory(s) of runs removed",
						  proven.spools_gone.n),
				  facts, err);
}

int rfa_prune_spool_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			  struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
