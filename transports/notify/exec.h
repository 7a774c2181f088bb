/* A program that is told on its standard input. */
#ifndef RFA_TRANSPORTS_NOTIFY_EXEC_H
#define RFA_TRANSPORTS_NOTIFY_EXEC_H

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"

/*
 * Runs it on this machine; 0: it ended with status 0 within the time. What it writes goes nowhere.
 * Errors: REMOTE; STALLED: it and what it has started are killed then.
 */
int rfa_notify_exec(const char *const *command, const struct rfa_buf *input,
		    struct rfa_clock *clock, int64_t timeout_ms,
		    struct rfa_error *err) RFA_MUST_USE;

#endif
