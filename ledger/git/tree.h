/* main's tree while it is read or changed; loads only what is touched. */
#ifndef RFA_LEDGER_GIT_TREE_H
#define RFA_LEDGER_GIT_TREE_H

#include "ledger/git/git.h"

struct rfa_git_tree;

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

#endif
