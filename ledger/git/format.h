/* The format of the repository's folder, so that no older rfa takes half of it for all. */
#ifndef RFA_LEDGER_GIT_FORMAT_H
#define RFA_LEDGER_GIT_FORMAT_H

#include "ledger/git/git.h"

/* rfa.format of its configuration. 1: all is in git. 2: a run's newest records may be in its
 * journal: who does not know journals would go on from an older record. */
#define RFA_GIT_FORMAT 2

/*
 * Says that this rfa has written here: durable when it answers 0. A ledger that an older rfa has
 * made, and a clone, say less. Before a run's first record; only under the ledger's flock.
 */
int rfa_git_raise_format(struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;

#endif
