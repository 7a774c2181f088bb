/* Objects that are written, and not on the disk yet: kept in memory, and stored as one pack. */
#ifndef RFA_LEDGER_GIT_FRESH_H
#define RFA_LEDGER_GIT_FRESH_H

#include "ledger/git/git.h"

struct rfa_fresh_object {
	git_oid id;
	git_object_t kind;
	char *data; /* owned */
	size_t len;
	int due; /* 1: the next store writes it; 0: it is another process's, in a journal */
};

/* Makes the empty store of a repository that is opened, and releases it; NULL-safe. */
int rfa_fresh_open(struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;
void rfa_fresh_close(struct rfa_git *git);

/* Copied. Once, if it is added twice. */
int rfa_fresh_add(const struct rfa_git *git, const git_oid *id, git_object_t kind, const void *data,
		  size_t len, int due, struct rfa_error *err) RFA_MUST_USE;
/* NULL: it is not here. Valid until the next call that is not this one. */
const struct rfa_fresh_object *rfa_fresh_find(const struct rfa_git *git, const git_oid *id);
/* Somebody is about to refer to an object that a pack has. The pack may be one that a killed
   writer left before its name was durable: the next store makes sure. */
void rfa_fresh_lean(const struct rfa_git *git);
/* Drops what is not due. */
void rfa_fresh_forget(const struct rfa_git *git);
/*
 * Writes all that is due as one pack, at the price of three syncs whatever there is: the pack,
 * its index, their folder. Durable, and known to every git, when it answers 0; after a failure it
 * is due still. Only under the ledger's flock. Nothing is due: nothing is done.
 */
int rfa_fresh_store(const struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;

#endif
