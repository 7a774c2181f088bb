/* A run read back, and what else is read from main. */
#ifndef RFA_LEDGER_GIT_LOAD_H
#define RFA_LEDGER_GIT_LOAD_H

#include "ledger/git/git.h"

int rfa_git_load(struct rfa_ledger *ledger, const char *run, struct rfa_history **out,
		 struct rfa_error *err) RFA_MUST_USE;
/* The records from tip back to BEGIN, into history in their order; *begin: BEGIN's commit. */
int rfa_git_chain(const struct rfa_git *git, const char *run, const git_oid *tip,
		  struct rfa_history *history, git_oid *begin, struct rfa_error *err) RFA_MUST_USE;
int rfa_git_file(struct rfa_ledger *ledger, const char *path, struct rfa_buf *out,
		 struct rfa_error *err) RFA_MUST_USE;
int rfa_git_names(struct rfa_ledger *ledger, const char *folder, json_t *out,
		  struct rfa_error *err) RFA_MUST_USE;
int rfa_git_head(struct rfa_ledger *ledger, char out[65], struct rfa_error *err) RFA_MUST_USE;

#endif
