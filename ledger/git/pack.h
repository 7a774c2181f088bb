/* Many small files become few: loose objects are packed, and small packs are joined. */
#ifndef RFA_LEDGER_GIT_PACK_H
#define RFA_LEDGER_GIT_PACK_H

#include "ledger/git/git.h"

/*
 * Packs the loose objects once there are RFA_GIT_LOOSE_MAX of them, and joins packs until each has
 * at least twice the objects of all smaller ones together; so there are few, and an object is
 * copied few times. Only under the ledger's flock.
 *
 * Every object can be read at every moment, by rfa and by git, whatever is read or written
 * meanwhile: a file goes only after what replaces it is durable. After a failure all objects are
 * there too; it costs space, and the next call begins anew. An object that is damaged stays as it
 * is, for `rfa ledger verify` to tell.
 */
int rfa_git_pack(const struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;
/* Removes the unfinished files of a process that was killed in it. Only under the ledger's flock.
 */
void rfa_git_pack_sweep(const struct rfa_git *git);

#endif
