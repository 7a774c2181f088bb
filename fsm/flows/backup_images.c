/* backup-images: the images that run on the source are stored in a vault. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_IMAGES, "env", "the environment whose stack is backed up" },
	{ RFA_TARGET, WITH_VAULT | RFA_HOST_TREES, NULL, "where the vault is" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* Nothing stops. A backup that is not sealed and read again is taken back. */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, source_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, vault_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.export", EXPORT, SOURCE, SCRATCH, 4, backup_export),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.store", APPLY, TARGET, SCRATCH, 4, store),
	STEP("target.seal", APPLY, TARGET, 0, 4, seal),
	SKIP("restart", RESTART, "nothing was stopped"),
	NO_UNDO("target.verify", HEALTH, TARGET, SCRATCH, 4, vault_verify),
	CLEANUP("target.retain", HEALTH, TARGET, 0, 4, retain),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	{ "vault", rfa_gate_vault },
	{ "disk space", rfa_gate_data_space },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "holds", "the images that run; nothing stops" },
	{ "goes to", "{vault} on {vault.on}" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The backup {backup} of {stack} on {from} is made.",
	.lines = lines,
	.name = "{from}",
	.where = "on {from}",
	.done = "the backup {backup} is complete, and was read back",
	.changes = rfa_changes_backup,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_backup(p, plan, "images", err);

	return rc ? rc
		  : rfa_prepare_proven_images(p, plan, "verified",
					      rfa_facts_str(plan, "source/env", ""), err);
}

static const struct rfa_example examples[] = {
	{ "rfa backup images ragflowauth --env prod", "the images that run" },
	{ "rfa backup images ragflowauth --env prod --dry-run", "what would happen" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "backup images",
	.group = "data",
	.words = "STACK --env ENV",
	.details =
	    "Nothing stops. What is said of `rfa backup` is true of this one too: chunks are\n"
	    "stored once, and each backup is read back before the run succeeds.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_UNATTENDED,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_backup_images = {
	.name = "backup-images",
	.version = 2,
	.summary = "back up the images that run",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.result = &rfa_result_backup,
	.text = &text,
	.args = &args,
};
