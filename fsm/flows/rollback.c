/* rollback: what a rollback point describes runs again. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES | WITH_REGISTRY | WITH_VAULT | RFA_ROLE_MAY_BE_ABSENT, NULL,
	  "who has images that are not there any more" },
	{ RFA_TARGET, WITH_IMAGES | WITH_REGISTRY, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * Mostly the images never left the host: then nobody is the source, and nothing travels. The files
 * come back before containers are made of them; the rest is as in promote.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, images_held),
	READ("source.observe-vault", PRECHECK, SOURCE, 0, 4, vault_held),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_observe),
	READ("target.compare", PRECHECK, TARGET, 0, 4, configuration_then),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, image_export),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open_images),
	STEP("target.pull", TRANSFER, TARGET, SCRATCH, 4, pull),
	IMAGES_ARRIVE,
	STEP("target.keep", APPLY, TARGET, SCRATCH, 4, files_keep),
	STEP("target.write", APPLY, TARGET, 0, 4, files_write),
	IMAGES_RUN,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
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
	{ "shared names", rfa_gate_shared_names },
	{ "traffic", rfa_gate_traffic },
	{ "URLs", rfa_gate_urls },
	{ "rollback point", rfa_gate_image_point },
	{ "schema", rfa_gate_schema },
	{ "configuration", rfa_gate_configuration },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "brought back", "the images of its containers, as they ran then" },
	{ "are fetched", "{point.images}" },
	{ "configuration", "{point.files}" },
	{ "the schema", "{schema.stays}" },
	{ "not back", "data in volumes and databases, and files that containers have mounted" },
	{ "{to} stops", "each container while it is replaced: {target.replaced}" },
	RFA_LINE_TRAFFIC,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "{stack} on {to} goes back to {point.version}.",
	.lines = lines,
	.question = "The containers of this stack will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done = "{version} runs now",
	.changes = rfa_changes_rollback,
};

/* `rfa rollback` finds the flow by what the point is of. */
static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_rollback(p, plan, err);

	if (!rc)
		rc = rfa_prepare_migrated(p, plan, err);
	if (!rc)
		rc = rfa_prepare_before(p, plan, "rollback", err);
	if (!rc && p->option(p, "switch", 0))
		rc = rfa_plan_set(plan, "at_once", json_true(), err);
	return rc ? rc
		  : rfa_prepare_proven_images(p, plan, "proven",
					      rfa_facts_str(plan, "target/env", ""), err);
}

static const struct rfa_flow_args args = { .prepare = prepare, .goes_back_to = "images" };

const struct rfa_flow rfa_flow_rollback = {
	.name = "rollback",
	.version = 7,
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
