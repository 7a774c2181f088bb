/* drill: a backup proves itself in an environment, which then is as it was. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_VAULT, NULL, "where the vault is" },
	{ RFA_TARGET, WITH_DATA, "env", "the environment that tries it out" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * A restore, and its way back as a part of the table: to succeed means that the backup served, and
 * that the environment's own data serves again. The rows of the second half have nothing to undo:
 * the rows above bring everything back from wherever it stands.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, vault_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, data_target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "the target stops only for the swap"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the swap"),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.unpack", APPLY, TARGET, SCRATCH, 4, unpack),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, data_health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.base-url", APPLY, TARGET, IF_BASE_URL, 4, base_url),
	STEP("target.migrate", APPLY, TARGET, IF_MIGRATION, 4, migrate),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	READ("target.health", HEALTH, TARGET, 0, 4, data_health),
	NO_UNDO("target.stop2", HEALTH, TARGET, 0, 4, stop),
	NO_UNDO("target.swap-back", HEALTH, TARGET, 0, 4, swap_back),
	NO_UNDO("target.start2", HEALTH, TARGET, 0, 4, start),
	READ("target.health2", HEALTH, TARGET, 0, 4, data_health_before),
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, data_cleanup),
	CLEANUP("target.cleanup-migration", HEALTH, TARGET, IF_MIGRATION, 4, migration_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	{ "backup", rfa_gate_backup },
	{ "target runs", rfa_gate_target_runs },
	{ "version", rfa_gate_tried_version },
	RFA_GATES_OF_DATA,
	{ "disk space", rfa_gate_data_space },
	{ "base URL", rfa_gate_base_url },
	{ "URLs", rfa_gate_urls },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_IS_READ,
	{ "{to} stops", "{target.stops}: twice, for a few renames, however much data there is; "
			"what ran runs again "
			"then" },
	RFA_LINES_REPLACED,
	{ "the schema", "the migration of {tried} changes it, before anything runs on it" },
	{ "then", "the stack's health checks decide whether the backup is proven" },
	{ "at the end", "{to} has the data back that it has now, whatever the drill says" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The backup {backup} is tried out in {stack} on {to}.",
	.lines = lines,
	.question = "This environment will serve the backup's data for as long as the checks take.",
	.name = "{to}",
	.where = "on {to}",
	.done = "the backup {backup} is proven, and the own data serves again",
	.changes = rfa_changes_data,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	int rc = rfa_prepare_restore(p, plan, err);

	return rc ? rc : rfa_prepare_tried(p, plan, err);
}

static const struct rfa_option options[] = {
	{ "of", 0, "ENV", NULL, NULL, "whose backup; default: that of --env" },
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	{ "with", 0, "VERSION", NULL, NULL, "try its migration, too: it has to run in --env" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa drill ragflowauth --env test --of prod", "prod's newest backup, on test" },
	{ "rfa drill ragflowauth --env test --of prod --yes test", "from a script" },
	{ "rfa drill ragflowauth --env test --of prod --with 1.5.0",
	  "and the migration of 1.5.0 on it, before it goes to prod" },
	{ "rfa drill ragflowauth --env test --dry-run", "what would happen" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "drill",
	.group = "data",
	.words = "STACK --env ENV [--of ENV]",
	.details =
	    "The environment serves the backup's data for as long as the health checks take, and\n"
	    "has its own back at the end, whatever comes of it. The ledger keeps whether the\n"
	    "backup is proven; `rfa status` shows how long ago that was, and the gate\n"
	    "proven_drill_days can require it. --with VERSION runs the migration of that version\n"
	    "on the backup's data first; gates.migration_tried can require that. Asks for the\n"
	    "environment's name.",
	.flags = RFA_ARGS_FORCE,
	.options = options,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_drill = {
	.name = "drill",
	.version = 6,
	.summary = "restore test: restore a backup, check it, put everything back",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "drill",
	.result = &rfa_result_drill,
	.text = &text,
	.args = &args,
};
