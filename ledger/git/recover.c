/* What a killed or unlucky process left half-done, finished or swept when the ledger is opened. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/end.h"
#include "ledger/git/lock.h"
#include "ledger/git/pack.h"
#include "ledger/git/recover.h"
#include "ledger/git/records.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/lock.h"
#include "ledger/message.h"
#include "ledger/names.h"

/* How long an opening ledger waits to tidy up: somebody who works there tidies, too. */
#define RECOVER_WAIT_MS 2000

/* What an interrupted run has in its journal goes into git. A damaged one is told by whoever needs
 * that run. */
static int fold(const struct rfa_git *git, const char *run, int *unclean, struct rfa_error *err)
{
	struct rfa_lock lock = RFA_LOCK_INIT;
	char ref[RFA_GIT_REF_MAX];
	git_oid tip;
	int rc;

	if (!rfa_journal_exists(git->path, run))
		return 0;
	rc = rfa_git_lock_now(git, run, &lock, err);
	if (rc)
		return rc;
	*unclean |= lock.unclean;
	rfa_git_run_ref(run, ref);
	rfa_git_sweep_ref(git, ref);
	rc = rfa_git_fold(git, run, &tip, err);
	rfa_lock_release(&lock, 0);
	if (rc == -(int)RFA_ECORRUPT) {
		rfa_error_clear(err);
		return 0;
	}
	return rc;
}

/* A ref of a run that has ended, or that never began, is of no use; any other is left alone. */
static int recover_run(const struct rfa_git *git, struct rfa_git_tree *tree, const char *run,
		       int *unclean, struct rfa_error *err)
{
	struct rfa_lock lock = RFA_LOCK_INIT;
	struct rfa_git_commit commit;
	struct rfa_message message;
	char path[RFA_LEDGER_PATH_MAX];
	char ref[RFA_GIT_REF_MAX];
	git_oid id;
	int rc;

	rfa_path_of_run(run, ".end.json", path);
	rc = rfa_git_tree_find(tree, path, &id, err);
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_path_of_run(run, ".plan.json", path);
		rc = rfa_git_tree_find(tree, path, &id, err);
		if (!rc) /* unfinished: as it should be */
			return fold(git, run, unclean, err);
		if (rc != -(int)RFA_ENOTFOUND)
			return rc;
		rfa_git_run_ref(run, ref);
		if (rfa_git_ref_read(git, ref, &id, err))
			return 0;
		if (rfa_git_record_read(git, &id, &commit, &message, err) ||
		    message.record.kind != RFA_RECORD_BEGIN)
			ref[0] = '\0'; /* somebody's records: verify tells */
		rfa_message_release(&message);
		rfa_git_commit_release(&commit);
		rc = ref[0] ? rfa_git_lock_now(git, run, &lock, err) : 0;
		if (!rc && ref[0]) {
			rfa_git_sweep_ref(git, ref);
			rc = rfa_git_ref_drop(git, ref, err);
		}
	} else if (!rc) {
		rc = rfa_git_lock_now(git, run, &lock, err);
		rfa_git_run_ref(run, ref);
		/* Else they are somebody's records: verify tells. */
		if (!rc && rfa_git_end_has_all(git, tree, run)) {
			rfa_git_sweep_ref(git, ref);
			rc = rfa_git_finish(git, run, err);
		}
	}
	rfa_lock_release(&lock, 1);
	return rc;
}

static int is_unfinished_object(const char *name)
{
	return !strncmp(name, "tmp_obj", 7);
}

/*
 * Looks at the runs' locks: drops those of runs that are over, and removes the unfinished objects
 * of a killed writer when surely nobody is writing one now (we hold the ledger's flock, which a
 * driver passes before its first write).
 */
static void sweep_locks(const struct rfa_git *git, struct rfa_git_tree *tree, int unclean)
{
	struct rfa_error ignored;
	struct dirent *entry;
	char folder[PATH_MAX];
	int alive = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/rfa/locks", git->path);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		const char *run = entry->d_name + 4;
		struct rfa_lock lock = RFA_LOCK_INIT;
		char path[RFA_LEDGER_PATH_MAX];
		char ref[RFA_GIT_REF_MAX];
		git_oid id;

		if (strncmp(entry->d_name, "run-", 4) != 0 || !rfa_run_id_ok(run))
			continue;
		if (rfa_git_lock_now(git, run, &lock, &ignored)) {
			alive = 1;
			continue;
		}
		unclean |= lock.unclean;
		rfa_path_of_run(run, ".end.json", path);
		if (!rfa_git_tree_find(tree, path, &id, &ignored)) {
			/* Killed when its ref was gone, and the ref's own lock was not. */
			rfa_git_run_ref(run, ref);
			rfa_git_sweep_ref(git, ref);
			rfa_lock_release(&lock, 1);
			continue;
		}
		rfa_path_of_run(run, ".plan.json", path);
		rfa_lock_release(&lock, rfa_git_tree_find(tree, path, &id, &ignored) != 0);
	}
	if (dir)
		closedir(dir);
	if (unclean && !alive) {
		snprintf(folder, sizeof(folder), "%s/objects", git->path);
		rfa_remove_files(folder, 0, is_unfinished_object);
	}
}

static int recover_locked(const struct rfa_git *git, int unclean, struct rfa_error *err)
{
	struct rfa_git_tree *tree = NULL;
	json_t *refs = NULL;
	json_t *ref;
	size_t i;
	int rc;

	rfa_git_sweep_shared(git);
	rfa_git_pack_sweep(git);
	rc = rfa_git_tree_of(git, NULL, &tree, err);
	if (!rc)
		rc = rfa_git_ref_names(git, RFA_GIT_RUNS, &refs, err);
	json_array_foreach (refs, i, ref) {
		const char *run = json_string_value(ref) + strlen(RFA_GIT_RUNS);

		if (!rc && rfa_run_id_ok(run))
			rc = recover_run(git, tree, run, &unclean, err);
		/* Another process is at it, which finishes it itself. */
		if (rc == -(int)RFA_ELOCKED)
			rc = 0;
	}
	if (!rc)
		rfa_git_sweep_journals(git, tree);
	if (!rc)
		sweep_locks(git, tree, unclean);
	json_decref(refs);
	rfa_git_tree_free(tree);
	return rc;
}

int rfa_git_recover(const struct rfa_git *git, struct rfa_error *err)
{
	struct rfa_lock lock = RFA_LOCK_INIT;
	char path[PATH_MAX];
	int rc;

	/* A copy made by `git clone --mirror` has no such folder; a reader may not write here. */
	rc = rfa_mkdir_synced(git->path, "rfa/locks", err);
	if (rc || access(git->path, W_OK))
		return 0;
	rfa_git_lock_path(git, NULL, path, sizeof(path));
	rc = rfa_lock_take(&lock, path, RECOVER_WAIT_MS, err);
	if (!rc)
		rc = recover_locked(git, lock.unclean, err);
	rfa_lock_release(&lock, 0);
	/* A ledger on a full or busy disk, or a damaged one, can still be read and verified; the
	   next open tidies up. */
	if (rc == -(int)RFA_EIO || rc == -(int)RFA_ENOSPACE || rc == -(int)RFA_ELOCKED ||
	    rc == -(int)RFA_ECORRUPT) {
		rfa_error_clear(err);
		return 0;
	}
	return rc;
}
