/* The runs that were begun for releases, as the ledger has them. */
#ifndef RFA_CLI_WATCH_PAST_H
#define RFA_CLI_WATCH_PAST_H

#include "cli/watch/due.h"
#include "fsm/run/run.h"
#include "ledger/ledger.h"

/* Whose runs. All borrowed. */
struct rfa_watched {
	struct rfa_ledger *ledger;
	const struct rfa_flow *flow; /* that brings a release */
	const char *stack, *env;
};

struct rfa_watch_past {
	struct rfa_due_run *at; /* newest first */
	size_t n;
	json_t *plans; /* owned; what `at` borrows from */
};

/* The unfinished run of the stack there, whatever it does. */
struct rfa_watch_open {
	char run[RFA_RUN_ID_MAX]; /* "": there is none */
	char flow[32];
	int alive;
	int ours; /* it was begun by a look for releases */
	int64_t begun_ms, last_ms;
};

/* Release in any case. */
int rfa_watch_past(const struct rfa_watched *of, struct rfa_watch_past *out,
		   struct rfa_error *err) RFA_MUST_USE;
void rfa_watch_past_release(struct rfa_watch_past *past);
int rfa_watch_open(const struct rfa_watched *of, struct rfa_watch_open *out,
		   struct rfa_error *err) RFA_MUST_USE;

#endif
