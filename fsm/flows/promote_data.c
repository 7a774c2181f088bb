/* promote-data: the source's data, as it was at one moment, takes the place of the target's. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_SOURCE, WITH_DATA, "from", "the environment whose data is taken" },
	{ RFA_TARGET, WITH_DATA, "to", "the environment that gets it" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/*
 * The source stands still for the snapshot, the target for a rename and a start; everything else
 * happens while both run. Read upwards, the table is the way back.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, SOURCE, SCRATCH, 4, lock),
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("source.observe", PRECHECK, SOURCE, 0, 4, data_source_observe),
	READ("target.observe", PRECHECK, TARGET, 0, 4, data_target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	STEP("source.copy", STOP, SOURCE, SCRATCH, 4, copy),
	STEP("source.stop", STOP, SOURCE, 0, 4, stop),
	READ("source.verify-stopped", VERIFY_STOPPED, SOURCE, 0, 4, verify_stopped),
	STEP("source.snapshot", EXPORT, SOURCE, SCRATCH, 4, snapshot),
	STEP("source.start", EXPORT, SOURCE, 0, 4, start),
	READ("source.check", EXPORT, SOURCE, 0, 4, check),
	STEP("target.list", EXPORT, TARGET, SCRATCH, 4, list),
	STEP("source.pack", EXPORT, SOURCE, SCRATCH, 4, pack),
	STEP("target.receive", TRANSFER, TARGET, SCRATCH, 4, receive),
	STEP("target.unpack", APPLY, TARGET, SCRATCH, 4, unpack),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, data_health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.base-url", APPLY, TARGET, IF_BASE_URL, 4, base_url),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	READ("target.health", HEALTH, TARGET, 0, 4, data_health),
	CLEANUP("target.cleanup", HEALTH, TARGET, 0, 4, data_cleanup),
	CLEANUP("source.cleanup", HEALTH, SOURCE, 0, 4, source_cleanup),
	CLEANUP("source.release", HEALTH, SOURCE, 0, 4, unlock),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	RFA_GATES_OF_DATA,
	{ "disk space", rfa_gate_data_space },
	{ "what travels", rfa_gate_travels },
	{ "base URL", rfa_gate_base_url },
	{ "URLs", rfa_gate_urls },
	{ "proven drill", rfa_gate_proven_drill },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "{from} stops", "{source.stops}: while a snapshot is taken; most of it is copied before "
			  "that, and what ran "
			  "runs again before anything travels" },
	RFA_LINE_STOPS_FOR_RENAMES,
	RFA_LINES_REPLACED,
	RFA_LINE_WAY_BACK_OF_DATA,
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The data of {stack} goes from {from} to {to}.",
	.lines = lines,
	.question = "The data of this environment will be replaced.",
	.name = "{to}",
	.where = "to {to}",
	.done = "it has the data of {from} now",
	.changes = rfa_changes_data,
};

static int prepare(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const json_t *source = json_object_get(plan, "source");
	const json_t *target = json_object_get(plan, "target");
	int rc = rfa_prepare_has_data(source, err);

	if (!rc)
		rc = rfa_prepare_has_data(target, err);
	if (!rc)
		rc = rfa_prepare_same_data(source, target, err);
	return rc ? rc : rfa_prepare_proof(p, plan, rfa_facts_str(target, "env", ""), err);
}

static const struct rfa_example examples[] = {
	{ "rfa promote-data ragflowauth --from test --to prod", "asks for \"prod\"" },
	{ "rfa promote-data ragflowauth --from test --to prod --dry-run",
	  "what would stop, what would be replaced, what the way back is" },
	{ "rfa promote-data ragflowauth --from test --to prod --yes prod", "from a script" },
	{ "rfa promote-data ragflowauth --from test --to prod --force --reason \"demo at 9\"",
	  "although no drill has proven a backup lately" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "promote-data",
	.group = "data",
	.words = "STACK --from ENV --to ENV",
	.details =
	    "The source stops for a snapshot only, and runs again before anything travels. The\n"
	    "target stops for a few renames, however much data there is. What it had stays\n"
	    "beside the new data as a rollback point. Asks for the target's name.",
	.flags = RFA_ARGS_FORCE,
	.examples = examples,
	.prepare = prepare,
};

const struct rfa_flow rfa_flow_promote_data = {
	.name = "promote-data",
	.version = 6,
	.summary =
	    "bring the data of one environment to another, all of it as it was at one moment",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "data",
	.result = &rfa_result_data,
	.text = &text,
	.args = &args,
};
