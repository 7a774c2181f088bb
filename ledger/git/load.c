/* A run read back: from its last record to the commit that began it, each one checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/load.h"
#include "ledger/git/lock.h"
#include "ledger/git/records.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/history.h"
#include "ledger/message.h"
#include "ledger/names.h"

int rfa_git_chain(const struct rfa_git *git, const char *run, const git_oid *tip,
		  struct rfa_history *history, git_oid *begin, struct rfa_error *err)
{
	size_t before = history->n;
	git_oid empty;
	git_oid at = *tip;
	int begun = 0;
	int rc = 0;

	if (git_oid_fromstr(&empty, RFA_GIT_EMPTY_TREE))
		return rfa_fail(err, RFA_EINTERNAL, "ledger", "the empty tree has no id");
	while (!rc && !begun) {
		struct rfa_git_commit commit;
		struct rfa_message message;

		rc = rfa_git_record_read(git, &at, &commit, &message, err);
		if (!rc && strcmp(message.head.run, run) != 0)
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger",
				      "run %s: commit %.12s is of another run", run,
				      git_oid_tostr_s(&at));
		/* Strictly downwards, so that the walk ends. */
		if (!rc && history->n > before &&
		    message.record.seq + 1 != history->records[history->n - 1].seq)
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger",
				      "run %s: a record is missing between %u and %u", run,
				      (unsigned)message.record.seq,
				      (unsigned)history->records[history->n - 1].seq);
		begun = !rc && message.record.kind == RFA_RECORD_BEGIN;
		if (!rc && !begun && (commit.n_parents != 1 || git_oid_cmp(&commit.tree, &empty)))
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger",
				      "run %s: commit %.12s is not as rfa writes records", run,
				      git_oid_tostr_s(&at));
		if (!rc && begun) {
			rfa_history_head(history, &message.head);
			rfa_copy(history->plan_sha256, sizeof(history->plan_sha256), message.plan);
			rfa_copy(history->author, sizeof(history->author), commit.author);
			*begin = at;
		}
		if (!rc)
			rc = rfa_history_add(history, &message.record, err);
		if (!rc && !begun)
			at = commit.parents[0];
		rfa_message_release(&message);
		rfa_git_commit_release(&commit);
	}
	if (rc)
		return rfa_error_where(err, "%s", git->path);
	rfa_history_reverse(history);
	return 0;
}

/* What END wrote down of itself, from main's tree. */
static int load_end(const json_t *ending, struct rfa_history *history, struct rfa_error *err)
{
	const char *text = rfa_facts_str(ending, "message", "");
	struct rfa_message message;
	int rc = rfa_message_parse(&message, text, strlen(text), err);

	if (!rc && (message.record.kind != RFA_RECORD_END ||
		    rfa_final_parse(message.record.outcome, &history->final)))
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger",
			      "run %s has an END without a final state", history->run);
	if (!rc)
		rc = rfa_history_add(history, &message.record, err);
	rfa_message_release(&message);
	return rc;
}

static int lost_ref(const struct rfa_git *git, const char *run, struct rfa_error *err)
{
	struct rfa_journal_text journal = { .text = RFA_BUF_INIT(0) };
	struct rfa_error ignored;
	char last[GIT_OID_HEXSZ + 1] = "";

	/* All that is behind it is in the journal. */
	if (!rfa_journal_read(git->path, run, &journal, &ignored))
		git_oid_tostr(last, sizeof(last), &journal.after);
	rfa_journal_release(&journal);
	rfa_fail(err, RFA_ECORRUPT, "ledger",
		 "run %s has not ended, and the ref that holds its records is gone", run);
	rfa_error_where(err, "%s/" RFA_GIT_RUNS "%s", git->path, run);
	if (last[0])
		return rfa_error_hint(err,
				      "put it back where its journal begins: "
				      "git -C %.200s update-ref " RFA_GIT_RUNS "%s %s",
				      git->path, run, last);
	return rfa_error_hint(err,
			      "find its last record: git -C %.200s fsck --lost-found; then "
			      "git update-ref " RFA_GIT_RUNS "%s COMMIT",
			      git->path, run);
}

/* STALE: the run ended while we looked. */
static int load_once(const struct rfa_git *git, const char *run, struct rfa_history *history,
		     struct rfa_error *err)
{
	struct rfa_git_tree *main = NULL, *then = NULL;
	char path[RFA_LEDGER_PATH_MAX];
	json_t *ending = NULL;
	git_oid tip, begin, plan;
	int rc;

	rc = rfa_git_tree_of(git, NULL, &main, err);
	if (rc)
		return rc;
	rfa_path_of_run(run, ".plan.json", path);
	rc = rfa_git_tree_find(main, path, &plan, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no run %s", run);
		rfa_error_where(err, "%s", git->path);
		rfa_error_hint(err, "rfa runs");
	}
	if (rc)
		goto done;
	rfa_path_of_run(run, ".end.json", path);
	rc = rfa_git_tree_json(main, path, &ending, err);
	if (!rc) {
		if (git_oid_fromstr(&tip, rfa_facts_str(ending, "tip", "")))
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "run %s: %s names no record",
				      run, path);
	} else if (rc == -(int)RFA_ENOTFOUND) {
		rc = rfa_git_tip(git, run, &tip, err);
		if (rc == -(int)RFA_ENOTFOUND)
			rc = rfa_fail(err, RFA_ESTALE, "ledger", "run %s has just ended", run);
	}
	if (!rc)
		rc = rfa_git_chain(git, run, &tip, history, &begin, err);
	if (!rc && ending)
		rc = load_end(ending, history, err);
	/* The plan from where the chain of hashes has it, not from what main shows today. */
	rfa_path_of_run(run, ".plan.json", path);
	if (!rc)
		rc = rfa_git_tree_of(git, &begin, &then, err);
	if (!rc)
		rc = rfa_git_tree_json(then, path, &history->plan, err);
	rfa_path_of_run(run, ".json", path);
	if (!rc && ending)
		rc = rfa_git_tree_json(main, path, &history->summary, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "run %s: %s is missing", run, path);
		rfa_error_where(err, "%s", git->path);
	}
	if (!rc)
		rc = rfa_history_check(history, err);
done:
	json_decref(ending);
	rfa_git_tree_free(main);
	rfa_git_tree_free(then);
	return rc;
}

int rfa_git_load(struct rfa_ledger *ledger, const char *run, struct rfa_history **out,
		 struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)ledger;
	struct rfa_history *history = NULL;
	int tries = 0;
	int rc;

	/* The ref of a run that ends goes after END is on main: a second look finds it there. */
	do {
		rfa_history_free(history);
		history = NULL;
		rc = rfa_history_new(&history, err);
		if (!rc)
			rc = load_once(git, run, history, err);
	} while (rc == -(int)RFA_ESTALE && ++tries < 3);
	if (rc == -(int)RFA_ESTALE)
		rc = lost_ref(git, run, err);
	if (rc) {
		rfa_history_free(history);
		return rc;
	}
	history->alive = history->final == RFA_FINAL_NONE && rfa_git_alive(git, run);
	*out = history;
	return 0;
}

int rfa_git_file(struct rfa_ledger *ledger, const char *path, struct rfa_buf *out,
		 struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	int rc = rfa_git_tree_of((struct rfa_git *)ledger, NULL, &tree, err);

	if (!rc)
		rc = rfa_git_tree_text(tree, path, out, err);
	rfa_git_tree_free(tree);
	return rc;
}

int rfa_git_names(struct rfa_ledger *ledger, const char *folder, json_t *out, struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	int rc = rfa_git_tree_of((struct rfa_git *)ledger, NULL, &tree, err);

	if (!rc)
		rc = rfa_git_tree_names(tree, folder, out, err);
	rfa_git_tree_free(tree);
	return rc;
}

int rfa_git_head(struct rfa_ledger *ledger, char out[65], struct rfa_error *err)
{
	git_oid id;
	int rc = rfa_git_main((struct rfa_git *)ledger, &id, err);

	if (!rc)
		git_oid_tostr(out, 65, &id);
	return rc;
}
