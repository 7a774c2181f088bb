/* Where a run's last record is: on its ref, or behind that in its journal. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "ledger/git/commit.h"
#include "ledger/git/error.h"
#include "ledger/git/fresh.h"
#include "ledger/git/lock.h"
#include "ledger/git/object.h"
#include "ledger/git/records.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/names.h"

/* A run whose journal is folded while it is read is looked at again. */
#define MOST_LOOKS 5

/* Each record on top of the one before it; else the journal holds something else. */
static int check_chain(const struct rfa_git *git, const char *run,
		       const struct rfa_journal_text *journal, struct rfa_error *err)
{
	const git_oid *before = &journal->after;
	char line[GIT_OID_HEXSZ + 16], hex[GIT_OID_HEXSZ + 1];

	for (size_t i = 0; i < journal->n; i++) {
		const struct rfa_journal_record *record = &journal->records[i];

		git_oid_tostr(hex, sizeof(hex), before);
		snprintf(line, sizeof(line), "\nparent %s\n", hex);
		/* Behind "tree <40 hex>". */
		if (record->len < 45 + strlen(line) ||
		    memcmp(record->data + 45, line, strlen(line)) != 0) {
			rfa_fail(err, RFA_ECORRUPT, "ledger",
				 "the journal of run %s has a record that does not follow %.12s",
				 run, hex);
			return rfa_error_where(err, "%s/" RFA_GIT_JOURNALS "/%s", git->path, run);
		}
		before = &record->id;
	}
	return 0;
}

/* 1: the ref is where the journal begins, or at one of its records. */
static int follows(const struct rfa_journal_text *journal, const git_oid *ref)
{
	int yes = git_oid_equal(&journal->after, ref);

	for (size_t i = 0; !yes && i < journal->n; i++)
		yes = git_oid_equal(&journal->records[i].id, ref);
	return yes;
}

/*
 * The journal first, the ref second: a fold moves the ref before the journal goes, so what is seen
 * is all that there was at the first look, or more. STALE: both are new since.
 */
static int read_both(const struct rfa_git *git, const char *run, struct rfa_journal_text *journal,
		     git_oid *ref, struct rfa_error *err)
{
	char name[RFA_GIT_REF_MAX];
	int none;
	int rc = rfa_journal_read(git->path, run, journal, err);

	none = rc == -(int)RFA_ENOTFOUND;
	if (!none && !rc)
		rc = check_chain(git, run, journal, err);
	if (rc && !none)
		return rc;
	rfa_git_run_ref(run, name);
	rc = rfa_git_ref_read(git, name, ref, err);
	if (rc || none || follows(journal, ref))
		return rc;
	rfa_fail(err, RFA_ESTALE, "ledger", "the journal of run %s is not one of its ref", run);
	rfa_error_where(err, "%s/" RFA_GIT_JOURNALS "/%s", git->path, run);
	return -(int)RFA_ESTALE;
}

static int read_settled(const struct rfa_git *git, const char *run,
			struct rfa_journal_text *journal, git_oid *ref, struct rfa_error *err)
{
	int rc = -(int)RFA_ESTALE;

	for (int looks = 0; rc == -(int)RFA_ESTALE && looks < MOST_LOOKS; looks++) {
		rfa_journal_release(journal);
		rc = read_both(git, run, journal, ref, err);
	}
	if (rc != -(int)RFA_ESTALE)
		return rc;
	rfa_fail(err, RFA_ECORRUPT, "ledger",
		 "the journal of run %s begins at %.12s, and its ref is elsewhere", run,
		 git_oid_tostr_s(&journal->after));
	rfa_error_where(err, "%s/" RFA_GIT_JOURNALS "/%s", git->path, run);
	return rfa_error_hint(err,
			      "somebody moved the ref, or the file is of a copy of the ledger: git "
			      "-C %.200s log refs/rfa/runs/%s",
			      git->path, run);
}

int rfa_git_tip(const struct rfa_git *git, const char *run, git_oid *tip, struct rfa_error *err)
{
	struct rfa_journal_text journal = { .text = RFA_BUF_INIT(0) };
	int rc = read_settled(git, run, &journal, tip, err);

	rfa_fresh_forget(git);
	for (size_t i = 0; !rc && i < journal.n; i++) {
		const struct rfa_journal_record *record = &journal.records[i];

		*tip = record->id;
		rc = rfa_fresh_add(git, tip, GIT_OBJECT_COMMIT, record->data, record->len, 0, err);
	}
	rfa_journal_release(&journal);
	return rc;
}

int rfa_git_fold(const struct rfa_git *git, const char *run, git_oid *tip, struct rfa_error *err)
{
	struct rfa_journal_text journal = { .text = RFA_BUF_INIT(0) };
	char name[RFA_GIT_REF_MAX];
	git_oid ref;
	int rc = read_settled(git, run, &journal, &ref, err);

	*tip = ref;
	for (size_t i = 0; !rc && i < journal.n; i++)
		rc = rfa_git_write(git, tip, GIT_OBJECT_COMMIT, journal.records[i].data,
				   journal.records[i].len, err);
	rfa_git_run_ref(run, name);
	if (!rc && git_oid_cmp(tip, &ref))
		rc = rfa_git_ref_swap(git, name, tip, &ref, err);
	if (!rc)
		rc = rfa_fault("ledger.fold.moved", err);
	if (!rc)
		rfa_journal_drop(git->path, run);
	rfa_journal_release(&journal);
	return rc;
}

int rfa_git_settle(struct rfa_git_run *run, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	int rc;

	rfa_journal_close(&run->journal);
	rc = rfa_git_fold(git, run->base.head.run, &run->tip, err);
	if (!rc)
		run->kept = run->tip;
	return rc;
}

/* A journal with room for a record of `len` bytes. */
static int make_room(struct rfa_git_run *run, size_t len, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	struct rfa_lock lock = RFA_LOCK_INIT;
	git_oid tip = run->tip;
	int rc = 0;

	if (rfa_journal_fits(&run->journal, len))
		return 0;
	if (run->journal.fd >= 0) {
		rc = rfa_git_lock(git, NULL, &lock, err);
		if (!rc)
			rc = rfa_git_settle(run, err);
		rfa_lock_release(&lock, 0);
	}
	/* The record is made to follow the last one. */
	if (!rc && git_oid_cmp(&tip, &run->tip)) {
		rfa_fail(err, RFA_ECORRUPT, "ledger", "records of run %s are gone from its journal",
			 run->base.head.run);
		rc = rfa_error_where(err, "%s/" RFA_GIT_JOURNALS, git->path);
	}
	return rc ? rc
		  : rfa_journal_make(git->path, run->base.head.run, &run->kept, len, &run->journal,
				     err);
}

int rfa_git_record_add(struct rfa_git_run *run, const struct rfa_buf *commit, struct rfa_error *err)
{
	const struct rfa_git *git = (struct rfa_git *)run->base.ledger;
	git_oid id;
	int rc = make_room(run, commit->len, err);

	if (!rc && git_odb_hash(&id, commit->data, commit->len, GIT_OBJECT_COMMIT))
		rc = rfa_git_fail(err, -1, git->path, "a record could not be hashed");
	if (!rc)
		rc = rfa_journal_add(&run->journal, &id, commit->data, commit->len, err);
	if (!rc)
		rc = rfa_git_write(git, &id, GIT_OBJECT_COMMIT, commit->data, commit->len, err);
	if (!rc)
		run->tip = id;
	return rc;
}

/* 1: the record is END's last one, or one before that. */
static int end_has(const struct rfa_git *git, struct rfa_git_tree *main, const char *run,
		   const git_oid *id)
{
	char path[RFA_LEDGER_PATH_MAX];
	struct rfa_error ignored;
	json_t *ending = NULL;
	git_oid at, begin;
	int has = 0;
	int rc;

	rfa_path_of_run(run, ".end.json", path);
	rc = rfa_git_tree_json(main, path, &ending, &ignored);
	if (!rc && (git_oid_fromstr(&at, rfa_facts_str(ending, "tip", "")) ||
		    git_oid_fromstr(&begin, rfa_facts_str(ending, "begin", ""))))
		rc = -1;
	while (!rc && !(has = git_oid_equal(&at, id)) && git_oid_cmp(&at, &begin)) {
		struct rfa_git_commit commit;

		rc = rfa_git_commit_read(git, &at, &commit, &ignored);
		if (!rc && commit.n_parents)
			at = commit.parents[0];
		else
			rc = -1;
		rfa_git_commit_release(&commit);
	}
	json_decref(ending);
	return has;
}

int rfa_git_end_has_all(const struct rfa_git *git, struct rfa_git_tree *main, const char *run)
{
	struct rfa_error ignored;
	git_oid tip;

	return !rfa_git_tip(git, run, &tip, &ignored) && end_has(git, main, run, &tip);
}

struct sweep {
	const struct rfa_git *git;
	struct rfa_git_tree *main;
};

static void sweep_journal(void *user, const char *run)
{
	struct rfa_journal_text journal = { .text = RFA_BUF_INIT(0) };
	const struct sweep *sweep = user;
	struct rfa_error ignored;
	int rc = rfa_journal_read(sweep->git->path, run, &journal, &ignored);

	if (!rc && end_has(sweep->git, sweep->main, run,
			   journal.n ? &journal.records[journal.n - 1].id : &journal.after))
		rfa_journal_drop(sweep->git->path, run);
	rfa_journal_release(&journal);
}

void rfa_git_sweep_journals(const struct rfa_git *git, struct rfa_git_tree *main)
{
	struct sweep sweep = { git, main };

	rfa_journal_each(git->path, sweep_journal, &sweep);
}
