/* What one container has of another, so that it cannot live, or start, without it. */
#ifndef RFA_FSM_STEPS_COMMON_REFS_H
#define RFA_FSM_STEPS_COMMON_REFS_H

#include <jansson.h>

#include "fsm/model/container.h"

/*
 * What `c` has of `x` (inspect objects), in words: "the network of", "the IPC namespace of", "the
 * process namespace of", "a link to", "volumes of"; NULL: nothing. The engine keeps the first three
 * by the id of x, and a link follows x when it is renamed. With all but volumes, c cannot start
 * unless that very x runs.
 */
const char *rfa_ref_to(const json_t *c, const json_t *x);

/* The same, of what is lost as soon as x stops: while c runs, its network is gone, or c itself. */
const char *rfa_ref_lost(const json_t *c, const json_t *x);

/*
 * Adds every container of `all` that cannot start again when `x`, which has this key, is replaced
 * by another one.
 */
void rfa_refs_on(const json_t *all, const json_t *x, const char *key, struct rfa_pool *pool,
		 struct rfa_dependent_list *out);

#endif
