/* Runs listed, newest first. */
#ifndef RFA_LEDGER_GIT_LIST_H
#define RFA_LEDGER_GIT_LIST_H

#include "ledger/git/git.h"

int rfa_git_list(struct rfa_ledger *ledger, const struct rfa_ledger_filter *filter,
		 int (*each)(void *, const struct rfa_ledger_line *), void *user,
		 struct rfa_error *err) RFA_MUST_USE;

#endif
