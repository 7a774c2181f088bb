/* An audit of the ledger: what is judged, and who is told. */
#ifndef RFA_LEDGER_GIT_AUDIT_H
#define RFA_LEDGER_GIT_AUDIT_H

#include "ledger/git/git.h"

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

#endif
