/* The sides of a run about data, for its gates. */
#ifndef RFA_FSM_STEPS_SIDES_H
#define RFA_FSM_STEPS_SIDES_H

#include "fsm/steps/gates.h"

/* One side of the run whose data was looked at. All borrowed. */
struct rfa_side {
	const char *role;
	struct rfa_host *host;
	const json_t *look, *members, *units;
};

/* Those sides that have members; a vault has none. */
size_t rfa_sides(const struct rfa_ctx *ctx, struct rfa_side out[2]);

#endif
