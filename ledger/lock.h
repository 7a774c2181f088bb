/* An flock on a file, which says who holds it. */
#ifndef RFA_LEDGER_LOCK_H
#define RFA_LEDGER_LOCK_H

#include <stdint.h>

#include "fsm/base/error.h"

struct rfa_lock {
	int fd;      /* -1: not held */
	int unclean; /* its last holder did not let go of it: killed, or the power failed */
	char path[4096];
};
#define RFA_LOCK_INIT     \
	{                 \
		-1, 0, "" \
	}

/* Takes it, waiting at most wait_ms of real time. LOCKED names the holder. */
int rfa_lock_take(struct rfa_lock *lock, const char *path, int64_t wait_ms,
		  struct rfa_error *err) RFA_MUST_USE;
/* 1 if somebody holds it now. */
int rfa_lock_held(const char *path);
/* Lets go; with `drop` the file goes too. Safe on one that is not held. */
void rfa_lock_release(struct rfa_lock *lock, int drop);

#endif
