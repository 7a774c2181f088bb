/* What the looks of several flows have in common. */
#ifndef RFA_FSM_STEPS_LOOK_H
#define RFA_FSM_STEPS_LOOK_H

#include "fsm/steps/ctx.h"

/* facts["engine"]: the host's own description. */
int rfa_look_engine(struct rfa_host *host, json_t *facts, struct rfa_error *err);

/*
 * facts["units"] and facts["goods"]: the stack's containers on one side, and the GOODs of those
 * that are there. *units_out (new, may be NULL): the units with their inspect objects.
 */
int rfa_look_goods(struct rfa_host *host, const json_t *stack, json_t *facts, json_t **units_out,
		   struct rfa_error *err);

/*
 * facts["base_url"] {"file","key","value","problem"}: the value that the guarded key has in the
 * stack's JSON file; the guard itself is a gate. Nothing where the stack guards none.
 */
int rfa_look_base_url(struct rfa_host *host, const json_t *stack, json_t *facts,
		      struct rfa_error *err);

/*
 * facts["health"] {url: status}: is it answering on the target before the run? Then it has to
 * afterwards, should the run go back. facts["silent"] {url: why} of those that do not answer as
 * they should; facts["blind"] {"why","mend"} where the host does not let us ask.
 */
int rfa_look_health(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err);

#endif
