/* Containers of others that have the same name in a network as one of the stack. */
#ifndef RFA_FSM_STEPS_IMAGES_NAMESAKES_H
#define RFA_FSM_STEPS_IMAGES_NAMESAKES_H

#include "fsm/steps/common/ctx.h"

/*
 * Adds to out->namesakes whoever bears a name of out->networks in the same network, and is none of
 * the stack. all: the host's containers, as inspect shows them.
 */
void rfa_namesakes_observe(struct rfa_ctx *ctx, const json_t *all, struct rfa_proven *out);

#endif
