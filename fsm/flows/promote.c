/* promote: the images that run on the source go to the target, and run there. */
#include "fsm/flows/flows.h"

/*
 * The old containers are kept, stopped and renamed, until the new version has proven itself; a
 * definite failure before that brings them back. Read upwards, the table is the way back.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, "source", RFA_STEP_OWN, 4, lock),
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("source.look", PRECHECK, "source", 0, 4, source_look),
	LOOK("target.look", PRECHECK, "target", 0, 4, target_look),
	LOOK("gates", PRECHECK, "target", 0, 4, gates),
	SKIP("stop", STOP, "image layers are immutable: nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	STEP("source.export", EXPORT, "source", RFA_STEP_OWN, 4, image_export),
	STEP("target.receive", TRANSFER, "target", RFA_STEP_OWN, 4, receive),
	STEP("target.keep", APPLY, "target", RFA_STEP_OWN, 4, keep),
	STEP("target.load", APPLY, "target", RFA_STEP_OWN, 4, load),
	LOOK("target.health-before", HEALTH, "target", RFA_STEP_BACK, 4, health_before),
	STEP("target.tag", APPLY, "target", 0, 4, tag),
	STEP("target.replace", RESTART, "target", 0, 4, replace),
	STEP("target.compose", RESTART, "target", 0, 4, compose),
	LOOK("target.health", HEALTH, "target", 0, 4, health),
	TIDY("target.tidy", HEALTH, "target", 4, tidy),
	TIDY("source.release", HEALTH, "source", 4, unlock),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_promote = {
	"promote", 1, "bring the images that run in one environment to another, and run them there",
	steps, sizeof(steps) / sizeof(steps[0])
};
