/* Inside the git ledger. Each function is in the file that its heading names. */
#ifndef RFA_LEDGER_GIT_H
#define RFA_LEDGER_GIT_H

#include <git2.h>

#include "ledger/internal.h"

#define RFA_GIT_MAIN "refs/heads/main"
#define RFA_GIT_RUNS "refs/rfa/runs/"
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

struct rfa_git {
	struct rfa_ledger base;
	git_repository *repo;
	git_odb *odb;
	char *path;                 /* owned; absolute, without a slash at its end */
	char id[GIT_OID_HEXSZ + 1]; /* the ledger's own name; "": not read yet */
};

struct rfa_git_run {
	struct rfa_ledger_run base;
	struct rfa_lock lock;
	git_oid begin; /* the commit on main that began it */
	git_oid tip;   /* its last record */
};

/* ---- git_repo.c ------------------------------------------------------------------------------ */

/* Turns libgit2's last error into ours: IO, NOSPACE, STALE or CORRUPT. */
int rfa_git_fail(struct rfa_error *err, int rc, const char *where, const char *fmt, ...)
    RFA_PRINTF(4, 5);
void rfa_git_lock_path(const struct rfa_git *git, const char *run, char *out, size_t size);
/* Takes the ledger's flock (`run` NULL) or a run's, to write. */
int rfa_git_lock(const struct rfa_git *git, const char *run, struct rfa_lock *lock,
		 struct rfa_error *err) RFA_MUST_USE;
/* Takes a run's at once or not at all, to tidy up. */
int rfa_git_lock_now(const struct rfa_git *git, const char *run, struct rfa_lock *lock,
		     struct rfa_error *err) RFA_MUST_USE;
/* 1 if a process drives the run now. */
int rfa_git_alive(const struct rfa_git *git, const char *run);

/* ---- git_object.c ---------------------------------------------------------------------------- */

/*
 * The bytes of an object of that kind, appended to out, and checked against its id. Never hangs,
 * whatever is on the disk. CORRUPT says which file, and how to mend it.
 */
int rfa_git_read(const struct rfa_git *git, const git_oid *id, git_object_t kind,
		 struct rfa_buf *out, struct rfa_error *err) RFA_MUST_USE;
/* Durable when it answers 0, even if an object of this id was there already. */
int rfa_git_write(const struct rfa_git *git, git_oid *id, git_object_t kind, const void *data,
		  size_t len, struct rfa_error *err) RFA_MUST_USE;

/* ---- git_commit.c ---------------------------------------------------------------------------- */

struct rfa_git_commit {
	git_oid tree;
	git_oid parents[2];
	size_t n_parents;
	int64_t committed; /* seconds */
	char author[128];
	struct rfa_buf text; /* owned */
	const char *message; /* within text */
	size_t message_len;
};
int rfa_git_commit_read(const struct rfa_git *git, const git_oid *id, struct rfa_git_commit *out,
			struct rfa_error *err) RFA_MUST_USE;
void rfa_git_commit_release(struct rfa_git_commit *commit);
/*
 * Writes a commit: the operator is its author, at wall_ms; rfa commits it, never before its
 * parents (a skewed clock would make git's walks slow and its order wrong).
 */
int rfa_git_commit_write(const struct rfa_git *git, git_oid *id, const git_oid *tree,
			 const git_oid *parents, size_t n_parents, int64_t wall_ms,
			 const char *message, struct rfa_error *err) RFA_MUST_USE;
/* The commit and the record that it holds. */
int rfa_git_record_read(const struct rfa_git *git, const git_oid *id, struct rfa_git_commit *commit,
			struct rfa_message *message, struct rfa_error *err) RFA_MUST_USE;

/* ---- git_refs.c ------------------------------------------------------------------------------ */

/* NOTFOUND when there is none. */
int rfa_git_ref_read(const struct rfa_git *git, const char *name, git_oid *out,
		     struct rfa_error *err) RFA_MUST_USE;
int rfa_git_main(const struct rfa_git *git, git_oid *out, struct rfa_error *err) RFA_MUST_USE;
/* Compare and swap; `was` NULL: there must be none. STALE when somebody was first. */
int rfa_git_ref_swap(const struct rfa_git *git, const char *name, const git_oid *id,
		     const git_oid *was, struct rfa_error *err) RFA_MUST_USE;
/* Removes it; none is no error. */
int rfa_git_ref_drop(const struct rfa_git *git, const char *name,
		     struct rfa_error *err) RFA_MUST_USE;
/* Names below a prefix, sorted. *out: array of strings (new). */
int rfa_git_ref_names(const struct rfa_git *git, const char *prefix, json_t **out,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_git_run_ref(const char *run, char out[RFA_GIT_REF_MAX]);
/* Removes what a killed writer left of the ref's lock. Only under the flock that guards the ref. */
void rfa_git_sweep_ref(const struct rfa_git *git, const char *name);
/* The same for main, HEAD, packed-refs and the tags. Only under the ledger's flock. */
void rfa_git_sweep_shared(const struct rfa_git *git);

/* ---- git_tree.c ------------------------------------------------------------------------------ */

struct rfa_git_tree; /* main's tree while it is read or changed; loads only what is touched */

int rfa_git_tree_open(const struct rfa_git *git, const git_oid *id, struct rfa_git_tree **out,
		      struct rfa_error *err) RFA_MUST_USE;
/* The tree of a commit, or of main's head. */
int rfa_git_tree_of(const struct rfa_git *git, const git_oid *commit, struct rfa_git_tree **out,
		    struct rfa_error *err) RFA_MUST_USE;
void rfa_git_tree_free(struct rfa_git_tree *tree);
/* The blob at path: 0; NOTFOUND. */
int rfa_git_tree_find(struct rfa_git_tree *tree, const char *path, git_oid *out,
		      struct rfa_error *err) RFA_MUST_USE;
/* Its bytes, appended to out. */
int rfa_git_tree_text(struct rfa_git_tree *tree, const char *path, struct rfa_buf *out,
		      struct rfa_error *err) RFA_MUST_USE;
/* It as JSON: *out is new. */
int rfa_git_tree_json(struct rfa_git_tree *tree, const char *path, json_t **out,
		      struct rfa_error *err) RFA_MUST_USE;
/* Appends the names in a folder, sorted; none if there is no such folder. */
int rfa_git_tree_names(struct rfa_git_tree *tree, const char *folder, json_t *out,
		       struct rfa_error *err) RFA_MUST_USE;
int rfa_git_tree_put(struct rfa_git_tree *tree, const char *path, const git_oid *blob,
		     struct rfa_error *err) RFA_MUST_USE;
int rfa_git_tree_put_text(struct rfa_git_tree *tree, const char *path, const char *text, size_t len,
			  struct rfa_error *err) RFA_MUST_USE;
/* Folders that become empty go too. None there is no error. */
int rfa_git_tree_remove(struct rfa_git_tree *tree, const char *path,
			struct rfa_error *err) RFA_MUST_USE;
/* Writes what has changed; the id of the whole. */
int rfa_git_tree_write(struct rfa_git_tree *tree, git_oid *out, struct rfa_error *err) RFA_MUST_USE;
/* Calls `each` for every file that differs; was, is: NULL where there is none. */
int rfa_git_tree_diff(const struct rfa_git *git, const git_oid *before, const git_oid *after,
		      int (*each)(void *user, const char *path, const git_oid *was,
				  const git_oid *is),
		      void *user, struct rfa_error *err) RFA_MUST_USE;

/* ---- git_write.c: begin, attach, append, end, detach ------------------------------------------
 */

int rfa_git_begin(struct rfa_ledger *ledger, const struct rfa_run_head *head, const json_t *plan,
		  struct rfa_ledger_run **out, char *blocker, struct rfa_error *err) RFA_MUST_USE;
int rfa_git_attach(struct rfa_ledger *ledger, const char *run, struct rfa_ledger_run **out,
		   struct rfa_error *err) RFA_MUST_USE;
int rfa_git_append(struct rfa_ledger_run *run, const struct rfa_record *record, const char *subject,
		   struct rfa_error *err) RFA_MUST_USE;
void rfa_git_detach(struct rfa_ledger_run *run);

/* ---- git_end.c ------------------------------------------------------------------------------- */

int rfa_git_end(struct rfa_ledger_run *run, const struct rfa_record *record, const char *subject,
		const struct rfa_ledger_end *end, struct rfa_error *err) RFA_MUST_USE;
/* What follows the merge of an ended run: tag, then its ref is dropped. Idempotent; under the
 * ledger's flock and the run's. */
int rfa_git_finish(const struct rfa_git *git, const char *run, struct rfa_error *err) RFA_MUST_USE;

/* ---- git_tags.c ------------------------------------------------------------------------------ */

/* Makes the tag rollback/<env>/<stack>/<point> on the commit. */
int rfa_git_tag_make(const struct rfa_git *git, const struct rfa_run_head *head, const char *point,
		     const char *text, const git_oid *target, struct rfa_error *err) RFA_MUST_USE;
/* Drops the tags that main's last/<env>/<stack>.json does not list: each write of a ref looks at
 * all refs. The points themselves stay on main. */
int rfa_git_tag_prune(const struct rfa_git *git, const struct rfa_run_head *head,
		      struct rfa_error *err) RFA_MUST_USE;

/* ---- git_recover.c --------------------------------------------------------------------------- */

/* Whatever a killed or unlucky process left half-done. Under no lock; takes the ledger's. */
int rfa_git_recover(const struct rfa_git *git, struct rfa_error *err) RFA_MUST_USE;

/* ---- git_load.c: load, read, names, head ------------------------------------------------------
 */

int rfa_git_load(struct rfa_ledger *ledger, const char *run, struct rfa_history **out,
		 struct rfa_error *err) RFA_MUST_USE;
/* The records from tip back to BEGIN, into history in their order; *begin: BEGIN's commit. */
int rfa_git_chain(const struct rfa_git *git, const char *run, const git_oid *tip,
		  struct rfa_history *history, git_oid *begin, struct rfa_error *err) RFA_MUST_USE;
int rfa_git_file(struct rfa_ledger *ledger, const char *path, struct rfa_buf *out,
		 struct rfa_error *err) RFA_MUST_USE;
int rfa_git_names(struct rfa_ledger *ledger, const char *folder, json_t *out,
		  struct rfa_error *err) RFA_MUST_USE;
int rfa_git_head(struct rfa_ledger *ledger, char out[65], struct rfa_error *err) RFA_MUST_USE;

/* ---- git_heads.c ------------------------------------------------------------------------------
 */

int rfa_git_id(struct rfa_ledger *ledger, char out[65], struct rfa_error *err) RFA_MUST_USE;
int rfa_git_knows(struct rfa_ledger *ledger, const char *head, int *known,
		  struct rfa_error *err) RFA_MUST_USE;

/* ---- git_list.c, git_verify.c -----------------------------------------------------------------
 */

int rfa_git_list(struct rfa_ledger *ledger, const struct rfa_ledger_filter *filter,
		 int (*each)(void *, const struct rfa_ledger_line *), void *user,
		 struct rfa_error *err) RFA_MUST_USE;
int rfa_git_verify(struct rfa_ledger *ledger,
		   int (*legal)(void *, const struct rfa_history *, struct rfa_error *),
		   void (*each)(void *, const struct rfa_ledger_finding *), void *user,
		   struct rfa_error *err) RFA_MUST_USE;

#endif
