/* Watches a run in a standard world: its events, its calls to hosts, and a place to interfere. */
#ifndef RFA_TESTS_HARNESS_WATCHER_H
#define RFA_TESTS_HARNESS_WATCHER_H

#include "tests/harness/world.h"

struct watcher {
	struct rfa_trace trace; /* first: the events' receiver is the watcher */
	struct world *w;
	struct rfa_buf lines;         /* "<event> <step> <text>" a line; no PROGRESS, NOTE, LOG */
	struct rfa_buf all;           /* everything that an event says, facts and errors included */
	json_t *refused;              /* facts of each refusing gate */
	char step[RFA_STEP_NAME_MAX]; /* that was started last */
	unsigned in_step;             /* calls to hosts since then */
	uint64_t host_calls;
	/* The first STEP_* event: which, of what, in which attempt. */
	int first;
	enum rfa_event_kind first_kind;
	char first_step[RFA_STEP_NAME_MAX];
	unsigned first_attempt;
	/* Before the n-th call (from 0) to a host in a step ("": of the whole run). NULL: no hook.
	 */
	void (*hook)(struct watcher *, uint64_t call, const char *label);
	char hook_step[RFA_STEP_NAME_MAX];
	unsigned hook_call;
	void *user;
	int hook_again; /* 1: not only once; the hook moves hook_call on */
	int hooked;     /* how often the hook was called */
};

/* From now on, for the world's own options too. The watcher must stay where it is. */
void watcher_begin(struct watcher *x, struct world *w);
/* Forgets what was seen, and the hook. */
void watcher_clear(struct watcher *x);
void watcher_end(struct watcher *x);

/* rfa dies before this call reaches the host. */
void watcher_crash(struct watcher *x, const char *step, unsigned call);
/* Begins the world's plan, dies there, and is started again. The run's id is in *result. */
void watcher_begin_until(struct watcher *x, const json_t *plan, const char *step, unsigned call,
			 struct rfa_run_result *result);

/* From now on the world keeps its records in git; the kit is the caller's to close. */
struct kit;
void world_use_git(struct world *w, struct kit *kit);

/* Appends the facts of every record of the run, and what the tree says. */
void world_ledger_text(struct world *w, const char *run, struct rfa_buf *out);

/* 1 if one of these gates refuses with this text in its evidence, and says how to mend it. */
int watcher_is_refused(const json_t *gates, const char *gate, const char *text);

#endif
