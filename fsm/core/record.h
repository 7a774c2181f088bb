/* One entry of a run's history, as the machine sees it and the ledger keeps it. */
#ifndef RFA_FSM_CORE_RECORD_H
#define RFA_FSM_CORE_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/core/flow.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * BEGIN     the run exists; its plan is frozen
 * INTENT    about to act on a host: `step` forward, or (outcome "undo") on the way back
 * PROGRESS  worth keeping from within a step; changes nothing in the machine
 * DONE      the effect was observed (outcome "done"), or nothing was to do ("skipped"), or, behind
 *           the point of no return, it failed ("cleanup-failed")
 * FAILED    a definite no; the way back begins, or goes on (outcome "failed", of an undo
 *           "undo-failed"; "abort", "rollback" when the operator asked for it)
 * UNDONE    a step's effect is no more (outcome "undone")
 * END       outcome: the final state
 */
#define RFA_RECORD_KINDS(X) X(BEGIN) X(INTENT) X(PROGRESS) X(DONE) X(FAILED) X(UNDONE) X(END)

enum rfa_record_kind {
#define RFA_RECORD_ENUM(name) RFA_RECORD_##name,
	RFA_RECORD_KINDS(RFA_RECORD_ENUM)
#undef RFA_RECORD_ENUM
};

/* The longest texts; longer is refused, never cut. */
#define RFA_STEP_NAME_MAX 48
#define RFA_HOST_NAME_MAX 64

struct rfa_record {
	enum rfa_record_kind kind;
	uint32_t seq;                 /* 0: BEGIN; then 1, 2, 3 … without a gap */
	enum rfa_state state;         /* of the step; of the last step for END */
	char step[RFA_STEP_NAME_MAX]; /* "" for BEGIN and END */
	/* A DONE, FAILED or UNDONE may be the next step's INTENT too: that step; or "". */
	char opens[RFA_STEP_NAME_MAX];
	char host[RFA_HOST_NAME_MAX]; /* environment's name; "": this side */
	unsigned attempt;             /* of step; from 1; 0 where there is none */
	char outcome[24];             /* see above */
	int64_t wall_ms;
	json_t *facts; /* object; owned by the record; NULL: none */
};

RFA_API const char *rfa_record_kind_word(enum rfa_record_kind kind);
/* 0 and *kind, or -1. */
RFA_API int rfa_record_kind_parse(const char *word, enum rfa_record_kind *kind);
/* Drops the facts. */
RFA_API void rfa_record_release(struct rfa_record *record);

#ifdef __cplusplus
}
#endif
#endif
