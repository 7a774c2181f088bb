/* The swap of data by rename, as more than one step sees it. */
#ifndef RFA_FSM_STEPS_DATA_SWAP_H
#define RFA_FSM_STEPS_DATA_SWAP_H

#include "fsm/steps/common/ctx.h"

/* 1 in *is: every member's new data is at its place (and not only some). */
int rfa_is_swapped(struct rfa_ctx *ctx, int *is, struct rfa_error *err);

/*
 * The snapshot that the run has made on the step's host takes the place of what is there, which
 * stays beside it until rfa_snapshot_drop(). Goes on from whatever half of it is there.
 */
int rfa_snapshot_restore(struct rfa_ctx *ctx, struct rfa_error *err);
/* The snapshot goes, and what it has replaced. */
int rfa_snapshot_drop(struct rfa_ctx *ctx, struct rfa_error *err);

#endif
