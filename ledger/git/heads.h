/* Which ledger this is, and whether its main ever had a certain head. */
#ifndef RFA_LEDGER_GIT_HEADS_H
#define RFA_LEDGER_GIT_HEADS_H

#include "ledger/git/git.h"

int rfa_git_id(struct rfa_ledger *ledger, char out[65], struct rfa_error *err) RFA_MUST_USE;
int rfa_git_knows(struct rfa_ledger *ledger, const char *head, int *known,
		  struct rfa_error *err) RFA_MUST_USE;

#endif
