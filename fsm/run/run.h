/*
 * The driver: the only place where the machine, the ledger, the hosts and the clock meet.
 *
 * A run is driven until it is final or interrupted. Everything that can differ between two runs
 * is handed in, so a simulated world can run thousands of them and fail each at every point.
 */
#ifndef RFA_FSM_RUN_RUN_H
#define RFA_FSM_RUN_RUN_H

#include <jansson.h>

#include "fsm/base/clock.h"
#include "fsm/base/error.h"
#include "fsm/base/trace.h"
#include "fsm/core/flow.h"
#include "ledger/ledger.h"
#include "transports/host/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All borrowed for the call. */
struct rfa_run_options {
	struct rfa_ledger *ledger;
	struct rfa_host *hosts[RFA_ROLES]; /* NULL where the plan names none */
	struct rfa_clock *clock;           /* NULL: the system's */
	struct rfa_trace *trace;           /* NULL: nobody listens */
	const volatile int *cancel;        /* set by a signal handler; NULL: none */
	const char *user, *machine;        /* for the host lock: who, from where */
	const char *reason;                /* of a rollback or an abort; NULL: none */
	/*
	 * Where the plan says ${NAME}: *value, borrowed until the call with these options returns;
	 * NULL if there is none. It is asked before the value is needed, so the ledger can be told
	 * what to hide (rfa_ledger_hide()). NULL: no name has a value.
	 */
	int (*secret)(void *user, const char *name, const char **value, struct rfa_error *);
	/*
	 * The login for a registry that the plan has a reference to: *name and *secret, borrowed
	 * until the call with these options returns; NULL: nobody is logged in. NULL: nobody
	 * anywhere.
	 */
	int (*login)(void *user, const char *domain, const char **name, const char **secret,
		     struct rfa_error *);
	/*
	 * What a command in a container has written, and its exit status, once it has ended. May
	 * hold any byte. NULL: nobody listens.
	 */
	void (*output)(void *user, int status, const char *text, size_t len);
	/*
	 * Runs a hook of the stack on this machine. 0: it ended, in whatever way. NULL: a run whose
	 * stack has such a hook fails.
	 */
	int (*command)(void *user, const struct rfa_host_command *, struct rfa_exec_answer *,
		       struct rfa_error *);
	/*
	 * The files of a commit that the plan releases: *out is borrowed until the call with these
	 * options returns. NULL: nobody has any.
	 */
	int (*repository)(void *user, const struct rfa_repository_ask *,
			  struct rfa_repository **out, struct rfa_error *);
	void *secret_user; /* of all of these */
};

struct rfa_run_result {
	char run[RFA_RUN_ID_MAX];     /* "" if no run was begun */
	enum rfa_final final;         /* NONE: interrupted, or nothing was begun */
	char point[128];              /* the rollback point that was made; or "" */
	char data[128];               /* that of data, made beside one of images; or "" */
	char version[132];            /* what the target runs now, when SUCCEEDED */
	char blocker[RFA_RUN_ID_MAX]; /* LOCKED: the run that is in the way; or "" */
	int was_over;                 /* 1: it had ended before; this is what was recorded */
};

/*
 * Begins a run of the plan's flow and drives it.
 *
 * plan: {"format":1,"flow","stack","source":SIDE|null,"target":SIDE,"options":{…}} with SIDE =
 * {"env":"prod","transport","destination","address","stack":{the stack's configuration, resolved
 * for this environment}}, and options = {"idle_timeout_ms","chunk_bytes","verified" (what the
 * source has proven: {"version","images":[IMAGE]}, as verified/ENV/STACK.json of the
 * ledger),"force_reason","reason" (why the run is made)}. It is frozen: the ledger keeps it,
 * a resume uses it again.
 *
 * 0: SUCCEEDED. Otherwise the code says how it ended, and err why: REFUSED, LOCKED, NOSPACE or
 * what PRECHECK found (final FAILED: nothing was changed), ROLLED_BACK, ABORTED, STUCK,
 * INTERRUPTED (final NONE: `rfa resume`). result is always filled in.
 */
RFA_API int rfa_run_begin(const struct rfa_run_options *options, const json_t *plan,
			  struct rfa_run_result *result, struct rfa_error *err) RFA_MUST_USE;

/*
 * What a run of this plan would find and change: the rows of PRECHECK that only read are driven,
 * gates included. Takes no lock, records nothing, touches nothing. *out (new) = {"flow","stack",
 * "from","to","verdict","gates","changes","bytes","interruption"}:
 *
 * verdict       "refused" when a gate says no, "same" when nothing would change, else "changes"
 * gates         [{"gate","verdict","evidence","hint"}], all of them
 * changes       [{"what","now","then","change","detail"?,"bytes"?}]
 * bytes         at most so many would travel
 * interruption  {ROLE: ms}: how long the last such run kept what serves there stopped; {}: none yet
 *
 * 0 for every verdict. Errors: a host could not be read. options: ledger may be NULL; then no
 * rollback point, no head and no earlier run is known.
 */
RFA_API int rfa_run_preview(const struct rfa_run_options *options, const json_t *plan, json_t **out,
			    struct rfa_error *err) RFA_MUST_USE;

/* What to do with an unfinished run. */
enum rfa_resume_mode {
	RFA_RESUME_CONTINUE, /* carry on where it stands, whichever way it was going */
	RFA_RESUME_ROLLBACK, /* undo what was done; ends ROLLED_BACK (or FAILED) */
	RFA_RESUME_ABORT,    /* undo what was done; ends ABORTED */
	RFA_RESUME_DETACH,   /* touch no host; ends ABORTED; what is left there is recorded */
};

/*
 * Takes an unfinished run over. A finished run is a fixed point: nothing is done, its recorded
 * result is answered again. Refuses (REFUSED, in words) a run whose flow's version is another
 * one, whose plan's hash differs, or that is behind its point of no return (ROLLBACK, ABORT).
 */
RFA_API int rfa_run_resume(const struct rfa_run_options *options, const char *run,
			   enum rfa_resume_mode mode, struct rfa_run_result *result,
			   struct rfa_error *err) RFA_MUST_USE;

/*
 * What a resume would do next, from the ledger alone: *out (new) = {"run","flow","direction":
 * "forward"|"back","state","step","action":"run"|"probe"|"undo"|"end","attempt","final"}.
 */
RFA_API int rfa_run_next(struct rfa_ledger *ledger, const char *run, json_t **out,
			 struct rfa_error *err) RFA_MUST_USE;

/*
 * The head of this ledger that a host keeps since a run ended there: *out (new) = {"head","run",
 * "known"}, or NULL where it keeps none. A head that is not known is the trace of a ledger that was
 * replaced by an older copy, cut short or altered: no run goes on there (`rfa ledger accept` can
 * settle it). What cannot be read as a head is not known either.
 */
RFA_API int rfa_run_kept_head(struct rfa_ledger *ledger, struct rfa_host *host, json_t **out,
			      struct rfa_error *err) RFA_MUST_USE;

/* Replays a history through its flow's table; for rfa_ledger_verify(). */
RFA_API int rfa_run_legal(void *unused, const struct rfa_history *history,
			  struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
