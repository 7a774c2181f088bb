/* libgit2's errors in our words. */
#ifndef RFA_LEDGER_GIT_ERROR_H
#define RFA_LEDGER_GIT_ERROR_H

#include "fsm/base/error.h"

/* Turns libgit2's last error into ours: IO, NOSPACE, STALE or CORRUPT. */
int rfa_git_fail(struct rfa_error *err, int rc, const char *where, const char *fmt, ...)
    RFA_PRINTF(4, 5);
/* The same for the number of a system call's error, at a file of the ledger. */
int rfa_git_fail_errno(struct rfa_error *err, int errnum, const char *path, const char *what);

#endif
