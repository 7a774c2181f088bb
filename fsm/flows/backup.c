/* backup: the source's data is stored in a vault. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_DATA, "env", "the environment whose stack is backed up" },
	{ RFA_TARGET, WITH_VAULT | RFA_HOST_TREES, NULL, "where the vault is" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The source's side is that of data. A backup that is not sealed and read again is taken back. */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, data_source_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, vault_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	STEP("source.copy", STOP, SOURCE, SCRATCH, 4, copy),
	STEP("source.stop", STOP, SOURCE, 0, 4, stop),
	READ("source.verify-stopped", VERIFY_STOPPED, SOURCE, 0, 4, verify_stopped),
	STEP("source.snapshot", EXPORT, SOURCE, SCRATCH, 4, snapshot),
	STEP("source.start", EXPORT, SOURCE, 0, 4, start),
	READ("source.check", EXPORT, SOURCE, 0, 4, check),
	STEP("source.pack", EXPORT, SOURCE, SCRATCH, 4, pack),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.store", APPLY, TARGET, SCRATCH, 4, store),
	STEP("target.seal", APPLY, TARGET, 0, 4, seal),
	SKIP("restart", RESTART, "what stopped for the snapshot was started at once"),
	NO_UNDO("target.verify", HEALTH, TARGET, SCRATCH, 4, vault_verify),
	CLEANUP("target.retain", HEALTH, TARGET, 0, 4, retain),
	CLEANUP("source.cleanup", HEALTH, SOURCE, 0, 4, source_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },         RFA_GATES_OF_DATA, { "vault", rfa_gate_vault },
	{ "disk space", rfa_gate_data_space }, { NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "{from} stops",
	  "{source.stops}: while a snapshot is taken; most of it is copied before that" },
	{ "holds", "{source.members}" },
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
	int rc = rfa_prepare_has_data(json_object_get(plan, "source"), err);

	return rc ? rc : rfa_prepare_backup(p, plan, "data", err);
}

static const struct rfa_example examples[] = {
	{ "rfa backup ragflowauth --env prod", "the data" },
	{ "rfa backup ragflowauth --env prod --dry-run", "what would happen" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "backup",
	.group = "data",
	.words = "STACK --env ENV",
	.details =
	    "The stack stops for a snapshot only. Chunks that an earlier backup has are not "
	    "stored\n"
	    "again, and yet each backup is whole by itself. It is read back and compared before "
	    "the\n"
	    "run succeeds; then those that the rules in rfa.json (\"backup\": {\"keep\": …}) do "
	    "not\n"
	    "keep any more are removed. With --unattended a run that is interrupted is resumed "
	    "every\n"
	    "minute, for an hour, and one that an earlier night left half-way is finished first.",
	.flags = RFA_ARGS_FORCE | RFA_ARGS_UNATTENDED | RFA_ARGS_BACKS_UP,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_backup = {
	.name = "backup",
	.version = 4,
	.summary = "back up the data of a stack",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.result = &rfa_result_backup,
	.text = &text,
	.args = &args,
};
