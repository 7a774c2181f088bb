/* backup: the source's data, or the images that run there, are stored in a vault. */
#include "fsm/flows/flows.h"

/*
 * The source's side is that of data. Of images nothing stops and nothing is copied: those rows say
 * so. A backup that is not sealed and read again is taken back.
 */
static const struct rfa_step steps[] = {
	STEP("source.claim", PRECHECK, "source", RFA_STEP_OWN, 4, lock),
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("source.look", PRECHECK, "source", 0, 4, data_source_look),
	LOOK("target.look", PRECHECK, "target", 0, 4, vault_look),
	LOOK("gates", PRECHECK, "target", 0, 4, backup_gates),
	STEP("source.copy", STOP, "source", RFA_STEP_OWN, 4, copy),
	STEP("source.stop", STOP, "source", 0, 4, stop),
	LOOK("source.verify-stopped", VERIFY_STOPPED, "source", 0, 4, verify_stopped),
	STEP("source.snapshot", EXPORT, "source", RFA_STEP_OWN, 4, snapshot),
	STEP("source.start", EXPORT, "source", 0, 4, start),
	LOOK("source.check", EXPORT, "source", 0, 4, check),
	STEP("source.pack", EXPORT, "source", RFA_STEP_OWN, 4, pack),
	STEP("source.export", EXPORT, "source", RFA_STEP_OWN, 4, backup_export),
	STEP("target.receive", TRANSFER, "target", RFA_STEP_OWN, 4, receive),
	STEP("target.store", APPLY, "target", RFA_STEP_OWN, 4, store),
	STEP("target.seal", APPLY, "target", 0, 4, seal),
	SKIP("restart", RESTART, "what stopped for the snapshot was started at once"),
	OVER("target.verify", HEALTH, "target", RFA_STEP_OWN, 4, vault_verify),
	TIDY("target.retain", HEALTH, "target", 4, retain),
	TIDY("source.tidy", HEALTH, "source", 4, source_tidy),
	TIDY("source.release", HEALTH, "source", 4, unlock),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_backup = { "backup", 2, "store data, or images, in a vault", steps,
					  sizeof(steps) / sizeof(steps[0]) };
