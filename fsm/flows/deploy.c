/* deploy: images of a version come from registries to an environment, and run there. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_REGISTRY, NULL, "whose connections reach the registry" },
	{ RFA_TARGET, WITH_REGISTRY | WITH_DATA, "to", "the environment that gets them" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * From target.pin on as promote. The images are pulled by the target's engine, or arrive as an
 * archive that rfa fetches: one of the rows has nothing to do.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_before),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, registry_observe),
	READ("target.compare", PRECHECK, TARGET, 0, 4, target_compare),
	READ("target.data", PRECHECK, TARGET, IF_MIGRATION, 4, migration_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, image_export),
	STEP("target.pull", TRANSFER, TARGET, SCRATCH, 4, pull),
	IMAGES_ARRIVE,
	VERSION_RUNS,
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "window", rfa_gate_window },
	{ "engine", rfa_gate_image_engine },
	{ "tags", rfa_gate_tags },
	{ "images", rfa_gate_all_known },
	GATES_OF_CONTAINERS,
	{ "migration", rfa_gate_migration },
	{ "version", rfa_gate_same_version },
	GATES_OF_TRUST,
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "the registry is asked", "through {from}" },
	RFA_LINES_OF_IMAGES,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The version {built} of {stack} comes from its registry to {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "to {to}",
	.done = "{version} runs now",
	.changes = rfa_changes_images,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_deploy(p, plan, err);

	return rc ? rc : rfa_prepare_receiver(p, plan, "deploy", err);
}

static const struct rfa_option options[] = {
	{ .name = "via",
	  .value = "WHO",
	  .help = "who fetches: target, operator, an environment, or auto" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa deploy shop 1.4.0 --to staging", "bring version 1.4.0 of shop to staging" },
	{ "rfa deploy shop 1.4.0 --to prod --dry-run", "show what would change" },
	{ "rfa deploy shop 1.4.0 --to prod --via operator", "for a host that no registry reaches" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "deploy",
	.group = "deploy",
	.words = "STACK VERSION --to ENV",
	.details =
	    "Brings the images that rfa.json names under \"deploy\", with VERSION as their tag.\n"
	    "What the tags mean is asked once, and from then on they are asked for by digest. "
	    "They\n"
	    "are there before anything stops: pulled by the target's engine, or fetched by rfa "
	    "and\n"
	    "carried there, only what is missing. A fetch that breaks off goes on in the middle\n"
	    "of a layer. From then on all is as with `rfa promote`: a version that does not prove\n"
	    "healthy is taken back. A version is one thing for ever: a tag that was moved since "
	    "it\n"
	    "was first deployed is refused.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_SECOND | RFA_ARGS_BACKUP_BEFORE | RFA_ARGS_TRAFFIC,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_deploy = {
	.name = "deploy",
	.version = 4,
	.summary = "bring a version from its registry to an environment",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy",
	.result = &rfa_result_images,
	.text = &text,
	.args = &args,
};
