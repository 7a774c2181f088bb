/* A run on its way: begun on main, its records one commit each on a ref of its own. */
#ifndef RFA_LEDGER_GIT_WRITE_H
#define RFA_LEDGER_GIT_WRITE_H

#include "ledger/git/git.h"

int rfa_git_begin(struct rfa_ledger *ledger, const struct rfa_run_head *head, const json_t *plan,
		  struct rfa_ledger_run **out, char *blocker, struct rfa_error *err) RFA_MUST_USE;
int rfa_git_attach(struct rfa_ledger *ledger, const char *run, struct rfa_ledger_run **out,
		   struct rfa_error *err) RFA_MUST_USE;
int rfa_git_append(struct rfa_ledger_run *run, const struct rfa_record *record, const char *subject,
		   struct rfa_error *err) RFA_MUST_USE;
void rfa_git_detach(struct rfa_ledger_run *run);

#endif
