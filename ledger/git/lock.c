/* The ledger's flock, and those of its runs. */
#include <limits.h>
#include <stdio.h>

#include "ledger/git/git.h"
#include "ledger/git/lock.h"
#include "ledger/lock.h"

void rfa_git_lock_path(const struct rfa_git *git, const char *run, char *out, size_t size)
{
	snprintf(out, size, "%s/rfa/locks/%s%s", git->path, run ? "run-" : "ledger",
		 run ? run : "");
}

int rfa_git_lock(const struct rfa_git *git, const char *run, struct rfa_lock *lock,
		 struct rfa_error *err)
{
	char path[PATH_MAX];

	rfa_git_lock_path(git, run, path, sizeof(path));
	return rfa_lock_take(lock, path, run ? RFA_GIT_RUN_WAIT_MS : RFA_GIT_WAIT_MS, err);
}

int rfa_git_lock_now(const struct rfa_git *git, const char *run, struct rfa_lock *lock,
		     struct rfa_error *err)
{
	char path[PATH_MAX];

	rfa_git_lock_path(git, run, path, sizeof(path));
	return rfa_lock_take(lock, path, 0, err);
}

int rfa_git_alive(const struct rfa_git *git, const char *run)
{
	char path[PATH_MAX];

	rfa_git_lock_path(git, run, path, sizeof(path));
	return rfa_lock_held(path);
}
