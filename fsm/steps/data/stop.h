/* Quiescing: what every step needs to know that touches data itself. */
#ifndef RFA_FSM_STEPS_DATA_STOP_H
#define RFA_FSM_STEPS_DATA_STOP_H

#include "fsm/steps/common/ctx.h"

/*
 * 1 if the run has looked at the data on the step's host. Of a run that brings images it does so
 * only where a migration breaks what runs: else nothing stops, and nothing is copied.
 */
int rfa_touches_data(const struct rfa_ctx *ctx);
/* facts of a row that has nothing to do, since it does not. */
int rfa_touches_none(json_t *facts, struct rfa_error *err);

/*
 * Proves that nothing uses the data on the step's host. A container of ours that its restart policy
 * has started again (a power cut) is stopped again. generation: another text whenever one of those
 * that could have written has run since. Processes are looked for again unless that was done
 * seconds ago, since that takes as long as the data has files. Errors: REFUSED names who uses it.
 */
int rfa_quiesce(struct rfa_ctx *ctx, char generation[65], struct rfa_error *err);

/*
 * Is each container of the step's side that ran before running, and not ill by its own health
 * check? Errors: UNHEALTHY names the first that is not.
 */
int rfa_runs_again(struct rfa_ctx *ctx, struct rfa_error *err);

/*
 * Stops all of ours that run; their restart policies are put aside. sure: looks whether they stand
 * still, where no proof of that follows. *stopped: how many.
 */
int rfa_stop_ours(struct rfa_ctx *ctx, int sure, size_t *stopped, struct rfa_error *err);

#endif
