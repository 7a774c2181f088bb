/* restore: the data of a backup takes the place of the target's. */
#include "fsm/flows/flows.h"

/* The target's side is that of data; the source is where the vault is. */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, "source", RFA_STEP_OWN, 4, lock),
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("source.look", PRECHECK, "source", 0, 4, vault_look),
	LOOK("target.look", PRECHECK, "target", 0, 4, data_target_look),
	LOOK("gates", PRECHECK, "target", 0, 4, restore_gates),
	SKIP("stop", STOP, "the target stops only for the exchange"),
	SKIP("verify-stopped", VERIFY_STOPPED, "the target stops only for the exchange"),
	STEP("source.open", EXPORT, "source", RFA_STEP_OWN, 4, open),
	STEP("target.receive", TRANSFER, "target", RFA_STEP_OWN, 4, receive),
	STEP("target.unpack", APPLY, "target", RFA_STEP_OWN, 4, unpack),
	LOOK("target.health-before", HEALTH, "target", RFA_STEP_BACK, 4, data_health_before),
	STEP("target.stop", APPLY, "target", 0, 4, stop),
	LOOK("target.verify-stopped", APPLY, "target", 0, 4, verify_stopped),
	STEP("target.swap", APPLY, "target", 0, 4, swap),
	STEP("target.base-url", APPLY, "target", 0, 4, base_url),
	STEP("target.start", RESTART, "target", 0, 4, start),
	LOOK("target.health", HEALTH, "target", 0, 4, data_health),
	TIDY("target.tidy", HEALTH, "target", 4, data_tidy),
	TIDY("source.release", HEALTH, "source", 4, unlock),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_restore = { "restore", 2,
					   "bring the data of a backup to an environment", steps,
					   sizeof(steps) / sizeof(steps[0]) };
