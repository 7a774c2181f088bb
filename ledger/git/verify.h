/* Is the ledger what rfa wrote, and all of it? */
#ifndef RFA_LEDGER_GIT_VERIFY_H
#define RFA_LEDGER_GIT_VERIFY_H

#include "ledger/git/git.h"

int rfa_git_verify(struct rfa_ledger *ledger,
		   int (*legal)(void *, const struct rfa_history *, struct rfa_error *),
		   void (*each)(void *, const struct rfa_ledger_finding *), void *user,
		   struct rfa_error *err) RFA_MUST_USE;

#endif
