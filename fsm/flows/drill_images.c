/* drill-images: a backup of images proves itself on a host, which then is as it was. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_VAULT, NULL, "where the vault is" },
	{ RFA_TARGET, WITH_IMAGES, "env", "the environment whose host tries it out" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * The images come under names of rfa's own: no tag of anybody's moves, and nothing that serves is
 * touched. What was not there before goes again.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, vault_images),
	READ("target.observe", PRECHECK, TARGET, 0, 4, trial_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	SKIP("stop", STOP, "nothing that serves is touched"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open_images),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.load", APPLY, TARGET, SCRATCH, 4, load),
	SKIP("restart", RESTART, "nothing was stopped"),
	STEP("target.try", HEALTH, TARGET, SCRATCH, 4, trial),
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, unload),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	{ "backup", rfa_gate_image_backup },
	{ "disk space", rfa_gate_image_space },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_IS_READ,
	{ "then", "the images are loaded, compared with what the backup says of them, and each "
		  "makes a container, which is never started" },
	{ "{to}", "keeps its tags and its containers; images that it had not got go again" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The backup {backup} is tried out on the host of {to}.",
	.lines = lines,
	.name = "{to}",
	.where = "on {to}",
	.done = "the backup {backup} is proven",
	.changes = rfa_changes_trial,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_restore_images(p, plan, err);

	return rc ? rc : rfa_plan_set(plan, "set", json_string("images"), err);
}

static const struct rfa_option options[] = {
	{ "of", 0, "ENV", NULL, NULL, "whose backup; default: that of --env" },
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa drill images ragflowauth --env test --of prod", "prod's newest backup, on test" },
	{ "rfa drill images ragflowauth --env test --dry-run", "what would happen" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "drill images",
	.group = "data",
	.words = "STACK --env ENV [--of ENV]",
	.details =
	    "Every byte of the backup is read, its images are loaded and compared with what the\n"
	    "backup says of them, and each makes a container, which is never started. They come\n"
	    "under names of rfa's own: no tag moves, and nothing that serves is touched. At the\n"
	    "end all of it goes that was not there before. The ledger keeps whether the backup is\n"
	    "proven; `rfa status` shows how long ago that was. Of a stack without data, the gate\n"
	    "proven_drill_days asks for this drill.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_UNATTENDED,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_drill_images = {
	.name = "drill-images",
	.version = 1,
	.summary = "restore test of images: load a backup, check it, remove it again",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.result = &rfa_result_drill,
	.text = &text,
	.args = &args,
};
