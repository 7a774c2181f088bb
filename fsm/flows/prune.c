/* prune: what is no longer needed to go back with goes. */
#include "fsm/flows/flows.h"

/* Nothing here can be undone, so all of it is behind the point of no return. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	SKIP("stop", STOP, "nothing that runs uses it"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	TIDY("target.prune", HEALTH, "target", 4, prune),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_prune = {
	"prune", 1, "remove generations of data, and backups, that are not to be kept", steps,
	sizeof(steps) / sizeof(steps[0])
};
