/*
 * Tells a channel of the runs that ended, oldest first: at least once, in their order, none left
 * out. The ledger is all that it remembers. How a message is made and sent is handed in, so that a
 * test can let it die anywhere.
 *
 * A try is written down before it is made: it counts even if rfa dies in it, and whoever comes at
 * the same time leaves the channel alone until it is over.
 */
#ifndef RFA_CLI_NOTIFY_TELLER_H
#define RFA_CLI_NOTIFY_TELLER_H

#include "fsm/base/clock.h"
#include "ledger/ledger.h"

/* One thing that is told. */
struct rfa_tiding {
	char id[40];                     /* the same whenever it is told to this channel */
	struct rfa_ledger_ending ending; /* commit "": the run has not ended, it is interrupted */
	char state[24];                  /* of an interrupted one: where it stands */
};

struct rfa_teller {
	struct rfa_ledger *ledger;
	struct rfa_clock *clock;
	int64_t until;   /* of clock's mono_ms: nothing lasts longer */
	int64_t most_ms; /* nor does one try */
	int now;         /* 1: what waits for its next try is tried now */
	/* 1 if the channel wants to know. */
	int (*wants)(void *user, const char *channel, const struct rfa_tiding *);
	/* 0: it was told. *wait_ms: how long it asks to be left alone. */
	int (*send)(void *user, const char *channel, const struct rfa_tiding *, int64_t timeout_ms,
		    int64_t *wait_ms, struct rfa_error *);
	void *user;
};

/* Ten tries in a day, with growing pauses; then somebody has to look. */
#define RFA_TELL_TRIES 10

/* How telling a channel ended. */
enum rfa_tell_end {
	RFA_TELL_DONE,   /* there is nothing more to tell */
	RFA_TELL_WAITS,  /* the time of the next try has not come */
	RFA_TELL_BUSY,   /* another process is telling */
	RFA_TELL_LATE,   /* there was no more time */
	RFA_TELL_FAILED, /* a try failed: why */
};
struct rfa_tell_result {
	enum rfa_tell_end end;
	size_t told;
	struct rfa_error why;
};

/* A new channel begins where main is now: history is not told. Nothing for one that there is. */
int rfa_tell_begin(const struct rfa_teller *t, const char *channel,
		   struct rfa_error *err) RFA_MUST_USE;
/* Errors: of the ledger; a failed try is none. */
int rfa_tell(const struct rfa_teller *t, const char *channel, struct rfa_tell_result *result,
	     struct rfa_error *err) RFA_MUST_USE;

/* How a channel stands. */
struct rfa_tell_state {
	int known;                  /* it has begun */
	int lost;                   /* main does not have the place where it stands */
	int failing;                /* its tries are used up */
	unsigned tries;             /* of what is due first, without success */
	int64_t due_ms;             /* of the next try; 0: at once */
	char why[256];              /* the last try failed; "" */
	struct rfa_tiding *pending; /* owned; oldest first */
	size_t n;
};
int rfa_tell_look(const struct rfa_teller *t, const char *channel, struct rfa_tell_state *out,
		  struct rfa_error *err) RFA_MUST_USE;
void rfa_tell_state_release(struct rfa_tell_state *state);

/*
 * Passes over what is pending, up to this run; NULL: all of it. The reason stays in the ledger.
 * *n: how many. Errors: NOTFOUND for a run that is not pending; STALE.
 */
int rfa_tell_skip(const struct rfa_teller *t, const char *channel, const char *to,
		  const char *reason, size_t *n, struct rfa_error *err) RFA_MUST_USE;

#endif
