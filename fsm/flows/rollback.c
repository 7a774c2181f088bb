/* rollback: what a rollback point describes runs again. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_IMAGES, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The images never left the host, so nothing travels; the rest is as in promote. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "the images of a rollback point are kept on the host"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	STEP("target.pin", APPLY, TARGET, SCRATCH, 4, pin),
	IMAGES_RUN,
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_image_engine },
	{ "carry over", rfa_gate_carry_over },
	{ "dependents", rfa_gate_cut_off },
	{ "first deployment", rfa_gate_first_deployment },
	{ "disk space", rfa_gate_image_space },
	{ "compose", rfa_gate_compose },
	{ "networks", rfa_gate_networks },
	{ "URLs", rfa_gate_urls },
	{ "rollback point", rfa_gate_image_point },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "brought back", "the images of its containers, as they ran then" },
	{ "not back", "data in volumes and databases, files beside them" },
	{ "{to} stops", "each container while it is replaced: {target.replaced}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "{stack} on {to} goes back to {point.version}.",
	.lines = lines,
	.question = "The containers of this stack will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done = "{version} runs now",
	.changes = rfa_changes_images,
};

/* `rfa rollback` finds the flow by what the point is of. */
static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_point(p, plan, err);

	if (!rc)
		rc = rfa_prepare_last_backup(p, plan, rfa_facts_str(plan, "target/env", ""), err);
	return rc ? rc
		  : rfa_prepare_proven_images(p, plan, "proven",
					      rfa_facts_str(plan, "target/env", ""), err);
}

static const struct rfa_flow_args args = { .prepare = prepare, .goes_back_to = "images" };

const struct rfa_flow rfa_flow_rollback = {
	.name = "rollback",
	.version = 3,
	.summary = "bring back what a rollback point describes",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy",
	.result = &rfa_result_images,
	.text = &text,
	.args = &args,
};
