/* publish: images are built from sources, go to the target, and run there. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES, NULL, "where the images are built" },
	{ RFA_TARGET, WITH_DATA, "to", "the environment that gets them" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * From target.receive on as promote. What is built is known only behind source.build, so the target
 * is looked at twice.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, builder_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_before),
	READ("target.data", PRECHECK, TARGET, IF_MIGRATION, 4, migration_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.build", EXPORT, SOURCE, SCRATCH, 4, build),
	READ("target.compare", EXPORT, TARGET, 0, 4, target_compare),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, image_export),
	IMAGES_ARRIVE,
	VERSION_RUNS,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "window", rfa_gate_window },
	{ "engine", rfa_gate_image_engine },
	{ "builder", rfa_gate_builder },
	{ "sources", rfa_gate_sources },
	{ "version", rfa_gate_new_version },
	{ "tags", rfa_gate_tags },
	{ "images", rfa_gate_all_known },
	GATES_OF_CONTAINERS,
	{ "migration", rfa_gate_migration },
	GATES_OF_TRUST,
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "is built on", "{from}" },
	RFA_LINES_OF_IMAGES,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The version {built} of {stack} is built, and goes to {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "to {to}",
	.done = "{version} runs now",
	.changes = rfa_changes_images,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_build(p, plan, err);

	return rc ? rc : rfa_prepare_receiver(p, plan, "publish", err);
}

static const struct rfa_option options[] = {
	{ .name = "as",
	  .value = "VERSION",
	  .help = "what the version is called; else as build.version of rfa.json says" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa publish shop --to test", "build shop here, and bring it to test" },
	{ "rfa publish shop --to test --as 1.4.0", "with a name of its own" },
	{ "rfa publish shop --to test --dry-run", "show what would change, and build nothing" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "publish",
	.group = "deploy",
	.words = "STACK --to ENV",
	.details =
	    "Builds the images that rfa.json names under \"build\", on this machine or where it\n"
	    "says, with BuildKit. All images of a run have one version as their tag. A version is\n"
	    "one thing for ever: a name that exists is not built again from other sources. Only\n"
	    "layers that the target lacks travel. What is not built stays as it is. From then on\n"
	    "all is as with `rfa promote`: a version that does not prove healthy is taken back.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_BACKUP_BEFORE | RFA_ARGS_TRAFFIC,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_publish = {
	.name = "publish",
	.version = 5,
	.summary = "build images from sources, and bring them to an environment",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy",
	.result = &rfa_result_images,
	.text = &text,
	.args = &args,
};
