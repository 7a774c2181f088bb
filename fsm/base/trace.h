/* Events: how the library tells its user what happens. The library itself never prints. */
#ifndef RFA_FSM_BASE_TRACE_H
#define RFA_FSM_BASE_TRACE_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RFA_EVENTS(X)                                                                      \
	X(RUN_BEGUN, "run-begun")             /* text: the run's id */                     \
	X(RUN_RESUMED, "run-resumed")         /* text: the run's id */                     \
	X(STEP_STARTED, "step-started")       /* before a host sees the step */            \
	X(STEP_DONE, "step-done")             /* facts: what was proven */                 \
	X(STEP_SKIPPED, "step-skipped")       /* text: why */                              \
	X(STEP_RETRIED, "step-retried")       /* text: why; attempt: the next one */       \
	X(STEP_PROBED, "step-probed")         /* text: done, not-done, running, partial */ \
	X(STEP_FAILED, "step-failed")         /* text: why */                              \
	X(STEP_UNDONE, "step-undone")         /* on the way back */                        \
	X(PROGRESS, "progress")               /* done, total: bytes */                     \
	X(GATE, "gate")                       /* facts: name, verdict, evidence, hint */   \
	X(NOTE, "note")                       /* text: worth telling */                    \
	X(WAIT, "wait")                       /* text: what is waited for from now on */   \
	X(WARNING, "warning")                 /* text: an operator should look */          \
	X(LOG, "log")                         /* text: a line of a container's log */      \
	X(OUTPUT, "output")                   /* text: a line that a job writes */         \
	X(RUN_ENDED, "run-ended")             /* text: the final state */                  \
	X(RUN_INTERRUPTED, "run-interrupted") /* text: why */

enum rfa_event_kind {
#define RFA_EVENT_ENUM(name, word) RFA_EVENT_##name,
	RFA_EVENTS(RFA_EVENT_ENUM)
#undef RFA_EVENT_ENUM
};

/* All pointers are borrowed for the length of the call; those that do not apply are NULL. */
struct rfa_event {
	enum rfa_event_kind kind;
	int64_t wall_ms;
	const char *run, *state, *step, *host, *text;
	unsigned attempt;
	int64_t done, total; /* bytes; total 0: unknown */
	const json_t *facts;
	const struct rfa_error *error;
};

struct rfa_trace {
	void (*event)(struct rfa_trace *, const struct rfa_event *);
};

RFA_API const char *rfa_event_word(enum rfa_event_kind kind);
/* Sends the event; a NULL trace swallows it. */
RFA_API void rfa_trace_send(struct rfa_trace *trace, const struct rfa_event *event);

#ifdef __cplusplus
}
#endif
#endif
