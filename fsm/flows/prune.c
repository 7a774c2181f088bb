/* prune: what nothing needs any more goes: images, replaced data, what dead runs have left. */
#include "fsm/base/size.h"
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_DATA, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* Nothing here can be undone, so all of it is behind the point of no return. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.observe", PRECHECK, TARGET, 0, 4, spare_observe),
	SKIP("stop", STOP, "nothing that runs uses it"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	CLEANUP("target.prune-spool", HEALTH, TARGET, 0, 4, prune_spool),
	CLEANUP("target.prune-images", HEALTH, TARGET, 0, 4, prune_images),
	CLEANUP("target.prune", HEALTH, TARGET, 0, 4, prune),
	CLEANUP("target.left", HEALTH, TARGET, 0, 4, spare_left),
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
	{ "stays",
	  "what runs or stands stopped; what a rollback point, a proof, a drill or a run that "
	  "is not over needs; the newest {keep} of replaced data" },
	{ "goes for good", "all else of {stack}, as the table says" },
	{ NULL, NULL },
};

static int add_row(const struct rfa_ctx *ctx, json_t *rows, const struct rfa_thing *thing,
		   struct rfa_error *err)
{
	const char *detail =
	    *thing->why ? rfa_pool_printf(ctx->pool, "kept: %s", thing->why) : "goes";

	return rfa_facts_append(rows,
				json_pack("{s:s, s:s, s:s, s:s, s:s}", "what",
					  rfa_thing_label(ctx->pool, thing), "now",
					  RFA_SIZE(thing->bytes), "then", "", "change",
					  *thing->why ? "same" : "goes for good", "detail", detail),
				err);
}

/* Layers that images share are in the size of each: so it is at most this. */
static int add_sum(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_thing *thing;
	int64_t bytes = 0;
	size_t n = 0;

	RFA_EACH (thing, ctx->proven[RFA_TARGET]->things)
		if (!*thing->why) {
			bytes += thing->bytes;
			n++;
		}
	return n ? rfa_facts_append(rows,
				    json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", "all that goes",
					      "now", RFA_SIZE(bytes), "then", "", "change", "same",
					      "detail", "at most: images may share layers"),
				    err)
		 : 0;
}

static int add_space(json_t *rows, const struct rfa_space *space, struct rfa_error *err)
{
	return rfa_facts_append(rows,
				json_pack("{s:s+, s:s, s:s, s:s, s:s}", "what", "free at ",
					  space->path, "now", RFA_SIZE(space->free), "then", "",
					  "change", "same", "detail", "before"),
				err);
}

/* Each thing with what holds it, and what is free. */
static int changes(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_proven *target = ctx->proven[RFA_TARGET];
	const struct rfa_thing *thing;
	const struct rfa_space *space;
	int rc = 0;

	RFA_EACH (thing, target->things)
		if (!rc)
			rc = add_row(ctx, rows, thing, err);
	if (!rc)
		rc = add_sum(ctx, rows, err);
	RFA_EACH (space, target->space)
		if (!rc)
			rc = add_space(rows, space, err);
	return rc;
}

static const struct rfa_flow_text text = {
	.title = "What nothing needs any more of {stack} on {to} is removed.",
	.lines = lines,
	.question = "What the table says goes will be gone for good.",
	.name = "{to}",
	.where = "on {to}",
	.done = "what could go is gone; what is left, and what holds it: "
		"rfa prune {stack} --env {to} -n",
	.changes = changes,
};

/* What is asked for. */

static const struct {
	const char *option, *kind;
} kinds[] = {
	{ "images", RFA_THING_IMAGE },
	{ "data", RFA_THING_DATA },
	{ "spool", RFA_THING_SPOOL },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* Without a word all of them; of data only where there is some. */
static int add_kinds(const struct rfa_prepare *p, const json_t *plan, json_t *list,
		     struct rfa_error *err)
{
	const json_t *target = json_object_get(plan, "target");
	int named = p->option(p, "backups", 0) != NULL;
	size_t i;
	int rc = 0;

	for (i = 0; i < N_KINDS; i++)
		named |= p->option(p, kinds[i].option, 0) != NULL;
	for (i = 0; i < N_KINDS && !rc; i++) {
		int is_data = !strcmp(kinds[i].kind, RFA_THING_DATA);
		int asked = !named || p->option(p, kinds[i].option, 0);

		if (asked && is_data && named)
			rc = rfa_prepare_has_data(target, err);
		if (asked && is_data &&
		    !json_object_size(rfa_facts_at(target, "stack/data/members")))
			continue;
		if (asked && !rc)
			rc = rfa_facts_append(list, json_string(kinds[i].kind), err);
	}
	return rc;
}

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *list = json_array();
	int rc = list ? add_kinds(p, plan, list, err) : rfa_fail_nomem(err);

	if (!rc && !json_array_size(list))
		rc = rfa_facts_set(plan, "nothing", json_string(""), err);
	if (!rc)
		rc = rfa_plan_set(plan, "kinds", json_incref(list), err);
	if (!rc && rfa_facts_has_text(list, RFA_THING_IMAGE))
		rc = rfa_prepare_needs(p, plan, err);
	json_decref(list);
	return rc;
}

static const struct rfa_option options[] = {
	{ "images", 0, NULL, NULL, NULL, "images that nothing needs" },
	{ "data", 0, NULL, NULL, NULL, "data that was replaced, but for the newest" },
	{ "spool", 0, NULL, NULL, NULL, "what runs that are over have left on the host" },
	{ "backups", 0, NULL, NULL, NULL, "backups of the data that no rule keeps" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa prune ragflowauth --env prod --dry-run", "what would go, and what holds the rest" },
	{ "rfa prune ragflowauth --env prod", "remove it; asks for \"prod\"" },
	{ "rfa prune ragflowauth --env prod --images --backups", "only these" },
	{ NULL, NULL },
};

extern const struct rfa_flow rfa_flow_prune_backups;

static const struct rfa_flow_args args = {
	.command = "prune",
	.group = "data",
	.words = "STACK --env ENV",
	.flags = RFA_ARGS_SHOWS_FIRST,
	.details =
	    "Shows everything that could go, with its size and what holds it, and asks for the\n"
	    "environment's name. Without a kind: images, data and spool. An image stays that any\n"
	    "container of the host has, running or stopped, that a rollback point, the last proof "
	    "of\n"
	    "an environment of this host, a drill or a run that is not over needs, or that "
	    "another\n"
	    "stack has, too. Of replaced data as many generations stay as \"data\":\n"
	    "{\"keep_generations\": N} says. All is looked at again right before it goes. "
	    "--backups is\n"
	    "`rfa backup prune` behind it, with a question of its own.",
	.options = options,
	.examples = examples,
	.prepare = prepare,
	.also = "backups",
	.also_flow = &rfa_flow_prune_backups,
};

const struct rfa_flow rfa_flow_prune = {
	.name = "prune",
	.version = 3,
	.summary = "remove what nothing needs: images, replaced data, what dead runs have left",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.result = &result,
	.text = &text,
	.args = &args,
};
