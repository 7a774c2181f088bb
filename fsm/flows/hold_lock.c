/* hold-lock: nobody deploys to a host while somebody works on it by hand. */
#include "fsm/flows/flows.h"

static const struct rfa_role roles[] = {
	{ RFA_TARGET, WITH_LOCK, NULL, "the host" },
	{ RFA_NOWHERE, 0, NULL, NULL },
};

/* The lock outlives the run: `rfa lock release` gives it back. */
static const struct rfa_step steps[] = {
	STEP("target.claim", PRECHECK, TARGET, SCRATCH, 4, lock),
	SKIP("stop", STOP, "nothing has to stop"),
	SKIP("verify-stopped", VERIFY_STOPPED, "nothing was stopped"),
	SKIP("export", EXPORT, "nothing is exported"),
	SKIP("transfer", TRANSFER, "nothing has to travel"),
	SKIP("apply", APPLY, "nothing that serves changes"),
	SKIP("restart", RESTART, "nothing was stopped"),
	END("target.hold", HEALTH, TARGET, 4, lock),
};

static const struct rfa_flow_text text = {
	.title = "{to} is locked: no run can begin there.",
	.question = "Nothing can be deployed to it until the lock is released.",
	.name = "{to}",
	.where = "on {to}",
	.done = "it is locked; rfa lock show tells how to release it",
};

static const struct rfa_example examples[] = {
	{ "rfa lock hold prod --reason \"a new disk\"", "lock it; asks for \"prod\"" },
	{ "rfa lock hold prod --reason \"a new disk\" --yes prod", "from a script" },
	{ NULL, NULL },
};

static const struct rfa_flow_args args = {
	.command = "lock hold",
	.group = "ledger and locks",
	.words = "ENV --reason TEXT",
	.details =
	    "For work by hand on a host. A run that is begun there meanwhile is refused, and\n"
	    "says who holds the lock. `rfa lock show ENV` names the command that releases\n"
	    "it. The ledger keeps who held it, and why.",
	.flags = RFA_ARGS_HOST | RFA_ARGS_REASON,
	.examples = examples,
};

const struct rfa_flow rfa_flow_hold_lock = {
	.name = "hold-lock",
	.version = 1,
	.summary = "lock a host, so that nobody deploys to it",
	.roles = roles,
	.steps = steps,
	.n = RFA_ROWS(steps),
	.text = &text,
	.args = &args,
};
