/* A flow is a table of steps. The table is the specification; this header says how to read it. */
#ifndef RFA_FSM_CORE_FLOW_H
#define RFA_FSM_CORE_FLOW_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The eight states, in the only order there is. */
#define RFA_STATES(X) \
	X(PRECHECK) X(STOP) X(VERIFY_STOPPED) X(EXPORT) X(TRANSFER) X(APPLY) X(RESTART) X(HEALTH)

enum rfa_state {
#define RFA_STATE_ENUM(name) RFA_##name,
	RFA_STATES(RFA_STATE_ENUM)
#undef RFA_STATE_ENUM
	    RFA_STATE_COUNT
};

/*
 * Final states. NONE: the run goes on.
 * SUCCEEDED    all of it
 * ROLLED_BACK  something serving was changed, and all of it was undone
 * FAILED       nothing that serves was changed
 * ABORTED      ended by its operator, and undone
 * STUCK        an undo failed: a person must look
 */
#define RFA_FINALS(X) X(NONE) X(SUCCEEDED) X(ROLLED_BACK) X(FAILED) X(ABORTED) X(STUCK)

enum rfa_final {
#define RFA_FINAL_ENUM(name) RFA_FINAL_##name,
	RFA_FINALS(RFA_FINAL_ENUM)
#undef RFA_FINAL_ENUM
};

/*
 * The parts that a host can have in a run. NOWHERE: none.
 * SOURCE  gives: what runs there, its data, or a backup
 * TARGET  takes it
 */
#define RFA_ROLE_IDS(X) X(NOWHERE, "") X(SOURCE, "source") X(TARGET, "target")

enum rfa_role_id {
#define RFA_ROLE_ENUM(name, word) RFA_##name,
	RFA_ROLE_IDS(RFA_ROLE_ENUM)
#undef RFA_ROLE_ENUM
	    RFA_ROLES
};

RFA_API const char *rfa_state_word(enum rfa_state state);
RFA_API const char *rfa_final_word(enum rfa_final final);
RFA_API const char *rfa_role_word(enum rfa_role_id role); /* "source"; "" for NOWHERE */
/* 0 and *out, or -1 for a word that is none. */
RFA_API int rfa_state_parse(const char *word, enum rfa_state *out);
RFA_API int rfa_final_parse(const char *word, enum rfa_final *out);

/* Parts that a stack may lack: their words, and where they are in the plan of its host. */
#define RFA_STEP_PARTS(X)                               \
	X(CONTAINERS, "containers", "stack/containers") \
	X(COMPOSE, "compose", "stack/compose")          \
	X(HOOK, "hook", "stack/hooks/before/command")   \
	X(TRAFFIC, "traffic", "stack/traffic")          \
	X(MIGRATION, "migration", "stack/migrate/run")  \
	X(INIT, "init", "stack/init")                   \
	X(BASE_URL, "base URL", "stack/base_url")

enum rfa_step_part {
#define RFA_STEP_PART_ENUM(name, word, path) RFA_STEP_PART_##name,
	RFA_STEP_PARTS(RFA_STEP_PART_ENUM)
#undef RFA_STEP_PART_ENUM
};

enum rfa_step_flag {
	/* Looks and never touches: no intent is recorded, no probe, no undo. */
	RFA_STEP_READS = 1 << 0,
	/* Changes only rfa's own things on a host (lock, spool): a run that did no more has FAILED,
	   not ROLLED_BACK. */
	RFA_STEP_SCRATCH = 1 << 1,
	/* Runs on the way back only, when the undoing reaches its row (the old version's health).
	 */
	RFA_STEP_ROLLBACK_ONLY = 1 << 2,
	/*
	 * Behind the point of no return: what the run is for has been proven. No undo; a definite
	 * failure is recorded as DONE with outcome "cleanup-failed", told, and the run goes on.
	 */
	RFA_STEP_CLEANUP = 1 << 3,
/* Of what the row is, beside that: only a run whose plan has it has the row. */
#define RFA_STEP_PART_FLAG(name, word, path) RFA_STEP_WITH_##name = 1 << (4 + RFA_STEP_PART_##name),
	RFA_STEP_PARTS(RFA_STEP_PART_FLAG)
#undef RFA_STEP_PART_FLAG
};

/* What a probe sees: the step's effect is there; is not there; is under way; half of it is there.
 */
enum rfa_probe { RFA_PROBE_DONE, RFA_PROBE_NOT_DONE, RFA_PROBE_RUNNING, RFA_PROBE_PARTIAL };
RFA_API const char *rfa_probe_word(enum rfa_probe probe);

struct rfa_ctx; /* fsm/steps/common/ctx.h: what a step may use */

/*
 * One row. run: makes the effect, observes it, and answers the facts that it proved (*facts is a
 * new object, filled in by the step). probe: looks, never touches. undo: brings back what was
 * before, from whatever half of the effect is there; both may be called any number of times.
 */
struct rfa_step {
	const char *name; /* its spelling in the ledger; never changed */
	enum rfa_state state;
	enum rfa_role_id on; /* whose host it touches */
	unsigned flags;      /* enum rfa_step_flag */
	unsigned max_attempts;
	int (*run)(struct rfa_ctx *, json_t *facts, struct rfa_error *);
	int (*probe)(struct rfa_ctx *, enum rfa_probe *, json_t *facts, struct rfa_error *);
	int (*undo)(struct rfa_ctx *, struct rfa_error *);
	const char *then; /* where it leads when done: a row, a final state; NULL: the next row */
	const char *skipped; /* not NULL: the state has nothing to do in this flow, and why */
};

/* More rows are refused by the table check. */
#define RFA_FLOW_MAX_STEPS 48

/*
 * Among the needs of a role: a plan may leave it out. No connection is made then, and the run has
 * none of its rows.
 */
#define RFA_ROLE_MAY_BE_ABSENT (1u << 30)

/* A host that a flow works on. */
struct rfa_role {
	enum rfa_role_id id;
	unsigned needs; /* what its host must offer: RFA_HOST_… (transports/host/host.h) */
	const char
	    *option;      /* names its environment: "from"; NULL: the flow's arguments settle it */
	const char *what; /* of that option, for help: "the environment whose images are taken" */
};

struct rfa_gate;       /* fsm/steps/common/gates.h: may the run touch anything? */
struct rfa_result_ops; /* fsm/parts/outputs.h: what a run leaves in the ledger */
struct rfa_flow_text;  /* fsm/parts/text.h: what people read about a run */
struct rfa_flow_args;  /* fsm/parts/args.h: what its command takes */

/*
 * A flow, whole: the driver, the command, help, the preview, failure texts and documentation read
 * this object, and nothing else knows a flow by its name.
 */
struct rfa_flow {
	const char *name; /* "promote" */
	unsigned version; /* raised when a change of the table would mislead an old run's replay */
	const char *summary;          /* one line for people */
	const struct rfa_role *roles; /* ends with NOWHERE */
	const struct rfa_step *steps; /* the table */
	size_t n;                     /* rows */
	const struct rfa_gate *gates; /* what PRECHECK judges; ends with name NULL; NULL: nothing */
	/* Which checks its rows ask: those that are at "deploy", at "deploy data", …; NULL: none.
	 */
	const char *checks;
	const struct rfa_result_ops *result; /* NULL: only the history line and the summary */
	const struct rfa_flow_text *text;
	const struct rfa_flow_args *args;
};

/*
 * Checks a table. Errors (INTERNAL, naming the row): a doubled, missing or malformed name; a host
 * that no flow has; a mutating step without run, probe or undo (a CLEANUP one has no undo); a
 * reading step with a probe or an undo; a skipped one that does something; a state out of order or
 * missing; a way from the way back to a forward row, or to one; a row behind a CLEANUP one that is
 * not CLEANUP (it could fail, and nothing could be undone); a `then` that names nothing or leads
 * backwards; no final state reachable.
 */
RFA_API int rfa_flow_check(const struct rfa_flow *flow, struct rfa_error *err) RFA_MUST_USE;

/* The flows there are (fsm/flows/list.c). By name: NULL for none. */
RFA_API const struct rfa_flow *const *rfa_flows(size_t *n);
RFA_API const struct rfa_flow *rfa_flow_by_name(const char *name);

/* 1 if no host has this role in a run with this plan. */
RFA_API int rfa_flow_lacks_role(const struct rfa_role *role, const json_t *plan);
/*
 * 1 if a run with this plan has the row: its host is there, and so is the part of the stack that
 * the row is of. A run passes over its other rows; nothing of them is recorded.
 */
RFA_API int rfa_flow_has(const struct rfa_flow *flow, size_t row, const json_t *plan);
/* The part of the stack that the row is of: "traffic"; "": it is in every run. */
RFA_API const char *rfa_step_part_word(const struct rfa_step *step);
/* 1 if the row changes what serves. */
RFA_API int rfa_step_changes(const struct rfa_step *step);

/* The row with this name, or -1. */
RFA_API int rfa_flow_find(const struct rfa_flow *flow, const char *name);

#ifdef __cplusplus
}
#endif
#endif
