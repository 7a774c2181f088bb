/* drill: a backup proves itself in an environment, which then is as it was. */
#include "fsm/flows/flows.h"

/*
 * A restore, and its way back as a part of the table: to succeed means that the backup served, and
 * that the environment's own data serves again. The rows of the second half have nothing to undo:
 * the rows above bring everything back from wherever it stands.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, "source", RFA_STEP_OWN, 4, lock),
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("source.look", PRECHECK, "source", 0, 4, vault_look),
	LOOK("target.look", PRECHECK, "target", 0, 4, data_target_look),
	LOOK("gates", PRECHECK, "target", 0, 4, drill_gates),
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
	OVER("target.stop2", HEALTH, "target", 0, 4, stop),
	OVER("target.swap-back", HEALTH, "target", 0, 4, swap_back),
	OVER("target.start2", HEALTH, "target", 0, 4, start),
	LOOK("target.health2", HEALTH, "target", 0, 4, data_health_before),
	TIDY("target.tidy", HEALTH, "target", 4, data_tidy),
	TIDY("source.release", HEALTH, "source", 4, unlock),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_drill = {
	"drill", 2, "prove a backup: restore it, check it, and put everything back as it was",
	steps, sizeof(steps) / sizeof(steps[0])
};
