/* promote: the images that run on the source go to the target, and run there. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES, "from", "the environment whose running images are taken" },
	{ RFA_TARGET, WITH_DATA, "to", "the environment that gets them" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * The old containers are kept, stopped and renamed, until the new version has proven itself; a
 * definite failure before that brings them back. Read upwards, the table is the way back.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, source_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_observe),
	READ("target.data", PRECHECK, TARGET, IF_MIGRATION, 4, migration_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, image_export),
	IMAGES_ARRIVE,
	VERSION_RUNS,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "window", rfa_gate_window },
	{ "engine", rfa_gate_image_engine },
	{ "source runs", rfa_gate_source_runs },
	{ "tags", rfa_gate_tags },
	GATES_OF_CONTAINERS,
	{ "migration", rfa_gate_migration },
	{ "version", rfa_gate_same_version },
	GATES_OF_TRUST,
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINES_OF_IMAGES,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The images of {stack} go from {from} to {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "to {to}",
	.done = "{version} runs now",
	.changes = rfa_changes_images,
};

/* What both sides have proven, and when a backup of `to` was proven. */
static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_proven_images(p, plan, "verified",
					   rfa_facts_str(plan, "source/env", ""), err);

	return rc ? rc : rfa_prepare_receiver(p, plan, "promote", err);
}

static const struct rfa_example examples[] = {
	{ "rfa promote ragflowauth --from test --to prod", "what runs on test, to prod" },
	{ "rfa promote ragflowauth --from test --to prod --dry-run", "show what would change" },
	{ "rfa promote shop --from test --to prod --force --reason \"hotfix 12\" --yes prod",
	  "pass the gates that may be forced, from a script" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "promote",
	.group = "deploy",
	.words = "STACK --from ENV --to ENV",
	.details =
	    "Only layers that the target lacks travel. The target's containers are replaced one "
	    "by\n"
	    "one, with the configuration that they have; the old ones stay until the new ones "
	    "have\n"
	    "proven healthy. If they do not, everything is put back and the exit status is 5.\n"
	    "Ctrl-C stops where that is safe (exit status 75); `rfa resume` carries on.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_BACKUP_BEFORE | RFA_ARGS_TRAFFIC,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_promote = {
	.name = "promote",
	.version = 6,
	.summary = "bring the images that run in one environment to another",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy",
	.result = &rfa_result_images,
	.text = &text,
	.args = &args,
};
