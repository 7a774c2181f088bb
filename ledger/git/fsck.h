/* Every object that the ledger's refs reach, read and hashed. */
#ifndef RFA_LEDGER_GIT_FSCK_H
#define RFA_LEDGER_GIT_FSCK_H

#include "ledger/git/audit.h"

/* All objects. Answers an error only when it could not go on. */
int rfa_git_fsck(struct rfa_audit *audit, const git_oid *head, struct rfa_error *err) RFA_MUST_USE;

#endif
