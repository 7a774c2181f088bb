/* All entries of a commit, as one list; names that no file can have are refused. */
#include "transports/git/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int rfa_git_wrong(struct rfa_error *err, const char *where, const char *fmt, ...)
{
	const git_error *last = git_error_last();
	const char *why = last && last->message ? last->message : "no reason was given";
	enum rfa_code code = RFA_EIO;
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (last && (last->klass == GIT_ERROR_ODB || last->klass == GIT_ERROR_ZLIB ||
		     last->klass == GIT_ERROR_OBJECT || last->klass == GIT_ERROR_TREE))
		code = RFA_ECORRUPT;
	rfa_fail(err, code, "git", "%s: %s", what, why);
	rfa_error_where(err, "%s", where);
	return code == RFA_ECORRUPT
		   ? rfa_error_hint(err, "remove the copy: the next release fetches it again")
		   : -(int)code;
}

static const char *where_of(const struct rfa_git_repository *r)
{
	return git_repository_path(r->repo);
}

static int refuse(const struct rfa_git_repository *r, const char *path, const char *why,
		  struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(2048);

	rfa_buf_put_printable(&safe, path, strlen(path), 200);
	rfa_fail(err, RFA_ECORRUPT, "git", "the commit has %s, %s", rfa_buf_str(&safe), why);
	rfa_buf_release(&safe);
	rfa_error_where(err, "%s", where_of(r));
	return rfa_error_hint(err, "look at it with git ls-tree -r, and ask who has made it");
}

static struct rfa_git_entry *add(struct rfa_git_repository *r, const char *path,
				 struct rfa_error *err)
{
	struct rfa_git_entry *one;

	if (r->n == RFA_GIT_ENTRIES_MAX) {
		rfa_fail(err, RFA_ETOOBIG, "git", "the commit has more than %d files",
			 RFA_GIT_ENTRIES_MAX);
		return NULL;
	}
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 256;
		struct rfa_git_entry *at = realloc(r->at, room * sizeof(*at));

		if (!at) {
			rfa_fail_nomem(err);
			return NULL;
		}
		r->at = at;
		r->room = room;
	}
	one = &r->at[r->n];
	memset(one, 0, sizeof(*one));
	one->path = strdup(path);
	if (!one->path) {
		rfa_fail_nomem(err);
		return NULL;
	}
	r->n++;
	return one;
}

/* One that another tool would take for a way out of the directory, or for git's own. */
static int is_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strcasecmp(name, ".git") != 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* git sorts a directory as if a slash followed, so that two of one name need not be neighbours. */
static int check_names(const struct rfa_git_repository *r, const git_tree *tree, const char *prefix,
		       struct rfa_error *err)
{
	size_t i, n = git_tree_entrycount(tree);
	const char **names = calloc(n + 1, sizeof(*names));
	char path[4096];
	int rc = names ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < n && !rc; i++) {
		names[i] = git_tree_entry_name(git_tree_entry_byindex(tree, i));
		snprintf(path, sizeof(path), "%s%s", prefix, names[i]);
		if (!is_name(names[i]))
			rc = refuse(r, path, "which is the name of no file", err);
	}
	if (names && !rc)
		qsort(names, n, sizeof(*names), by_name);
	for (i = 1; i < n && !rc; i++)
		if (!strcmp(names[i - 1], names[i]))
			rc = refuse(r, names[i], "and another one of this name", err);
	free(names);
	return rc;
}

static int walk(struct rfa_git_repository *r, const git_oid *id, const char *prefix, int depth,
		struct rfa_error *err);

static int size_of(struct rfa_git_repository *r, struct rfa_git_entry *one, struct rfa_error *err)
{
	git_object_t type;
	size_t size = 0;
	struct rfa_buf safe = RFA_BUF_INIT(2048);

	if (git_odb_read_header(&size, &type, r->odb, &one->id))
		return rfa_git_wrong(err, where_of(r), "a file of the commit cannot be read");
	one->size = size;
	if (type != GIT_OBJECT_BLOB)
		return refuse(r, one->path, "which is no file", err);
	if (size <= RFA_GIT_FILE_MAX)
		return 0;
	rfa_buf_put_printable(&safe, one->path, strlen(one->path), 200);
	rfa_fail(err, RFA_ETOOBIG, "git", "%s has more than 1 GiB", rfa_buf_str(&safe));
	rfa_buf_release(&safe);
	return rfa_error_hint(err, "what is so large belongs into no repository");
}

static int take(struct rfa_git_repository *r, const git_tree_entry *e, const char *prefix,
		int depth, struct rfa_error *err)
{
	char path[4096];
	struct rfa_git_entry *one;
	size_t len;
	git_filemode_t mode = git_tree_entry_filemode(e);

	if (snprintf(path, sizeof(path), "%s%s", prefix, git_tree_entry_name(e)) >=
	    (int)sizeof(path) - 1)
		return refuse(r, path, "whose path is too long", err);
	one = add(r, path, err);
	if (!one)
		return -(int)err->code;
	one->id = *git_tree_entry_id(e);
	one->type = mode == GIT_FILEMODE_TREE     ? 'd'
		    : mode == GIT_FILEMODE_LINK   ? 'l'
		    : mode == GIT_FILEMODE_COMMIT ? 'o'
						  : 'f';
	one->mode = mode == GIT_FILEMODE_TREE || mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755
		    : mode == GIT_FILEMODE_LINK                                       ? 0777
										      : 0644;
	if (one->type == 'f' || one->type == 'l')
		return size_of(r, one, err);
	if (one->type == 'o')
		return 0;
	len = strlen(path);
	path[len] = '/';
	path[len + 1] = '\0';
	return walk(r, git_tree_entry_id(e), path, depth + 1, err);
}

static int walk(struct rfa_git_repository *r, const git_oid *id, const char *prefix, int depth,
		struct rfa_error *err)
{
	git_tree *tree = NULL;
	size_t i;
	int rc;

	if (depth > RFA_GIT_DEPTH_MAX)
		return refuse(r, prefix, "which lies too deep", err);
	if (git_tree_lookup(&tree, r->repo, id))
		return rfa_git_wrong(err, where_of(r), "a directory of the commit cannot be read");
	rc = check_names(r, tree, prefix, err);
	for (i = 0; i < git_tree_entrycount(tree) && !rc; i++)
		rc = take(r, git_tree_entry_byindex(tree, i), prefix, depth, err);
	git_tree_free(tree);
	return rc;
}

int rfa_git_walk(struct rfa_git_repository *r, struct rfa_error *err)
{
	return walk(r, &r->tree, "", 0, err);
}

const struct rfa_git_entry *rfa_git_entry_of(const struct rfa_git_repository *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->at[i].path, path))
			return &r->at[i];
	return NULL;
}

int rfa_git_content(struct rfa_git_repository *r, const struct rfa_git_entry *entry,
		    git_odb_object **out, struct rfa_error *err)
{
	if (git_odb_read(out, r->odb, &entry->id))
		return rfa_git_wrong(err, where_of(r), "a file of the commit cannot be read");
	if (git_odb_object_size(*out) == entry->size)
		return 0;
	git_odb_object_free(*out);
	*out = NULL;
	return refuse(r, entry->path, "whose size is not what its header says", err);
}
