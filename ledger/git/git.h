/* The git ledger in memory: a repository that is open, and a run in it. */
#ifndef RFA_LEDGER_GIT_GIT_H
#define RFA_LEDGER_GIT_GIT_H

#include <git2.h>

#include "ledger/git/journal.h"
#include "ledger/internal.h"
#include "ledger/lock.h"

#define RFA_GIT_MAIN "refs/heads/main"
#define RFA_GIT_RUNS "refs/rfa/runs/"
#define RFA_GIT_CHANNELS "refs/rfa/notify/"
#define RFA_GIT_TAGS "refs/tags/rollback/"
#define RFA_GIT_REF_MAX 384
/* The tree that has no file: known to every git. */
#define RFA_GIT_EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
/* How long an append to main waits for another one, which takes milliseconds. */
#define RFA_GIT_WAIT_MS 60000
/* How long a run's lock is tried for: longer than a look at it by a listing, or an open. */
#define RFA_GIT_RUN_WAIT_MS 500
/* No object that rfa writes is larger. */
#define RFA_GIT_OBJECT_MAX (64u << 20)
/* So many loose objects are packed: those of some 15 runs. */
#define RFA_GIT_LOOSE_MAX 1024

struct rfa_fresh;

struct rfa_git {
	struct rfa_ledger base;
	git_repository *repo;
	git_odb *odb;
	struct rfa_fresh *fresh;    /* objects that are not on the disk yet; owned */
	char *path;                 /* owned; absolute, without a slash at its end */
	char id[GIT_OID_HEXSZ + 1]; /* the ledger's own name; "": not read yet */
	int64_t format;             /* what its configuration says; 0: nothing (format.h) */
};

struct rfa_git_run {
	struct rfa_ledger_run base;
	struct rfa_lock lock;
	git_oid begin; /* the commit on main that began it */
	git_oid tip;   /* its last record */
	git_oid kept;  /* the last one that its ref has: what is behind that is in the journal */
	struct rfa_journal journal;
};

#endif
