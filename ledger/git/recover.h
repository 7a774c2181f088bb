/* What a killed or unlucky process left half-done. */
#ifndef RFA_LEDGER_GIT_RECOVER_H
#define RFA_LEDGER_GIT_RECOVER_H

#include "ledger/git/git.h"

/* Whatever a killed or unlucky process left half-done. Under no lock; takes the ledger's. */
int rfa_git_recover(const struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;

#endif
