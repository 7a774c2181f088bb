/* accept-ledger: a host shall trust a ledger that does not have the head which it keeps. */
#include "fsm/flows/flows.h"

/* The plan says that any head is accepted; the one of this run's end takes its place. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, "target", RFA_STEP_OWN, 4, lock),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	LAST("target.release", HEALTH, "target", 4, unlock),
};

const struct rfa_flow rfa_flow_accept_ledger = {
	"accept-ledger", 1, "let a host trust this ledger, whatever head it keeps", steps,
	sizeof(steps) / sizeof(steps[0])
};
