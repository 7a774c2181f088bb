/* drill: a backup proves itself in an environment, which then is as it was. */
#include "fsm/flows/flows.h"
#include "fsm/parts/catalog.h"

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
	SKIP("stop", STOP, "the target stops only for the swap"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the swap"),
	STEP("source.open", EXPORT, SOURCE, SCRATCH, 4, open),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.unpack", APPLY, TARGET, SCRATCH, 4, unpack),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, data_health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.base-url", APPLY, TARGET, 0, 4, base_url),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	READ("target.health", HEALTH, TARGET, 0, 4, data_health),
	NO_UNDO("target.stop2", HEALTH, TARGET, 0, 4, stop),
	NO_UNDO("target.swap-back", HEALTH, TARGET, 0, 4, swap_back),
	NO_UNDO("target.start2", HEALTH, TARGET, 0, 4, start),
	READ("target.health2", HEALTH, TARGET, 0, 4, data_health_before),
	CLEANUP("target.cleanup", HEALTH, TARGET, 4, data_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	{ "backup", rfa_gate_backup },
	{ "target runs", rfa_gate_target_runs },
	RFA_GATES_OF_DATA,
	{ "disk space", rfa_gate_data_space },
	{ "base URL", rfa_gate_base_url },
	{ "URLs", rfa_gate_urls },
	{ NULL, NULL },
};

static int drill_file(struct rfa_outputs *o, int proven, struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	json_t *before = NULL;
	json_t *drill = NULL;
	json_t *last;
	int rc;

	snprintf(f->path, sizeof(f->path), "drills/%s/%s.json", o->env, o->stack);
	rc = rfa_catalog_read(o->ledger, f->path, &before, err);
	if (rc && rc != -RFA_ENOTFOUND)
		return rc;
	rfa_error_clear(err);
	drill =
	    json_pack("{s:b, s:s, s:s, s:s, s:s, s:s}", "proven", proven, "at", o->now, "run",
		      o->run, "backup", o->version, "of",
		      rfa_facts_str(rfa_outputs_fact(o, "source.observe", "manifest"), "env", ""),
		      "why", proven ? "" : o->why->msg);
	/* The last backup that was proven is known ever after: it is kept. */
	last =
	    rfa_facts_bool(before, "proven", 0) ? before : json_object_get(before, "last_proven");
	if (drill && !proven && json_is_object(last)) {
		json_t *line = json_pack("{s:s, s:s, s:s}", "at", rfa_facts_str(last, "at", ""),
					 "run", rfa_facts_str(last, "run", ""), "backup",
					 rfa_facts_str(last, "backup", ""));

		json_object_set_new(drill, "last_proven", line);
	}
	json_decref(before);
	return rfa_outputs_json(f, drill, err);
}

static int drill_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	return drill_file(o, 1, err);
}

/*
 * A backup that could not be read, or did not serve, is no backup. But a drill that was refused for
 * another reason, or called off, says nothing of it.
 */
static int drill_failed(struct rfa_outputs *o, struct rfa_error *err)
{
	int row = rfa_flow_find(o->flow, o->why_step);
	int begun = row >= 0 && o->flow->steps[row].state != RFA_PRECHECK;
	int looked = rfa_outputs_fact(o, "source.observe", "") != NULL;
	int lacking = looked && !json_is_object(rfa_outputs_fact(o, "source.observe", "manifest"));

	if (o->final == RFA_FINAL_ABORTED || o->why->code == RFA_EABORTED || (!begun && !lacking))
		return 0;
	return drill_file(o, 0, err);
}

static const struct rfa_result_ops result = { rfa_outputs_backup, drill_succeeded, drill_failed };

static const struct rfa_text_line lines[] = {
	RFA_LINE_BACKUP_IS_READ,
	{ "{to} stops", "{target.stops}: twice, for a few renames, however much data there is; "
			"what ran runs again "
			"then" },
	RFA_LINES_REPLACED,
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

static const struct rfa_option options[] = {
	{ "of", 0, "ENV", NULL, NULL, "whose backup; default: that of --env" },
	{ "backup", 0, "ID", NULL, NULL, "which one; default: the newest that is complete" },
	RFA_OPTION_END,
};

static const struct rfa_example examples[] = {
	{ "rfa drill ragflowauth --env test --of prod", "prod's newest backup, on test" },
	{ "rfa drill ragflowauth --env test --of prod --yes test", "from a script" },
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
	    "proven_drill_days can require it. Asks for the environment's name.",
	.flags = RFA_ARGS_FORCE,
	.options = options,
	.examples = examples,
	.prepare = rfa_prepare_restore,
};

const struct rfa_flow rfa_flow_drill = {
	.name = "drill",
	.version = 4,
	.summary = "restore test: restore a backup, check it, put everything back",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "drill",
	.result = &result,
	.text = &text,
	.args = &args,
};
