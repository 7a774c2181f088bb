/* data: the source's data, as it was at one moment, takes the place of the target's. */
#include "fsm/flows/flows.h"

/*
 * The source stands still for the snapshot, the target for a rename and a start; everything else
 * happens while both run. Read upwards, the table is the way back.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, "source", RFA_STEP_OWN, 4, lock),
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("source.look", PRECHECK, "source", 0, 4, data_source_look),
	LOOK("target.look", PRECHECK, "target", 0, 4, data_target_look),
	LOOK("gates", PRECHECK, "target", 0, 4, data_gates),
	STEP("source.copy", STOP, "source", RFA_STEP_OWN, 4, copy),
	STEP("source.stop", STOP, "source", 0, 4, stop),
	LOOK("source.verify-stopped", VERIFY_STOPPED, "source", 0, 4, verify_stopped),
	STEP("source.snapshot", EXPORT, "source", RFA_STEP_OWN, 4, snapshot),
	STEP("source.start", EXPORT, "source", 0, 4, start),
	LOOK("source.check", EXPORT, "source", 0, 4, check),
	STEP("source.pack", EXPORT, "source", RFA_STEP_OWN, 4, pack),
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
	TIDY("source.tidy", HEALTH, "source", 4, source_tidy),
	TIDY("source.release", HEALTH, "source", 4, unlock),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_data = {
	"data", 2,
	"bring the data of one environment to another, all of it as it was at one moment", steps,
	sizeof(steps) / sizeof(steps[0])
};
