/*
 * The pure machine: told what happened, it answers what to record and what to do next.
 * No I/O, no clock, no allocation; a machine is a value and may be copied.
 *
 *                      FAILED                            row above
 *      FORWARD ---------------------> BACK <-----------------------------+
 *   row: run -> DONE -> next row       row: undo -> UNDONE, or, a ROLLBACK_ONLY row: run -> DONE
 *        | in doubt: probe             |
 *        v                             v no row left
 *   SUCCEEDED                     ROLLED_BACK, FAILED, ABORTED or STUCK
 *
 * The calling sequence, for every turn of the driver:
 *
 *     act = rfa_machine_next(&m);           what is due
 *     if (act.intent)                       a host is about to be touched
 *             event = RFA_ON_INTENT;
 *     else    event = ... do it ...;
 *     rfa_machine_record_for(&m, event, &rec);   what has to be recorded (nothing, for a doubt)
 *     ... make rec durable ...
 *     rfa_machine_apply(&m, &rec);          only now it has happened
 *
 * A replay is rfa_machine_apply() on every record that the ledger has, then
 * rfa_machine_mark_in_doubt(): an intent without an answer must be probed.
 */
#ifndef RFA_FSM_CORE_MACHINE_H
#define RFA_FSM_CORE_MACHINE_H

#include "fsm/core/flow.h"
#include "fsm/core/record.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rfa_phase { RFA_PHASE_FORWARD, RFA_PHASE_BACK, RFA_PHASE_ENDED };

/* What is known of a row. */
enum rfa_row_status {
	RFA_ROW_IDLE,        /* not begun; may be run */
	RFA_ROW_OPEN,        /* an intent without an answer: the effect may be there */
	RFA_ROW_DONE,        /* the effect was observed */
	RFA_ROW_FAILED,      /* a definite no; a part of the effect may be there */
	RFA_ROW_UNDOING,     /* an intent to undo without an answer */
	RFA_ROW_UNDONE,      /* the effect is no more */
	RFA_ROW_UNDO_FAILED, /* its undo failed: a person must look */
	RFA_ROW_ABSENT,      /* the run's plan leaves it out: it is passed over both ways */
};

struct rfa_row {
	enum rfa_row_status status;
	unsigned attempts, undo_attempts;
};

struct rfa_machine {
	const struct rfa_flow *flow;
	enum rfa_phase phase;
	enum rfa_final final; /* once ENDED */
	uint32_t seq;         /* of the next record */
	int at;               /* the row at hand; -1: the way back is through */
	int in_doubt;         /* the row at hand is open and nobody knows what came of it */
	int touched;          /* something that serves was changed, or may have been */
	int stuck;            /* an undo, or the old version's health check, failed */
	int aborted;          /* the operator asked for the end */
	struct rfa_row rows[RFA_FLOW_MAX_STEPS];
};

enum rfa_act { RFA_ACT_RUN, RFA_ACT_PROBE, RFA_ACT_UNDO, RFA_ACT_SKIP, RFA_ACT_END };

struct rfa_action {
	enum rfa_act act;
	int row;              /* of the flow's table; -1 for END */
	unsigned attempt;     /* of run or undo, from 1 */
	int intent;           /* 1: an INTENT must be durable before it is done */
	enum rfa_final final; /* END */
};

/* What has happened, as the driver tells it. */
enum rfa_machine_event {
	RFA_ON_INTENT,   /* about to act, as rfa_machine_next() said */
	RFA_ON_DONE,     /* run or probe: the effect is there; undo: it is no more */
	RFA_ON_NOTHING,  /* run: there was nothing to do; or a row that is skipped */
	RFA_ON_FAILED,   /* a definite no from run, probe or undo */
	RFA_ON_DOUBT,    /* run: it may have happened */
	RFA_ON_NOT_DONE, /* probe: not there; a new attempt begins */
	RFA_ON_PARTIAL,  /* probe: half of it is there; it is undone, then tried again */
	RFA_ON_ROLLBACK, /* the operator wants the way back */
	RFA_ON_ABORT,    /* the operator wants the way back, and the run to end ABORTED */
	RFA_ON_DETACH,   /* the operator wants the end, here and now */
	RFA_ON_END,      /* the end, as rfa_machine_next() said */
};

/*
 * A machine at the beginning of a run with this plan (rfa_flow_has()). The flow (borrowed) must
 * have passed rfa_flow_check().
 */
RFA_API void rfa_machine_init(struct rfa_machine *m, const struct rfa_flow *flow,
			      const json_t *plan);

/* What is due. Pure. After the end: END with the final state. */
RFA_API struct rfa_action rfa_machine_next(const struct rfa_machine *m);

/*
 * Fills in the record (kind, seq, state, step, opens, attempt, outcome; the rest zeroed) that must
 * be durable before the machine may move. 1: there is one; 0: nothing to record (a doubt), the
 * machine has moved. Errors: INTERNAL for what is not due.
 */
RFA_API int rfa_machine_record_for(struct rfa_machine *m, enum rfa_machine_event event,
				   struct rfa_record *out, struct rfa_error *err) RFA_MUST_USE;

/*
 * Moves by one record, live or replayed. Errors: CORRUPT, naming the record, when no legal run of
 * this flow has it here; the machine is unchanged then.
 */
RFA_API int rfa_machine_apply(struct rfa_machine *m, const struct rfa_record *record,
			      struct rfa_error *err) RFA_MUST_USE;

/* After a replay: an open row is in doubt. */
RFA_API void rfa_machine_mark_in_doubt(struct rfa_machine *m);

/* 1 once a CLEANUP row was begun: there is no way back any more. */
RFA_API int rfa_machine_no_return(const struct rfa_machine *m);

#ifdef __cplusplus
}
#endif
#endif
