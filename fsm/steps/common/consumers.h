/*
 * Consumers: the containers that may write to a stack's data. Its own are stopped and started
 * again; any other one is in the way.
 */
#ifndef RFA_FSM_STEPS_COMMON_CONSUMERS_H
#define RFA_FSM_STEPS_COMMON_CONSUMERS_H

#include "fsm/steps/common/ctx.h"

struct rfa_consumer {
	struct rfa_container is; /* how it looks: nothing that may be secret */
	const json_t *inspect;   /* what the host says of it; NULL: it is not there. Borrowed. */
	int placed;              /* while they are put in order */
};
struct rfa_consumer_list {
	struct rfa_consumer *at;
	size_t n;
};

/*
 * The stack's own containers among `all` (the host's list), in the order in which they are to be
 * stopped (start: the reverse). The containers that `docker run` made, the last of "containers"
 * first, then those of data.stop.containers, then each Compose project, dependents first. needs:
 * those of its project that have to be healthy before it may start. keep_running is left out.
 *
 * Whatever its place in this list, a container stops before those whose network, namespaces or
 * volumes it has, to which it is linked, or on which its service depends; `circle` of one that
 * would have to wait for itself names another one of the circle. Errors: NOMEM.
 */
int rfa_consumers(struct rfa_pool *pool, const struct rfa_stack *stack, const json_t *all,
		  struct rfa_consumer_list *out, struct rfa_error *err);

/*
 * Who runs, is none of the consumers, and has the network or a namespace of one that is to stop: it
 * is cut off by that.
 */
int rfa_consumers_dependents(struct rfa_pool *pool, const json_t *all,
			     const struct rfa_consumer_list *consumers,
			     struct rfa_dependent_list *out, struct rfa_error *err);

/* 1 if the stack's keep_running names the container, or its service. */
int rfa_keeps_running(const struct rfa_stack *stack, const json_t *inspect);

/* Those of the step's own host, as its observation saw them, are ctx->own->containers. */

/* 1 if it ran before, or was about to. */
int rfa_consumer_ran(const struct rfa_container *seen);
/*
 * What the host says of it now, or NULL: of the container that has its id, its name or its place in
 * its Compose project. all: the host's list. Borrowed.
 */
json_t *rfa_consumer_now(const json_t *all, const struct rfa_container *seen);
/* 1 if that is another one than the observation saw, or none. */
int rfa_consumer_renewed(const struct rfa_container *seen, const json_t *now);
/* 1 if it stood still, or was not there, and somebody has made one since: not ours to touch. */
int rfa_consumer_theirs(const struct rfa_container *seen, const json_t *now);
/* 1 if the run brings an image for it: it makes the container again, and judges its health. */
int rfa_consumer_brought(const struct rfa_ctx *ctx, const struct rfa_container *seen);
/*
 * 1 on the way back, if a row above has proven that nothing uses the data: it may not be back yet.
 * So nothing is started before the row that has stopped everything is undone. Rows that make
 * containers again ask here.
 */
int rfa_stands_still(const struct rfa_ctx *ctx);
/* Tells that somebody else has made it again, if so. */
void rfa_consumer_tell(const struct rfa_ctx *ctx, const struct rfa_container *seen,
		       const json_t *now);

/* All containers of the step's host. *all is replaced: NULL, or an older list. New. */
int rfa_containers(struct rfa_ctx *ctx, json_t **all, struct rfa_error *err);
/* Names a change to this container, in the life that it has now. */
const struct rfa_job_key *rfa_container_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
					    const char *op, const json_t *now);

#endif
