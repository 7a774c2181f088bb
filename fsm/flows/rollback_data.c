/* rollback-data: the generation that a rollback point names takes its place again. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_DATA, "env", "the environment" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The data never left the host, so nothing is copied and nothing travels; the rest is as in
 * promote-data.
 */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	READ("target.observe", PRECHECK, TARGET, 0, 4, data_target_observe),
	READ("gates", PRECHECK, TARGET, 0, 4, gates),
	HOOK_BEFORE,
	SKIP("stop", STOP, "the target stops only for the swap"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the swap"),
	SKIP("export", EXPORT, "the data of a rollback point is kept on the host"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	READ("target.health-before", HEALTH, TARGET, ROLLBACK_ONLY, 4, data_health_before),
	STEP("target.stop", APPLY, TARGET, 0, 4, stop),
	READ("target.verify-stopped", APPLY, TARGET, 0, 4, verify_stopped),
	STEP("target.swap", APPLY, TARGET, 0, 4, swap),
	STEP("target.base-url", APPLY, TARGET, IF_BASE_URL, 4, base_url),
	STEP("target.start", RESTART, TARGET, 0, 4, start),
	READ("target.health", HEALTH, TARGET, 0, 4, data_health),
	END("target.release", HEALTH, TARGET, 4, unlock),
};

static const struct rfa_gate gates[] = {
	{ "engine", rfa_gate_engine },
	RFA_GATES_OF_DATA,
	{ "URLs", rfa_gate_urls },
	{ "rollback point", rfa_gate_data_point },
	{ NULL, NULL },
};

static const struct rfa_text_line lines[] = {
	{ "brought back", "{point.members}" },
	{ "not back", "the images of the containers: they stay as they are" },
	RFA_LINE_STOPS_FOR_RENAMES,
	{ "is lost", "nothing: what was written since then becomes a rollback point itself" },
	{ NULL, NULL },
};

static const struct rfa_flow_text text = {
	.title = "The data of {stack} on {to} goes back to what was replaced at {point.at}.",
	.lines = lines,
	.question = "The data of this environment will be replaced.",
	.name = "{to}",
	.where = "on {to}",
	.done = "it has the data of that rollback point again",
	.changes = rfa_changes_data,
};

/* `rfa rollback` finds the flow by what the point is of. */
static const struct rfa_flow_args args = { .prepare = rfa_prepare_point, .goes_back_to = "data" };

const struct rfa_flow rfa_flow_rollback_data = {
	.name = "rollback-data",
	.version = 6,
	.summary = "bring back the data that a rollback point names",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.gates = gates,
	.checks = "data",
	.result = &rfa_result_data,
	.text = &text,
	.args = &args,
};
