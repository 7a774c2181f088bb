/* prune: what is no longer needed to go back with goes. */
#include "fsm/flows/flows.h"
#include "fsm/parts/catalog.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_DATA, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* Nothing here can be undone, so all of it is behind the point of no return. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	SKIP("stop", STOP, "nothing that runs uses it"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	CLEANUP("target.prune", HEALTH, TARGET, 4, prune),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static int prune_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_outputs_seen seen;
	const struct rfa_retired *one;
	int rc = rfa_outputs_see(o, &seen, err);

	RFA_EACH (one, seen.proven[RFA_TARGET].retired)
		if (!rc)
			rc = rfa_outputs_retire(o, one->point, one->how, err);
	rfa_outputs_seen_release(&seen);
	return rc;
}

/* What it was about to remove may be there in part: nobody is to go back to it. */
static int prune_broken_off(struct rfa_outputs *o, struct rfa_error *err)
{
	const json_t *json = rfa_outputs_fact(o, "target.prune", "made");
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_made made;
	size_t i;
	int rc = 0;

	rfa_record_clear(&rfa_shape_made, &made);
	if (json)
		rc = rfa_record_read(&rfa_shape_made, json, &pool, &made, err);
	for (i = 0; i < made.going.n && !rc; i++)
		rc = rfa_outputs_retire(o, made.going.at[i], "pruned", err);
	rfa_pool_release(&pool);
	return rc;
}

static const struct rfa_result_ops result = { NULL, prune_succeeded, prune_broken_off };

static const struct rfa_text_line lines[] = {
	{ "stays", "the newest {keep}, and the data that serves" },
	{ "goes for good", "{going}" },
	{ NULL, NULL },
};

static int add_row(json_t *rows, const struct rfa_point *point, struct rfa_error *err)
{
	struct rfa_buf at = RFA_BUF_INIT(256);
	int rc;

	rfa_text_time(&at, point->at);
	rc = rfa_facts_append(rows,
			      json_pack("{s:s, s:s, s:s, s:s}", "what", point->name, "now",
					rfa_buf_str(&at), "then", "", "change", "goes for good"),
			      err);
	rfa_buf_release(&at);
	return rc;
}

/* Each point that goes. */
static int changes(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	struct rfa_point_list going = { NULL, 0 };
	const struct rfa_point *point;
	int rc = rfa_records_read(&rfa_shape_point, rfa_ctx_options(ctx)->agreed, ctx->pool, &going,
				  err);

	RFA_EACH (point, going)
		if (!rc)
			rc = add_row(rows, point, err);
	return rc;
}

static const struct rfa_flow_text text = {
	.title = "Replaced data of {stack} on {to} is thinned out.",
	.lines = lines,
	.question = "These rollback points, and their data, will be gone for good.",
	.name = "{to}",
	.where = "on {to}",
	.done = "only the newest of its replaced data is left",
	.changes = changes,
};

/* What people are told of a point that goes. */
static int add_going(json_t *going, const json_t *json, struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_point point, told;
	json_t *line = NULL;
	int rc = rfa_record_read(&rfa_shape_point, json, &pool, &point, err);

	rfa_record_clear(&rfa_shape_point, &told);
	if (!rc) {
		told.name = point.name;
		told.at = point.at;
		told.members = point.members;
		rc = rfa_record_write(&rfa_shape_point, &told, &line, err);
	}
	if (!rc)
		rc = rfa_facts_append(going, line, err);
	rfa_pool_release(&pool);
	return rc;
}

/*
 * Which points go, as far as the ledger knows, for people: the run itself goes by what it finds on
 * the host.
 */
static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int64_t keep = rfa_facts_int(plan, "target/stack/data/keep_generations", 1);
	json_t *points = NULL, *going = json_array(), *one;
	size_t i;
	int rc = rfa_prepare_has_data(json_object_get(plan, "target"), err);

	if (!rc)
		rc = rfa_catalog_points(p->ledger, rfa_facts_str(plan, "target/env", ""), p->word,
					&points, err);
	json_array_foreach (points, i, one) {
		if (!rc && !strcmp(rfa_facts_str(one, "kind", ""), "data") && keep-- <= 0)
			rc = add_going(going, one, err);
	}
	if (!rc)
		rc = rfa_plan_set(plan, "agreed", json_incref(going), err);
	json_decref(points);
	json_decref(going);
	return rc;
}

static const struct rfa_example examples[] = {
	{ "rfa prune ragflowauth --env prod --dry-run", "what would go" },
	{ "rfa prune ragflowauth --env prod", "remove it; asks for \"prod\"" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "prune",
	.group = "data",
	.words = "STACK --env ENV",
	.details = "Leaves as many generations as \"data\": {\"keep_generations\": N} says, and "
		   "never touches\nthe data that serves. Asks for the environment's name.",
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_prune = {
	.name = "prune",
	.version = 2,
	.summary = "remove data that was replaced, but for the newest",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.result = &result,
	.text = &text,
	.args = &args,
};
