/* rollback: what a rollback point describes runs again. */
#include "fsm/flows/flows.h"

/* The images never left the host, so nothing travels; the rest is as in promote. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("target.look", PRECHECK, "target", 0, 4, target_look),
	LOOK("gates", PRECHECK, "target", 0, 4, gates),
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "the images of a rollback point are kept on the host"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	STEP("target.keep", APPLY, "target", RFA_STEP_OWN, 4, keep),
	LOOK("target.health-before", HEALTH, "target", RFA_STEP_BACK, 4, health_before),
	STEP("target.tag", APPLY, "target", 0, 4, tag),
	STEP("target.replace", RESTART, "target", 0, 4, replace),
	STEP("target.compose", RESTART, "target", 0, 4, compose),
	LOOK("target.health", HEALTH, "target", 0, 4, health),
	TIDY("target.tidy", HEALTH, "target", 4, tidy),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_rollback = { "rollback", 1,
					    "bring back what a rollback point describes", steps,
					    sizeof(steps) / sizeof(steps[0]) };
