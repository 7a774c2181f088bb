/* The hosts of a run whose data was looked at, for its gates. */
#ifndef RFA_FSM_STEPS_SIDES_H
#define RFA_FSM_STEPS_SIDES_H

#include "fsm/steps/gates.h"

/* One of them. All borrowed. */
struct rfa_side {
	enum rfa_role_id role;
	struct rfa_host *host;
	const struct rfa_proven *seen;
};

/* Those that have data, in the order of their roles; a vault has none. How many. */
size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[RFA_ROLES]);

#endif
