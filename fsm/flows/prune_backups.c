/* prune-backups: backups that the rules do not keep any more go. */
#include "fsm/flows/flows.h"

/* What goes is settled by the look; nothing that was removed can be undone. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	LOOK("target.look", PRECHECK, "target", 0, 4, thin_look),
	SKIP("stop", STOP, "nothing that runs uses it"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	TIDY("target.thin", HEALTH, "target", 4, thin),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_prune_backups = {
	"prune-backups", 1, "remove the backups that the rules do not keep any more", steps,
	sizeof(steps) / sizeof(steps[0])
};
