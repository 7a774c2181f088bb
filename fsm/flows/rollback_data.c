/* rollback-data: the generation that a rollback point names takes its place again. */
#include "fsm/flows/flows.h"

/* The data never left the host, so nothing is copied and nothing travels; the rest is as in data.
 */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("target.look", PRECHECK, "target", 0, 4, data_target_look),
	LOOK("gates", PRECHECK, "target", 0, 4, data_gates),
	SKIP("stop", STOP, "the target stops only for the exchange"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the exchange"),
	SKIP("export", EXPORT, "the data of a rollback point is kept on the host"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	LOOK("target.health-before", HEALTH, "target", RFA_STEP_BACK, 4, data_health_before),
	STEP("target.stop", APPLY, "target", 0, 4, stop),
	LOOK("target.verify-stopped", APPLY, "target", 0, 4, verify_stopped),
	STEP("target.swap", APPLY, "target", 0, 4, swap),
	STEP("target.base-url", APPLY, "target", 0, 4, base_url),
	STEP("target.start", RESTART, "target", 0, 4, start),
	LOOK("target.health", HEALTH, "target", 0, 4, data_health),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_rollback_data = { "rollback-data", 2,
						 "bring back the data that a rollback point names",
						 steps, sizeof(steps) / sizeof(steps[0]) };
