/* What the observations of several flows have in common. */
#ifndef RFA_FSM_STEPS_COMMON_OBSERVE_HOST_H
#define RFA_FSM_STEPS_COMMON_OBSERVE_HOST_H

#include "fsm/steps/common/ctx.h"
#include "fsm/steps/common/observe.h"

/* These look at the step's own host, and set what they are called after. */

/* The host's own description: out->engine. */
int rfa_observe_engine(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err);

/*
 * The value that the guarded key has in the stack's JSON file: out->own_url; the guard itself is a
 * gate. Nothing where the stack guards none.
 */
int rfa_observe_own_url(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err);

/*
 * How each check that is due goes before the run: out->before. What is as it should be has to be so
 * again, should the run go back. One with a reference that has no value is not asked: a gate tells
 * it. out->blind where the host does not let us ask.
 */
int rfa_observe_checks(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err);

#endif
