/* Whether a new version can be reached: by us, to check it, and by others, over its networks. */
#ifndef RFA_FSM_STEPS_REACH_H
#define RFA_FSM_STEPS_REACH_H

#include "fsm/steps/gates.h"

/*
 * The networks (an array of names, borrowed) in which the unit's container has to be: those in
 * which it was, or that rfa.json names for a first one. NULL: not known. before: it is the old
 * one that is looked at.
 */
const json_t *rfa_reach_networks(const struct rfa_ctx *ctx, const char *key, int before);

/* facts["networks"] {key: [name…]}: the networks of each container that is there or described. */
int rfa_reach_look(struct rfa_ctx *ctx, const json_t *units, json_t *facts, struct rfa_error *err);

#endif
