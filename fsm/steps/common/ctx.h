/* What a step may use: the frozen plan, what earlier steps proved, the hosts, and the way to tell.
 */
#ifndef RFA_FSM_STEPS_COMMON_CTX_H
#define RFA_FSM_STEPS_COMMON_CTX_H

#include <jansson.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"
#include "fsm/base/facts.h"
#include "fsm/base/trace.h"
#include "fsm/core/flow.h"
#include "fsm/model/plan.h"
#include "fsm/model/proven.h"
#include "fsm/model/version.h"
#include "transports/host/host.h"

/* What the ledger knows of another run. */
struct rfa_known_run {
	char stack[64];
	enum rfa_final final; /* NONE: it is not over */
};

struct rfa_ctx {
	const char *run;
	const struct rfa_flow *flow;
	const struct rfa_step *step;
	unsigned attempt; /* of the run or of the undo */
	int undoing;
	/* Frozen at BEGIN. Lives as long as the run is driven. */
	const struct rfa_plan *plan;
	/* What the rows before have proven, by role; never NULL. Lives as long as the step. */
	const struct rfa_proven *proven[RFA_ROLES];
	const struct rfa_proven *own; /* the same of the step's own role */
	struct rfa_made made;         /* what this step has done so far, in any attempt */
	/* By role; NULL where the plan names none. */
	const struct rfa_plan_host *sides[RFA_ROLES];
	struct rfa_host *hosts[RFA_ROLES];
	/* Of the step's own role; NULL if it has none. */
	const struct rfa_plan_host *side;
	struct rfa_host *host;
	struct rfa_pool *pool; /* for what the step builds; freed when it ends */
	/* As JSON. */
	const json_t
	    *facts_json;      /* step name -> the facts of its DONE record; before that {"made"} */
	const json_t *points; /* rollback points of the target's stack, newest first */
	struct rfa_clock *clock;
	struct rfa_trace *trace;
	const volatile int *cancel;
	const char *user, *machine;
	/* The value of a secret (rfa_run_options.secret); NULL: nobody has one. */
	int (*secret)(void *user, const char *name, const char **value, struct rfa_error *);
	/* The login for a registry (rfa_run_options.login); NULL: nobody is logged in. */
	int (*login)(void *user, const char *domain, const char **name, const char **secret,
		     struct rfa_error *);
	/* The files of a commit (rfa_run_options.repository); NULL: nobody has any. */
	int (*repository)(void *user, const struct rfa_repository_ask *, struct rfa_repository **,
			  struct rfa_error *);
	void (*output)(void *user, int status, const char *text, size_t len); /* NULL: nobody */
	/* Runs a command on the operator's machine (rfa_run_options.command); NULL: nobody does. */
	int (*command)(void *user, const struct rfa_host_command *, struct rfa_exec_answer *,
		       struct rfa_error *);
	void *secret_user;
	/* Makes a PROGRESS record durable; steals facts. Their "made" is known ever after. */
	int (*progress)(struct rfa_ctx *, json_t *facts, struct rfa_error *);
	/* What the host of this context keeps of the ledger (rfa_run_kept_head()); NULL: nobody
	   knows. *out is new. */
	int (*kept_head)(struct rfa_ctx *, json_t **out, struct rfa_error *);
	/* The versions of the target's stack that any run has brought; NULL: nobody knows. */
	int (*versions)(struct rfa_ctx *, json_t **out, struct rfa_error *);
	/* *is: 1 if the ledger knows the run; NULL: nobody knows one. */
	int (*known_run)(struct rfa_ctx *, const char *run, struct rfa_known_run *out, int *is,
			 struct rfa_error *);
	void *driver;
};

/* A job's key, in storage of its own. */
struct rfa_ctx_key {
	struct rfa_job_key key;
	char op[128];
};

/*
 * The key of an operation of this step, in this attempt. `about` (a container, an image; may be
 * NULL) is made part of it; characters that a key cannot hold are replaced and a digest added, so
 * that two names never share a key.
 */
const struct rfa_job_key *rfa_ctx_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
				      const char *op, const char *about);

/* Tells the operator something. */
void rfa_ctx_say(const struct rfa_ctx *ctx, enum rfa_event_kind kind, const char *fmt, ...)
    RFA_PRINTF(3, 4);
/* The same of a text as it is. */
void rfa_ctx_tell(const struct rfa_ctx *ctx, enum rfa_event_kind kind, const char *text);
/* Tells that a container is waited for, which may take its whole time-out. */
void rfa_ctx_say_stop(const struct rfa_ctx *ctx, const json_t *container);
/* Lets time pass. Errors: CANCELLED, within a second of the signal. */
int rfa_ctx_rest(const struct rfa_ctx *ctx, int64_t ms, struct rfa_error *err);
/* Tells how many bytes have moved. */
void rfa_ctx_bytes(const struct rfa_ctx *ctx, int64_t done, int64_t total);

/* What an earlier step proved: path as rfa_facts_at(). NULL when absent. */
json_t *rfa_ctx_fact(const struct rfa_ctx *ctx, const char *step, const char *path);

/* 1 if both sides of the run are one environment. */
int rfa_ctx_one_env(const struct rfa_ctx *ctx);
/* 1 if a rollback's images come from a backup of images. */
int rfa_from_vault(const struct rfa_ctx *ctx);

/* The stack on the step's own host, on any host of the run; never NULL. */
const struct rfa_stack *rfa_ctx_stack_here(const struct rfa_ctx *ctx);
const struct rfa_stack *rfa_ctx_stack_of(const struct rfa_ctx *ctx, enum rfa_role_id role);
/* What the run was asked for; never NULL. */
const struct rfa_options *rfa_ctx_options(const struct rfa_ctx *ctx);
/*
 * The rollback points of data of the target's stack, newest first; they live as long as the step.
 * Errors: CORRUPT names one that cannot be read.
 */
int rfa_ctx_data_points(struct rfa_ctx *ctx, struct rfa_point_list *out, struct rfa_error *err);
/*
 * The versions of the target's stack that any run has brought, newest first; they live as long as
 * the step. Errors: CORRUPT names one that cannot be read.
 */
int rfa_ctx_versions(struct rfa_ctx *ctx, struct rfa_version_list *out, struct rfa_error *err);
/* The images that the run brings: rfa_brings(). */
const struct rfa_image_list *rfa_ctx_desired(const struct rfa_ctx *ctx, const char **version);

/*
 * Writes what a step has proven into its facts: a record of the kind rfa_shape_proven, in which
 * only that is set. The summary is what people read; NULL: none. Errors: NOMEM, also of the pool.
 */
int rfa_ctx_prove(struct rfa_ctx *ctx, const struct rfa_proven *proven, const char *summary,
		  json_t *facts, struct rfa_error *err);
/* The same in the middle of a step, of what is to be known whatever comes of it. */
int rfa_ctx_made(struct rfa_ctx *ctx, const struct rfa_made *made, const char *summary,
		 struct rfa_error *err);

/* A command's words, ended by NULL; as long as the step. */
const char *const *rfa_ctx_words(const struct rfa_ctx *ctx, const struct rfa_texts *texts);

/* What people read of a step that proves nothing else. Errors: NOMEM. */
int rfa_ctx_says(json_t *facts, const char *summary, struct rfa_error *err);

/* Answers "nothing to do" with the reason: facts {"skipped": reason}. */
int rfa_ctx_skip(json_t *facts, const char *reason, struct rfa_error *err);

/*
 * What the rows of a flow have proven, by role. facts: {step: the facts of its DONE record}. Lives
 * as long as the pool. Errors: CORRUPT, naming the step; NOMEM.
 */
int rfa_proven_by_rows(const struct rfa_flow *flow, const json_t *facts, struct rfa_pool *pool,
		       struct rfa_proven out[RFA_ROLES], struct rfa_error *err);
/* The same of one row more, over what is known. */
int rfa_proven_add(const struct rfa_step *row, const json_t *its, struct rfa_pool *pool,
		   struct rfa_proven known[RFA_ROLES], struct rfa_error *err);

#endif
