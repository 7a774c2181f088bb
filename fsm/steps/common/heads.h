/* Whether the ledger has the head that a host keeps of it. */
#ifndef RFA_FSM_STEPS_COMMON_HEADS_H
#define RFA_FSM_STEPS_COMMON_HEADS_H

#include "fsm/steps/common/ctx.h"

/*
 * Compares what ctx->host keeps. REFUSED, with the evidence and the ways out, when this ledger does
 * not know it, unless the plan accepts that: then *accepted (may be NULL) is what it was, which
 * lives as long as the step; else NULL.
 */
int rfa_kept_head_check(struct rfa_ctx *ctx, json_t **accepted, struct rfa_error *err);

#endif
