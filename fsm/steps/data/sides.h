/* The hosts of a run whose data was looked at, for its gates. */
#ifndef RFA_FSM_STEPS_DATA_SIDES_H
#define RFA_FSM_STEPS_DATA_SIDES_H

#include "fsm/steps/common/gates.h"

/* One of them. All borrowed. */
struct rfa_side {
	enum rfa_role_id role;
	struct rfa_host *host;
	const struct rfa_proven *seen;
};

/* Those that have data, in the order of their roles; a vault has none. How many. */
size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[RFA_ROLES]);

/* Denies a dump that the server there may not understand. whose: of `from`: "on the source". */
void rfa_judge_version(struct rfa_gates *c, const struct rfa_member *from, const char *whose,
		       const struct rfa_member *to);

#endif
