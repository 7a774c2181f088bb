/* free-lock: a host's lock whose run cannot give it back any more is freed. */
#include "fsm/flows/flows.h"

/* It has no lock of its own: another run's is in the way. Nothing of it can be undone. */
static const struct rfa_step steps[] = {
	LOOK("target.holder", PRECHECK, "target", 0, 4, holder),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	LAST("target.free", HEALTH, "target", 4, free_lock),
};

const struct rfa_flow rfa_flow_free_lock = { "free-lock", 1,
					     "free the lock of a run that cannot do it any more",
					     steps, sizeof(steps) / sizeof(steps[0]) };
