/*
 * Users: the containers that may write to a stack's data. Its own are stopped and started again;
 * any other one is in the way.
 */
#ifndef RFA_FSM_STEPS_USERS_H
#define RFA_FSM_STEPS_USERS_H

#include "fsm/steps/ctx.h"

/*
 * The stack's own containers among `all` (the host's list), in the order in which they are to be
 * stopped (start: the reverse): {"key","shape","container","id","needs":[key…],"inspect":{…}|null}.
 * The containers that `docker run` made, the last of "containers" first, then those of
 * data.stop.containers, then each Compose project, dependents first. needs: those of its project
 * that have to be healthy before it may start. keep_running is left out. *out is new.
 *
 * Whatever its place in this list, a container stops before those whose network, namespaces or
 * volumes it has, to which it is linked, or on which its service depends; "circle" of one that
 * would have to wait for itself names another one of the circle.
 */
int rfa_users(const json_t *stack, const json_t *all, json_t **out, struct rfa_error *err);

/*
 * How they look, for facts: {"key","shape","container","present","running","restarting","health",
 * "container_id","needs","started","paused","autoremove","ref","image_id","policy","serves" (it
 * keeps a database of the stack that travels as a dump, and is not stopped),"project","service",
 * "number","circle"}; nothing that may be secret. *out is new.
 */
int rfa_users_facts(const json_t *stack, const json_t *users, json_t **out, struct rfa_error *err);

/*
 * Who runs, is none of the users, and has the network or a namespace of one that is to stop: it is
 * cut off by that. {"container","on","how"}; *out is new.
 */
int rfa_users_dependents(const json_t *stack, const json_t *all, const json_t *users, json_t **out,
			 struct rfa_error *err);

/* 1 if the stack's keep_running names the container, or its service. */
int rfa_keeps_running(const json_t *stack, const json_t *inspect);

/* Those of the step's own side, as its look saw them: the above. Borrowed. */
json_t *rfa_users_seen(const struct rfa_ctx *ctx);
/* The one of this key, or NULL. Borrowed. */
json_t *rfa_user_seen(const struct rfa_ctx *ctx, const char *key);
/* 1 if it ran before, or was about to. */
int rfa_user_ran(const json_t *unit);
/* 1 if it runs all the while: it keeps a database that is dumped, loaded and renamed. */
int rfa_user_stays(const json_t *unit);
/*
 * What the host says of it now, or NULL: of the container that has its id, its name or its place in
 * its Compose project. all: the host's list. Borrowed.
 */
json_t *rfa_user_now(const json_t *all, const json_t *unit);
/* 1 if that is another one than the look saw, or none. */
int rfa_user_renewed(const json_t *unit, const json_t *now);
/* 1 if it stood still, or was not there, and somebody has made one since: not ours to touch. */
int rfa_user_theirs(const json_t *unit, const json_t *now);
/* Tells that it was made again, if so. */
void rfa_user_tell(const struct rfa_ctx *ctx, const json_t *unit, const json_t *now);

/* All containers of the step's host. *all is replaced: NULL, or an older list. New. */
int rfa_containers(struct rfa_ctx *ctx, json_t **all, struct rfa_error *err);
/* Names a change to this container, in the life that it has now. */
const struct rfa_job_key *rfa_container_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
					    const char *op, const json_t *now);

#endif
