/* Rollback points as annotated tags: made, pruned, and held against the points on main. */
#ifndef RFA_LEDGER_GIT_TAGS_H
#define RFA_LEDGER_GIT_TAGS_H

#include "ledger/git/audit.h"

/* Writes the tag's object: the same one whoever writes it, for the same END. */
int rfa_git_tag_write(const struct rfa_git *git, const struct rfa_run_head *head, const char *point,
		      const char *text, const git_oid *target, git_oid *id,
		      struct rfa_error *err) RFA_MUST_USE;
/* Makes the tag rollback/<env>/<stack>/<point> on the commit. */
int rfa_git_tag_make(const struct rfa_git *git, const struct rfa_run_head *head, const char *point,
		     const char *text, const git_oid *target, struct rfa_error *err) RFA_MUST_USE;
/* Drops the tags that main's last/<env>/<stack>.json does not list: each write of a ref looks at
 * all refs. The points themselves stay on main. */
int rfa_git_tag_prune(const struct rfa_git *git, const struct rfa_run_head *head,
		      struct rfa_error *err) RFA_MUST_USE;
/* Tags against rollback points. */
int rfa_git_verify_tags(struct rfa_audit *audit, struct rfa_error *err) RFA_MUST_USE;

#endif
