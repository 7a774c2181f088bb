/* What the parts of `rfa ledger verify` share. */
#ifndef RFA_LEDGER_GIT_VERIFY_H
#define RFA_LEDGER_GIT_VERIFY_H

#include "ledger/git.h"

struct rfa_audit {
	const struct rfa_git *git;
	int (*legal)(void *, const struct rfa_history *, struct rfa_error *);
	void (*each)(void *, const struct rfa_ledger_finding *);
	void *user;
	struct rfa_git_tree *now; /* main's tree at the head that is judged */
	size_t found;
};

/* Tells one finding. */
void rfa_audit_tell(struct rfa_audit *audit, const char *run, const char *fmt, ...)
    RFA_PRINTF(3, 4);
/* All objects. Answers an error only when it could not go on. */
int rfa_git_fsck(struct rfa_audit *audit, const git_oid *head, struct rfa_error *err) RFA_MUST_USE;
/* Tags against rollback points. */
int rfa_git_verify_tags(struct rfa_audit *audit, struct rfa_error *err) RFA_MUST_USE;

#endif
