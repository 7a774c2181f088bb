/* The driver's inside: what the files of fsm/run share. Not installed. */
#ifndef RFA_FSM_RUN_DRIVE_H
#define RFA_FSM_RUN_DRIVE_H

#include "fsm/core/machine.h"
#include "fsm/run/run.h"
#include "fsm/steps/common/ctx.h"

/* A run that is being driven. */
struct rfa_drive {
	const struct rfa_run_options *options;
	const struct rfa_flow *flow;
	const char *stack, *env, *from; /* of the plan; from: "" if there is none */
	struct rfa_machine machine;
	struct rfa_ledger_run *ledger_run; /* owned */
	struct rfa_ctx ctx;
	json_t *plan;   /* owned */
	json_t *facts;  /* owned: step name -> facts of its DONE record */
	json_t *points; /* owned */
	/* The same as records: of the run, and of the row at hand. */
	struct rfa_pool pool, row_pool;
	struct rfa_plan goal;
	/* What the rows have proven; `read` (owned) has the facts that it was read from, by step.
	 */
	struct rfa_proven proven[RFA_ROLES];
	struct rfa_pool proven_pool;
	json_t *read;
	struct rfa_error why; /* what turned the run back */
	char why_step[RFA_STEP_NAME_MAX];
	int64_t begun_ms;
	int64_t intent_ms; /* wall clock: when the step at hand was begun; 0: not known */
	uint32_t records;  /* made by this process: a bound, so that a loop ends */
	unsigned tries;    /* of the row at hand, by this process */
	int tries_row;
	int no_host_access; /* no host may be touched any more */
	int taken_over;     /* resumed, and the hosts' heads were not looked at yet */
	int moved;          /* progress was recorded since the last try */
	struct rfa_run_result *result;
};

/* begin.c. Zeroes both, and takes what the options say. Release in any case. */
void rfa_drive_init(struct rfa_drive *d, const struct rfa_run_options *options,
		    struct rfa_run_result *result);
/* A copy of the plan, its flow, and the names that it has. */
int rfa_drive_take_plan(struct rfa_drive *d, const json_t *plan, struct rfa_error *err);
void rfa_drive_release(struct rfa_drive *d);

/* enter.c. Points the context at a row: its host, and what the rows before have proven. Errors:
 * CORRUPT. */
int rfa_drive_enter(struct rfa_drive *d, const struct rfa_step *step, struct rfa_error *err);
/* Takes up what the row at hand has "made". */
int rfa_drive_know_made(struct rfa_drive *d, struct rfa_error *err);

/* loop.c. Moves the run until it is final or interrupted. Returns what rfa_run_begin() promises. */
int rfa_drive(struct rfa_drive *d, struct rfa_error *err);

/*
 * Answers an event: makes its record durable, then moves the machine. `error`: what went wrong
 * (kept in the facts); facts: stolen, may be NULL.
 */
int rfa_drive_record(struct rfa_drive *d, enum rfa_machine_event event, json_t *facts,
		     const struct rfa_error *error, struct rfa_error *err);

/*
 * Takes up what a record proves, live or replayed: the facts of a DONE, and of a PROGRESS what the
 * step has "made" so far, which its next attempt and its undo must know.
 */
int rfa_drive_absorb_facts(struct rfa_drive *d, const struct rfa_record *record,
			   struct rfa_error *err);

/* What a command answers for a final state; OK for SUCCEEDED. */
enum rfa_code rfa_drive_code(enum rfa_final final);

/* end.c. Writes the END: summary, environment, verified version, history line, rollback point. */
int rfa_drive_end(struct rfa_drive *d, const struct rfa_record *record, const char *subject,
		  struct rfa_error *err);

/* The heads that the hosts keep (heads.c): for a step; of the hosts that the run has; at its end.
 */
int rfa_drive_kept_head(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err);
int rfa_drive_check_heads(struct rfa_drive *d, struct rfa_error *err);
void rfa_drive_leave_heads(struct rfa_drive *d);

#endif
