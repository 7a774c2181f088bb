/* The swap of data by rename, as more than one step sees it. */
#ifndef RFA_FSM_STEPS_DATA_SWAP_H
#define RFA_FSM_STEPS_DATA_SWAP_H

#include "fsm/steps/common/ctx.h"

/* 1 in *is: every member's new data is at its place (and not only some). */
int rfa_is_swapped(struct rfa_ctx *ctx, int *is, struct rfa_error *err);

#endif
