/*
 * Containers that do one thing and end: a command in the image of a version, with the networks,
 * mounts and variables of one of its services, and none of its ports and names.
 *
 * Such a container is called "rfa-<run>-<what>", and has the run in its label: whatever breaks, it
 * is found by that. It is kept, stopped, until the run removes it.
 */
#ifndef RFA_FSM_STEPS_MIGRATE_ONCE_H
#define RFA_FSM_STEPS_MIGRATE_ONCE_H

#include "fsm/steps/common/ctx.h"

/* A command of a service. Borrowed. */
struct rfa_once_ask {
	const char *what;             /* "migrate" */
	const char *service, *ref;    /* of the stack; the image */
	const struct rfa_texts *argv; /* the command */
	const json_t *env;            /* more variables for it; NULL: none */
	int64_t timeout_s;
	int only_once; /* it is never begun again: ctx->made.begun says that it may have begun */
};

struct rfa_once_answer {
	int lost;            /* it may have begun, and its container is gone: nobody knows */
	struct rfa_once end; /* else; lives as long as the step */
};

#define RFA_ONCE_MIGRATE "migrate" /* that of the migration */

const char *rfa_once_name(const struct rfa_ctx *ctx, const char *what);

/* {"Env": […]} of more variables, with their references. New; NULL: there is no memory. */
json_t *rfa_once_variables(const json_t *env);

/*
 * Runs it to its end, or waits for the end of the one that has begun. How it ended is no error.
 * Errors: those of the host.
 */
int rfa_once_run(struct rfa_ctx *ctx, const struct rfa_once_ask *ask, struct rfa_once_answer *out,
		 struct rfa_error *err);
/* *is: there is one that has been started. */
int rfa_once_begun(struct rfa_ctx *ctx, const char *what, int *is, struct rfa_error *err);
/* Stops it, if it runs. */
int rfa_once_stop(struct rfa_ctx *ctx, const char *what, struct rfa_error *err);
/* Removes it, if it has ended with another status than 0: then it may be run again. */
int rfa_once_forget(struct rfa_ctx *ctx, const char *what, struct rfa_error *err);
/* Removes all of the run's. */
int rfa_once_drop_all(struct rfa_ctx *ctx, struct rfa_error *err);

#endif
