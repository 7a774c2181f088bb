/* Packs put together, byte for byte: one pack in the place of several small ones. */
#ifndef RFA_LEDGER_GIT_JOIN_H
#define RFA_LEDGER_GIT_JOIN_H

#include "ledger/git/git.h"

/*
 * Joins the smallest packs if one of them has less than twice the objects of all smaller ones
 * together. Leaves alone: packs with a `.keep`, and those that would make one of more than 1 GiB.
 * Needs next to no memory, and for a while the disk space of the joined packs again. CORRUPT, and
 * nothing is changed, when the checksum of a pack or of its index is wrong. Formats:
 * gitformat-pack(5).
 */
int rfa_git_join(const struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;

#endif
