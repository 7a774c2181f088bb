/* Whether a new version can be reached: by us, to check it, and by others, over its networks. */
#ifndef RFA_FSM_STEPS_IMAGES_REACH_H
#define RFA_FSM_STEPS_IMAGES_REACH_H

#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/observe.h"

/*
 * The networks in which a container has to be: those in which it was, or that rfa.json names for a
 * first one; of a Compose service those that its configuration names. NULL: not known. before: it
 * is the old one that is looked at.
 */
const struct rfa_texts *rfa_reach_networks(const struct rfa_ctx *ctx, const char *key, int before);

/* The networks of each container that is there or described: out->networks. */
int rfa_reach_observe(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
		      struct rfa_proven *out, struct rfa_error *err);

#endif
