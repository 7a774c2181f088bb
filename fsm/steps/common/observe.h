/* Looking at a stack's containers, and at images, as they are now. */
#ifndef RFA_FSM_STEPS_COMMON_OBSERVE_H
#define RFA_FSM_STEPS_COMMON_OBSERVE_H

#include "fsm/base/pool.h"
#include "fsm/model/stack.h"
#include "transports/host/host.h"

/* One container of a stack. All of it lives as long as the pool. */
struct rfa_observed {
	const char *key;       /* its name, or its Compose service's */
	const char *kind;      /* "run" or "compose" */
	const char *container; /* its name; of a service without one "" */
	json_t *inspect;       /* NULL: it is not there */
};

struct rfa_observed_list {
	const struct rfa_observed *at;
	size_t n;
};

/*
 * The stack on one host, one for each container. A Compose service has one for each of its
 * containers, by their numbers; one that is not there if it has none. stack NULL: nothing.
 */
int rfa_observe(struct rfa_host *host, const struct rfa_stack *stack, struct rfa_pool *pool,
		struct rfa_observed_list *out, struct rfa_error *err);
/* Every container of a Compose project, of whichever service. */
int rfa_observe_project(struct rfa_host *host, const char *project, struct rfa_pool *pool,
			struct rfa_observed_list *out, struct rfa_error *err);
/* How many containers of this key are there. */
size_t rfa_observed_count(const struct rfa_observed_list *list, const char *key);

/* inspect that answers *out = NULL instead of NOTFOUND. */
int rfa_inspect_or_null(struct rfa_host *host, enum rfa_object kind, const char *name, json_t **out,
			struct rfa_error *err);
/* 1 and *id (borrowed from *holder, new) if ref names an image on the host; 0 if not; < 0: error.
 */
int rfa_image_id(struct rfa_host *host, const char *ref, json_t **holder, const char **id,
		 struct rfa_error *err);

#endif
