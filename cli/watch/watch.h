/*
 * One look for new releases: what was interrupted goes on first, and what is due is begun. Nothing
 * is kept but what the ledger keeps of the runs themselves.
 */
#ifndef RFA_CLI_WATCH_WATCH_H
#define RFA_CLI_WATCH_WATCH_H

#include "cli/watch/past.h"
#include "fsm/base/clock.h"

/* The releases that there are. */
struct rfa_watch_list {
	struct rfa_due_release *at;
	size_t n;
	int more; /* there are older ones, which were not read */
};

struct rfa_watch {
	struct rfa_watched of;
	struct rfa_clock *clock;
	struct rfa_due_rules rules; /* now_ms: set here */
	int look_only;              /* nothing is begun, and nothing goes on */

	/* Asks for them. What it answers lives until the next call, or the end of the watcher. */
	int (*list)(void *user, struct rfa_watch_list *out, struct rfa_error *);
	/* Asked before each run. *open: 1 if it may be begun now; else it says why not. */
	int (*may_begin)(void *user, int *open, struct rfa_error *);
	/*
	 * Begins a run for this release, whose plan says so (options.once, options.release), and
	 * drives it. *begun: whether there is such a run now. LOCKED, EXISTS and STALE without one:
	 * it is for the next look, or was done by another.
	 */
	int (*begin)(void *user, const struct rfa_due_release *, int *begun, struct rfa_error *);
	int (*resume)(void *user, const char *run, struct rfa_error *);
	/* A line for people. warn: it needs one of them. */
	void (*say)(void *user, int warn, const char *text);
	void *user;
};

/*
 * 0: all that is due is done, or waits and was said. Errors: those of the calls above, and how a
 * run ended; REFUSED: no run was ever begun, or a tag was moved.
 */
int rfa_watch_look(const struct rfa_watch *watch, struct rfa_error *err) RFA_MUST_USE;

#endif
