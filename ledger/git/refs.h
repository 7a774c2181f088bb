/* Refs: read, swapped, dropped; and the locks that a killed writer leaves beside them. */
#ifndef RFA_LEDGER_GIT_REFS_H
#define RFA_LEDGER_GIT_REFS_H

#include "ledger/git/git.h"

/* NOTFOUND when there is none. */
int rfa_git_ref_read(const struct rfa_git *git, const char *name, git_oid *out,
		     struct rfa_error *err) RFA_MUST_USE;
int rfa_git_main(const struct rfa_git *git, git_oid *out, struct rfa_error *err) RFA_MUST_USE;
/* First stores the objects that are due (fresh.h), so that no ref ever names one that could be
 * lost. Compare and swap; `was` NULL: there must be none. STALE when somebody was first. */
int rfa_git_ref_swap(const struct rfa_git *git, const char *name, const git_oid *id,
		     const git_oid *was, struct rfa_error *err) RFA_MUST_USE;
/* Removes it; none is no error. */
int rfa_git_ref_drop(const struct rfa_git *git, const char *name,
		     struct rfa_error *err) RFA_MUST_USE;
/* Names below a prefix, sorted. *out: array of strings (new). */
int rfa_git_ref_names(const struct rfa_git *git, const char *prefix, json_t **out,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_git_run_ref(const char *run, char out[RFA_GIT_REF_MAX]);
/* Removes what a killed writer left of the ref's lock. Only under the flock that guards the ref. */
void rfa_git_sweep_ref(const struct rfa_git *git, const char *name);
/* The same for main, HEAD, packed-refs and the tags. Only under the ledger's flock. */
void rfa_git_sweep_shared(const struct rfa_git *git);

#endif
