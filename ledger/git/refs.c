/* Refs: read, swapped, dropped; and the locks that a killed writer leaves beside them. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/error.h"
#include "ledger/git/fresh.h"
#include "ledger/git/refs.h"

void rfa_git_run_ref(const char *run, char out[RFA_GIT_REF_MAX])
{
	snprintf(out, RFA_GIT_REF_MAX, RFA_GIT_RUNS "%s", run);
}

int rfa_git_ref_read(const struct rfa_git *git, const char *name, git_oid *out,
		     struct rfa_error *err)
{
	int rc = git_reference_name_to_id(out, git->repo, name);

	if (rc == GIT_ENOTFOUND) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no ref %s", name);
		return rfa_error_where(err, "%s", git->path);
	}
	return rc ? rfa_git_fail(err, rc, git->path, "ref %s could not be read", name) : 0;
}

int rfa_git_main(const struct rfa_git *git, git_oid *out, struct rfa_error *err)
{
	int rc = rfa_git_ref_read(git, RFA_GIT_MAIN, out, err);

	if (rc != -(int)RFA_ENOTFOUND)
		return rc;
	rfa_fail(err, RFA_ECORRUPT, "ledger", "the branch main is gone");
	rfa_error_where(err, "%s", git->path);
	return rfa_error_hint(err,
			      "find its last commit: git -C %.200s fsck --lost-found; then "
			      "git update-ref " RFA_GIT_MAIN " COMMIT",
			      git->path);
}

int rfa_git_ref_swap(const struct rfa_git *git, const char *name, const git_oid *id,
		     const git_oid *was, struct rfa_error *err)
{
	git_oid none = { { 0 } };
	git_reference *ref = NULL;
	int rc = rfa_fresh_store(git, err);

	if (rc)
		return rc;
	/* Compares and writes under the ref's own lock, also for the first commit of a ref
	   (git_commit_create_from_ids does not compare there). */
	rc = git_reference_create_matching(&ref, git->repo, name, id, 1, was ? was : &none, NULL);
	git_reference_free(ref);
	if (rc == GIT_EMODIFIED || rc == GIT_EEXISTS)
		return rfa_fail(err, RFA_ESTALE, "ledger", "somebody else moved %s first", name);
	if (rc == GIT_ELOCKED) {
		rfa_fail(err, RFA_ELOCKED, "ledger", "%s is locked by another program", name);
		rfa_error_where(err, "%s", git->path);
		return rfa_error_hint(err, "wait for the git command that works in the ledger");
	}
	return rc ? rfa_git_fail(err, rc, git->path, "ref %s could not be written", name) : 0;
}

int rfa_git_ref_drop(const struct rfa_git *git, const char *name, struct rfa_error *err)
{
	int rc = git_reference_remove(git->repo, name);

	if (rc && rc != GIT_ENOTFOUND)
		return rfa_git_fail(err, rc, git->path, "ref %s could not be dropped", name);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rfa_git_ref_names(const struct rfa_git *git, const char *prefix, json_t **out,
		      struct rfa_error *err)
{
	git_reference_iterator *it = NULL;
	const char *name;
	char glob[RFA_GIT_REF_MAX];
	char **names = NULL;
	size_t n = 0, cap = 0;
	json_t *list = json_array();
	int rc;

	snprintf(glob, sizeof(glob), "%s*", prefix);
	rc = git_reference_iterator_glob_new(&it, git->repo, glob);
	if (!list || rc) {
		rc = list ? rfa_git_fail(err, rc, git->path, "refs could not be listed")
			  : rfa_fail_nomem(err);
		goto done;
	}
	while (!(rc = git_reference_next_name(&name, it))) {
		if (n == cap) {
			char **more = realloc(names, (cap = cap ? cap * 2 : 16) * sizeof(*names));

			if (!more) {
				rc = rfa_fail_nomem(err);
				goto done;
			}
			names = more;
		}
		names[n] = strdup(name);
		if (!names[n++]) {
			rc = rfa_fail_nomem(err);
			goto done;
		}
	}
	if (rc != GIT_ITEROVER) {
		rc = rfa_git_fail(err, rc, git->path, "refs could not be listed");
		goto done;
	}
	rc = 0;
	if (n)
		qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; i < n && !rc; i++)
		if (json_array_append_new(list, json_string(names[i])))
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "a ref's name is not UTF-8");
done:
	git_reference_iterator_free(it);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	if (rc)
		json_decref(list);
	else
		*out = list;
	return rc;
}

static void remove_lock(const struct rfa_git *git, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s.lock", git->path, name) < (int)sizeof(path) &&
	    unlink(path))
		return; /* none, as nearly always; else the writer will say what is in its way */
}

void rfa_git_sweep_ref(const struct rfa_git *git, const char *name)
{
	remove_lock(git, name);
}

static int is_lock(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && !strcmp(name + len - 5, ".lock");
}

void rfa_git_sweep_shared(const struct rfa_git *git)
{
	char tags[PATH_MAX];

	remove_lock(git, RFA_GIT_MAIN);
	remove_lock(git, "HEAD");
	remove_lock(git, "packed-refs");
	snprintf(tags, sizeof(tags), "%s/" RFA_GIT_TAGS, git->path);
	rfa_remove_files(tags, 8, is_lock);
}
