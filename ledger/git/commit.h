/* Commits, put together and taken apart by hand. */
#ifndef RFA_LEDGER_GIT_COMMIT_H
#define RFA_LEDGER_GIT_COMMIT_H

#include "ledger/git/git.h"
#include "ledger/message.h"

struct rfa_git_commit {
	git_oid tree;
	git_oid parents[2];
	size_t n_parents;
	int64_t committed; /* seconds */
	char author[128];
	struct rfa_buf text; /* owned */
	const char *message; /* within text */
	size_t message_len;
};
int rfa_git_commit_read(const struct rfa_git *git, const git_oid *id, struct rfa_git_commit *out,
			struct rfa_error *err) RFA_MUST_USE;
void rfa_git_commit_release(struct rfa_git_commit *commit);
/*
 * The bytes of a commit, appended to out: the operator is its author, at wall_ms; rfa commits it,
 * never before its parents (a skewed clock would make git's walks slow and its order wrong).
 */
int rfa_git_commit_render(const struct rfa_git *git, struct rfa_buf *out, const git_oid *tree,
			  const git_oid *parents, size_t n_parents, int64_t wall_ms,
			  const char *message, struct rfa_error *err) RFA_MUST_USE;
/* Writes it. */
int rfa_git_commit_write(const struct rfa_git *git, git_oid *id, const git_oid *tree,
			 const git_oid *parents, size_t n_parents, int64_t wall_ms,
			 const char *message, struct rfa_error *err) RFA_MUST_USE;
/* The commit and the record that it holds. */
int rfa_git_record_read(const struct rfa_git *git, const git_oid *id, struct rfa_git_commit *commit,
			struct rfa_message *message, struct rfa_error *err) RFA_MUST_USE;

#endif
