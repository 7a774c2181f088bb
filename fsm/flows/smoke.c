/* smoke: does what runs there serve? Nothing is changed. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_IMAGES, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* All of it only reads, so it takes no lock. */
static const struct rfa_step steps[] = {
	READ("target.observe", PRECHECK, TARGET, 0, 4, source_observe),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	LAST_READ("target.smoke", HEALTH, TARGET, 4, smoke),
};

static void smoke_version(struct rfa_outputs *o)
{
	struct rfa_outputs_seen k;
	struct rfa_error ignored;

	if (!rfa_outputs_see(o, &k, &ignored) && k.proven[RFA_TARGET].images)
		snprintf(o->version, sizeof(o->version), "%s",
			 k.proven[RFA_TARGET].images->version);
	rfa_outputs_seen_release(&k);
}

/* Only who asks for it has the version marked. */
static int smoke_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_verification proof;
	struct rfa_outputs_seen k;
	int rc = rfa_outputs_see(o, &k, err);

	rfa_record_clear(&rfa_shape_verification, &proof);
	proof.how = "smoke";
	if (!rc && k.plan.options && k.plan.options->mark)
		rc = rfa_outputs_verified(o, &k.proven[RFA_TARGET].images->images, NULL, &proof,
					  err);
	rfa_outputs_seen_release(&k);
	return rc;
}

static const struct rfa_result_ops result = { smoke_version, smoke_succeeded, NULL };

/* What would be asked; nothing changes. */
static int changes(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_check *check;

	RFA_EACH (check, ctx->sides[RFA_TARGET]->stack->checks) {
		json_t *row;

		if (check->at.n && !rfa_texts_have(&check->at, ctx->flow->checks))
			continue;
		row = json_pack("{s:s, s:s, s:s, s:s}", "what", check->name, "now", "-", "then",
				"is asked", "change", "same");
		if (!row || json_array_append_new(rows, row))
			return rfa_fail_nomem(err);
	}
	return 0;
}

static const struct rfa_flow_text text = {
	.title = "What runs of {stack} on {to} is checked.",
	.name = "{to}",
	.where = "on {to}",
	.done = "{version} passes its smoke test",
	.changes = changes,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "target/env", "");
	const json_t *check;
	size_t i, n = 0;
	int rc = 0;

	json_array_foreach (rfa_facts_at(plan, "target/stack/checks"), i, check) {
		const json_t *at = json_object_get(check, "at");

		n += !at || rfa_facts_has_text(at, "smoke");
	}
	if (!n) {
		rfa_fail(err, RFA_ECONFIG, "config",
			 "no check of %s is asked at \"smoke\" in \"%.60s\"", p->word, env);
		return rfa_error_hint(err, "add one to \"checks\" (or to \"health\") in rfa.json");
	}
	/* What runs there is called as the ledger calls it. */
	rc = rfa_prepare_proven_images(p, plan, "verified", env, err);
	if (!rc && p->option(p, "mark", 0))
		rc = rfa_plan_set(plan, "mark", json_true(), err);
	return rc;
}

static const struct rfa_option options[] = {
	{ "mark", 0, NULL, NULL, NULL, "what runs there counts as verified, if all checks pass" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa smoke ragflowauth --env prod", "ask all checks" },
	{ "rfa smoke ragflowauth --env test --mark", "the same; then it may go to prod" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "smoke",
	.group = "deploy",
	.words = "STACK --env ENV [--mark]",
	.details =
	    "Asks the checks of the stack that are \"at\" smoke, each up to three times. Each "
	    "that\n"
	    "is wrong is told. Nothing is changed and nothing is locked; the ledger keeps which\n"
	    "version ran there and how each check went (`rfa show`). With --mark the version\n"
	    "counts as verified (the gate require_verified), if all checks pass.",
	.flags = RFA_ARGS_UNATTENDED,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_smoke = {
	.name = "smoke",
	.version = 1,
	.summary = "check what runs in an environment; nothing is changed",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.checks = "smoke",
	.result = &result,
	.text = &text,
	.args = &args,
};
