/* What the target has already, of which the source's archives say no more than where it belongs. */
#ifndef RFA_FSM_STEPS_DATA_LIST_H
#define RFA_FSM_STEPS_DATA_LIST_H

#include "fsm/steps/common/ctx.h"

/*
 * How this member's archive is packed, by what the target has said; its list, if there is one, is
 * then in the source's spool. Where no step has asked the target, it is a plain tar.
 */
int rfa_packing_of(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_packing *out,
		   struct rfa_error *err);

#endif
