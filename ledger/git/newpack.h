/* A pack of objects that the ledger has, written by libgit2. */
#ifndef RFA_LEDGER_GIT_NEWPACK_H
#define RFA_LEDGER_GIT_NEWPACK_H

#include "ledger/git/git.h"

struct rfa_newpack {
	git_packbuilder *builder;
	char name[GIT_OID_HEXSZ + 1]; /* once it is written: pack-NAME.pack */
};

int rfa_newpack_open(const struct rfa_git *git, struct rfa_newpack *pack,
		     struct rfa_error *err) RFA_MUST_USE;
/* Once, if it is added twice. The object must be whole. */
int rfa_newpack_add(const struct rfa_git *git, struct rfa_newpack *pack, const git_oid *id,
		    struct rfa_error *err) RFA_MUST_USE;
/* Durable when it answers 0, and known to git->odb. */
int rfa_newpack_write(const struct rfa_git *git, struct rfa_newpack *pack,
		      struct rfa_error *err) RFA_MUST_USE;
/* Safe on one that was not opened. */
void rfa_newpack_close(struct rfa_newpack *pack);

#endif
