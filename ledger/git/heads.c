/* Which ledger this is, and whether its main ever had a certain head. */
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/heads.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/names.h"

#define HEX "0123456789abcdef"

/*
 * Goes from main's head back over its first parents, which are the heads that it had, to `wanted`,
 * or, for NULL, to the first one. A commit is never older than its parents, so that what is older
 * than `not_before` need not be looked at. *at is where it ended; *found: that is the wanted one.
 */
static int walk_back(const struct rfa_git *git, const git_oid *wanted, int64_t not_before,
		     git_oid *at, int *found, struct rfa_error *err)
{
	int rc = rfa_git_main(git, at, err);

	*found = 0;
	while (!rc) {
		struct rfa_git_commit commit = { 0 };
		int last;

		if (wanted && git_oid_equal(at, wanted)) {
			*found = 1;
			break;
		}
		rc = rfa_git_commit_read(git, at, &commit, err);
		last = rc || !commit.n_parents || commit.committed < not_before;
		if (!last)
			*at = commit.parents[0];
		rfa_git_commit_release(&commit);
		if (last)
			break;
	}
	return rc;
}

int rfa_git_id(struct rfa_ledger *ledger, char out[65], struct rfa_error *err)
{
	struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_git_tree *tree = NULL;
	json_t *mark = NULL;
	git_oid first;
	int found;
	int rc = 0;

	if (!git->id[0])
		rc = rfa_git_tree_of(git, NULL, &tree, err);
	if (!rc && tree)
		rc = rfa_git_tree_json(tree, "ledger.json", &mark, err);
	if (!rc && mark)
		rfa_copy(git->id, sizeof(git->id), rfa_facts_str(mark, "id", ""));
	/* It is part of a path on each host. */
	if (git->id[strspn(git->id, HEX)] || strlen(git->id) < RFA_LEDGER_ID_MAX - 1)
		git->id[0] = '\0';
	/* A ledger of an older rfa has no name: its first commit is as good. */
	if (!rc && !git->id[0])
		rc = walk_back(git, NULL, 0, &first, &found, err);
	if (!rc && !git->id[0])
		git_oid_tostr(git->id, sizeof(git->id), &first);
	if (!rc)
		rfa_copy(out, 65, git->id);
	json_decref(mark);
	rfa_git_tree_free(tree);
	return rc;
}

int rfa_git_knows(struct rfa_ledger *ledger, const char *head, int *known, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_git_commit commit = { 0 };
	struct rfa_error no_commit;
	git_oid wanted, at;
	int rc = 0;

	*known = 0;
	if (strlen(head) != GIT_OID_HEXSZ || strspn(head, HEX) != GIT_OID_HEXSZ ||
	    git_oid_fromstr(&wanted, head) || !git_odb_exists(git->odb, &wanted))
		return 0;
	/* What is here under that id may be no commit at all. */
	if (!rfa_git_commit_read(git, &wanted, &commit, &no_commit))
		rc = walk_back(git, &wanted, commit.committed, &at, known, err);
	rfa_git_commit_release(&commit);
	return rc;
}
