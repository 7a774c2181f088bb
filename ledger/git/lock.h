/* The ledger's flock, and those of its runs. */
#ifndef RFA_LEDGER_GIT_LOCK_H
#define RFA_LEDGER_GIT_LOCK_H

#include "ledger/git/git.h"

void rfa_git_lock_path(const struct rfa_git *git, const char *run, char *out, size_t size);
/* Takes the ledger's flock (`run` NULL) or a run's, to write. */
int rfa_git_lock(const struct rfa_git *git, const char *run, struct rfa_lock *lock,
		 struct rfa_error *err) RFA_MUST_USE;
/* Takes a run's at once or not at all, to tidy up. */
int rfa_git_lock_now(const struct rfa_git *git, const char *run, struct rfa_lock *lock,
		     struct rfa_error *err) RFA_MUST_USE;
/* 1 if a process drives the run now. */
int rfa_git_alive(const struct rfa_git *git, const char *run);

#endif
