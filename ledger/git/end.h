/* A run's end: the merge on main, then its tag, then its ref is dropped. */
#ifndef RFA_LEDGER_GIT_END_H
#define RFA_LEDGER_GIT_END_H

#include "ledger/git/git.h"

int rfa_git_end(struct rfa_ledger_run *run, const struct rfa_record *record, const char *subject,
		const struct rfa_ledger_end *end, struct rfa_error *err) RFA_MUST_USE;
/* What follows the merge of an ended run: tag, then its ref is dropped. Idempotent; under the
 * ledger's flock and the run's. */
int rfa_git_finish(const struct rfa_git *git, const char *run, struct rfa_error *err) RFA_MUST_USE;

#endif
