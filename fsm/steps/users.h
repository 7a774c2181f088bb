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
 */
int rfa_users(const json_t *stack, const json_t *all, json_t **out, struct rfa_error *err);

/*
 * How they look, for facts: {"key","shape","container","present","running","restarting","health",
 * "container_id","needs","started","paused","autoremove","ref","image_id","policy","serves" (it
 * keeps a database of the stack that travels as a dump, and is not stopped)}; nothing that may be
 * secret. *out is new.
 */
int rfa_users_facts(const json_t *stack, const json_t *users, json_t **out, struct rfa_error *err);

/*
 * Every other container that mounts a member's place, lies in it, or could write to it from above:
 * {"container","id","running","member","mount"}. *out is new.
 */
int rfa_users_other(const json_t *stack, const json_t *all, const json_t *users,
		    const json_t *members, json_t **out, struct rfa_error *err);

/* Those of the step's own side, as its look saw them: the above. Borrowed. */
json_t *rfa_users_seen(const struct rfa_ctx *ctx);
/* 1 if it ran before, or was about to. */
int rfa_user_ran(const json_t *unit);
/* 1 if it runs all the while: it keeps a database that is dumped, loaded and renamed. */
int rfa_user_stays(const json_t *unit);
/* What the host says of it now, or NULL. all: the host's list. Borrowed. */
json_t *rfa_user_now(const json_t *all, const json_t *unit);

/* All containers of the step's host. *all is replaced: NULL, or an older list. New. */
int rfa_containers(struct rfa_ctx *ctx, json_t **all, struct rfa_error *err);
/* Names a change to this container, in the life that it has now. */
const struct rfa_job_key *rfa_container_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
					    const char *op, const json_t *now);

#endif
