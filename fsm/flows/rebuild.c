/* rebuild: a stack is made anew, of images that are there before anything stops; its data may go.
 */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_REGISTRY | RFA_ROLE_MAY_BE_ABSENT, NULL,
	  "whose connections reach the registry" },
	{ RFA_TARGET, WITH_REGISTRY | WITH_DATA, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * Deleted data is data that nothing takes the place of: a swap as of any other. It stays beside, as
 * a rollback point, and on the way back it is there again before an old container starts.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.observe", PRECHECK, TARGET, 0, 4, target_before),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, registry_observe),
	READ("target.compare", PRECHECK, TARGET, 0, 4, target_compare),
	READ("target.observe-data", PRECHECK, TARGET, 0, 4, data_target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "the target stops only when the images are there"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only when the images are there"),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, image_export),
	STEP("target.pull", TRANSFER, TARGET, SCRATCH, 4, pull),
	IMAGES_ARRIVE,
	STEP("target.empty", APPLY, TARGET, SCRATCH, 4, empty),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.tag", APPLY, TARGET, 0, 4, tag),
	STEP("target.first", RESTART, TARGET, IF_INIT, 4, compose_first),
	NO_UNDO("target.init", RESTART, TARGET, IF_INIT, 4, init),
	STEP("target.replace", RESTART, TARGET, IF_CONTAINERS, 4, replace),
	STEP("target.compose", RESTART, TARGET, IF_COMPOSE, 4, compose),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	NO_UNDO("target.stamp", RESTART, TARGET, IF_INIT, 4, stamp),
	READ("target.access", HEALTH, TARGET, 0, 4, access),
	READ("target.tables", HEALTH, TARGET, IF_INIT, 4, tables),
	READ("target.health", HEALTH, TARGET, 0, 4, health),
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, cleanup),
	CLEANUP("target.cleanup-data", HEALTH, TARGET, 0, 4, data_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "window", rfa_gate_window },
	{ "engine", rfa_gate_image_engine },
	{ "images", rfa_gate_images_there },
	{ "init files", rfa_gate_init_files },
	GATES_OF_CONTAINERS,
	RFA_GATES_OF_DATA,
	{ "servers", rfa_gate_servers },
	{ "schema", rfa_gate_same_schema },
	GATES_OF_TRUST,
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_FIRST,
	{ "{to} stops", "{target.stops}: when the images are there, until all is made anew" },
	{ "is deleted",
	  "{deleted}: all that is stored in it; it stays beside, as a rollback point" },
	{ "and then", "{purged}: what lies beside is removed for good, once all has proven itself; "
		      "then only a backup has it, if there is one" },
	{ "stays", "{kept.data}: the data stays as it is" },
	{ "the way back", "by itself, if what was made anew does not prove healthy; later: rfa "
			  "rollback {stack} --env {to}" },
	{ NULL, NULL },
};

static int changes(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	int rc = rfa_changes_images(ctx, rows, err);

	if (!rc)
		rc = rfa_changes_drift(ctx, rows, err);
	return rc ? rc : rfa_changes_data(ctx, rows, err);
}

static const struct rfa_flow_text text = {
	.title = "{stack} is made anew on {to}.",
	.lines = lines,
	.question = "All containers of this stack will be stopped and made anew.",
	.name = "{to}",
	.phrase = "DELETE ALL DATA",
	.phrase_for = "wipe",
	.phrase_question = "The data of this stack will be deleted.",
	.where = "on {to}",
	.done = "{version} runs now, made anew",
	.changes = changes,
};

static const struct rfa_option options[] = {
	{ .name = "new-volumes",
	  .help = "its data goes: every member is empty then; the old data stays beside" },
	{ .name = "of",
	  .value = "ENV",
	  .help = "what ENV has proven, then its newest backup: a drill that is kept" },
	{ .name = "purge", .help = "with --new-volumes: the old data goes for good after success" },
	{ .name = "via",
	  .value = "WHO",
	  .help = "who fetches: target, operator, an environment, or auto" },
	{ .name = "confirm",
	  .value = "PHRASE",
	  .help = "with --new-volumes, from a script: the phrase DELETE ALL DATA" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa rebuild shop --env prod --dry-run", "how prod differs from what it should be" },
	{ "rfa rebuild shop --env prod", "make all containers anew; the data stays" },
	{ "rfa rebuild shop 1.4.0 --env new", "a machine on which nothing is yet" },
	{ "rfa rebuild shop --env prod --new-volumes --yes prod --confirm 'DELETE ALL DATA'",
	  "from a script: begin with empty data" },
	{ "rfa rebuild shop --env standby --of prod", "could prod be had again elsewhere?" },
	{ NULL, NULL },
};

extern const struct rfa_flow rfa_flow_restore;

static const struct rfa_flow_args args = {
	.command = "rebuild",
	.group = "deploy",
	.words = "STACK [VERSION] --env ENV",
	.details =
	    "For a machine on which nothing is yet, and for one that has drifted too far. The "
	    "images\n"
	    "are there before anything stops: those of VERSION, as `rfa deploy` brings them, or "
	    "those that\n"
	    "the ledger knows to have run well there. Then the stack stops, and all its containers "
	    "are "
	    "made\n"
	    "anew. With --new-volumes its data goes, too: a backup of it is made first, and each\n"
	    "member is put aside by a rename, so that a version that does not prove healthy has "
	    "the\n"
	    "old data back byte for byte. It stays as a rollback point until it is pruned, or, "
	    "with\n"
	    "--purge, until the run has succeeded. Asks for the environment's name, and then for "
	    "the\n"
	    "phrase DELETE ALL DATA. With --of it is a drill for a disaster: --env gets what that\n"
	    "environment has proven to run well, and by a second run, `rfa restore --as-drill`, "
	    "the\n"
	    "newest backup of it; whether it serves that is kept, and gates.standby_drill_days "
	    "can\n"
	    "require it.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_BACKUP_BEFORE | RFA_ARGS_MAY_SECOND,
	.options = options,
	.examples = examples,
	.prepare = rfa_prepare_rebuild,
	.also = "of",
	.also_flow = &rfa_flow_restore,
	.also_with = "as-drill",
};

const struct rfa_flow rfa_flow_rebuild = {
	.name = "rebuild",
	.version = 2,
	.summary = "make a stack anew, on an empty machine or on one that has drifted",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "deploy data",
	.result = &rfa_result_whole,
	.text = &text,
	.args = &args,
};
