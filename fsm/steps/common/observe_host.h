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
 * Asks a health check's URL through the step's host, with the values of its references. reply is
 * valid only on 0. Errors: those of rfa_http_ask() and of rfa_reference_fill(); they, and all that
 * is kept, have the names.
 */
int rfa_ask(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_http_reply *reply,
	    struct rfa_error *err) RFA_MUST_USE;

/*
 * How each health check's URL answers before the run: out->answers. Those that answered as they
 * should have to answer again, should the run go back. One with a reference that has no value is
 * not asked: a gate tells it. out->blind where the host does not let us ask.
 */
int rfa_observe_health(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err);

#endif
