/* Git objects, read without trusting the disk and written so that they survive it. */
#ifndef RFA_LEDGER_GIT_OBJECT_H
#define RFA_LEDGER_GIT_OBJECT_H

#include "ledger/git/git.h"

/*
 * The bytes of an object of that kind, appended to out, and checked against its id. Never hangs,
 * whatever is on the disk. CORRUPT says which file, and how to mend it.
 */
int rfa_git_read(const struct rfa_git *git, const git_oid *id, git_object_t kind,
		 struct rfa_buf *out, struct rfa_error *err) RFA_MUST_USE;
/* Readable by this process when it answers 0, and durable when a ref names it (refs.h); an object
 * that is there already is not written again. */
int rfa_git_write(const struct rfa_git *git, git_oid *id, git_object_t kind, const void *data,
		  size_t len, struct rfa_error *err) RFA_MUST_USE;
/* 1: there is a loose object of this id, and it is whole. */
int rfa_git_loose_is_whole(const struct rfa_git *git, const git_oid *id);
/* Removes the loose object, which must be in a pack, durably. */
void rfa_git_loose_remove(const struct rfa_git *git, const git_oid *id);

#endif
