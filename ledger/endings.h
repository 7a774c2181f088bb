/* Runs that ended, in a list. */
#ifndef RFA_LEDGER_ENDINGS_H
#define RFA_LEDGER_ENDINGS_H

#include "ledger/ledger.h"
#include "ledger/names.h"

struct rfa_endings {
	struct rfa_ledger_ending *items; /* owned */
	size_t n, cap;
};

/* commit: what ended it; record: its END. */
int rfa_endings_add(struct rfa_endings *all, const char *commit, const struct rfa_run_head *head,
		    const struct rfa_record *record, struct rfa_error *err) RFA_MUST_USE;
void rfa_endings_release(struct rfa_endings *all);

#endif
