/*
 * main's tree while it is read or changed. Only the folders on the way to a touched file are
 * read and written, so that an entry costs the same whatever else the ledger holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "ledger/git/git.h"
#include "ledger/git/commit.h"
#include "ledger/git/object.h"
#include "ledger/git/refs.h"
#include "ledger/git/tree.h"
#include "ledger/names.h"

enum { FILE_MODE = 0100644, FOLDER_MODE = 040000 };

struct node {
	char *name; /* owned */
	unsigned mode;
	git_oid id; /* as it is in the ledger; not valid when dirty */
	int loaded, dirty;
	struct node *kids; /* owned; of a loaded folder, sorted as git sorts */
	size_t n;
};

struct rfa_git_tree {
	const struct rfa_git *git;
	struct node root;
};

static void node_release(struct node *node)
{
	for (size_t i = 0; i < node->n; i++)
		node_release(&node->kids[i]);
	free(node->kids);
	free(node->name);
}

/* Git sorts a folder as if its name ended with a slash. */
static int compare(const char *a, size_t a_len, int a_dir, const char *b, size_t b_len, int b_dir)
{
	size_t n = a_len < b_len ? a_len : b_len;
	int rc = memcmp(a, b, n);
	unsigned char x, y;

	if (rc)
		return rc;
	x = (unsigned char)(a_len > n ? a[n] : a_dir ? '/' : '\0');
	y = (unsigned char)(b_len > n ? b[n] : b_dir ? '/' : '\0');
	return (x > y) - (x < y);
}

static int insert(struct node *folder, size_t at, const char *name, size_t len, unsigned mode,
		  struct rfa_error *err)
{
	struct node node = { 0 };

	node.name = strndup(name, len);
	node.mode = mode;
	if (!node.name)
		return rfa_fail_nomem(err);
	/* Room in powers of two, from 8. */
	if (!folder->kids || (folder->n >= 8 && !(folder->n & (folder->n - 1)))) {
		size_t cap = folder->n < 8 ? 8 : folder->n * 2;
		struct node *kids = realloc(folder->kids, cap * sizeof(*kids));

		if (!kids) {
			free(node.name);
			return rfa_fail_nomem(err);
		}
		folder->kids = kids;
	}
	memmove(folder->kids + at + 1, folder->kids + at, (folder->n - at) * sizeof(node));
	folder->kids[at] = node;
	folder->n++;
	return 0;
}

/* Where the name is, or would be (*found 0). A file and a folder of one name exclude each other. */
static size_t locate(const struct node *folder, const char *name, size_t len, int dir, int *found)
{
	size_t low = 0, high = folder->n;

	*found = 0;
	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct node *kid = &folder->kids[mid];
		int rc =
		    compare(name, len, dir, kid->name, strlen(kid->name), kid->mode == FOLDER_MODE);

		if (!rc) {
			*found = 1;
			return mid;
		}
		if (rc < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static int load(const struct rfa_git *git, struct node *folder, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	const char *at, *end;
	int rc;

	if (folder->loaded)
		return 0;
	rc = rfa_git_read(git, &folder->id, GIT_OBJECT_TREE, &text, err);
	at = rfa_buf_str(&text);
	end = at + text.len;
	/* "<octal mode> <name>\0<20 bytes of id>", sorted. */
	while (!rc && at < end) {
		char *space;
		unsigned long mode = strtoul(at, &space, 8);
		const char *nul = memchr(at, '\0', (size_t)(end - at));

		if (*space != ' ' || !nul || nul <= space + 1 || end - nul - 1 < GIT_OID_RAWSZ) {
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "tree %s is malformed",
				      git_oid_tostr_s(&folder->id));
			break;
		}
		rc = insert(folder, folder->n, space + 1, (size_t)(nul - space - 1), (unsigned)mode,
			    err);
		if (!rc)
			memcpy(folder->kids[folder->n - 1].id.id, nul + 1, GIT_OID_RAWSZ);
		at = nul + 1 + GIT_OID_RAWSZ;
	}
	folder->loaded = !rc;
	rfa_buf_release(&text);
	return rc;
}

int rfa_git_tree_open(const struct rfa_git *git, const git_oid *id, struct rfa_git_tree **out,
		      struct rfa_error *err)
{
	struct rfa_git_tree *tree = calloc(1, sizeof(*tree));
	int rc;

	if (!tree)
		return rfa_fail_nomem(err);
	tree->git = git;
	tree->root.mode = FOLDER_MODE;
	tree->root.id = *id;
	rc = load(git, &tree->root, err);
	if (rc)
		rfa_git_tree_free(tree);
	else
		*out = tree;
	return rc;
}

int rfa_git_tree_of(const struct rfa_git *git, const git_oid *commit, struct rfa_git_tree **out,
		    struct rfa_error *err)
{
	struct rfa_git_commit read;
	git_oid head;
	int rc = 0;

	if (!commit) {
		rc = rfa_git_main(git, &head, err);
		commit = &head;
	}
	if (rc)
		return rc;
	rc = rfa_git_commit_read(git, commit, &read, err);
	if (!rc)
		rc = rfa_git_tree_open(git, &read.tree, out, err);
	rfa_git_commit_release(&read);
	return rc;
}

void rfa_git_tree_free(struct rfa_git_tree *tree)
{
	if (!tree)
		return;
	node_release(&tree->root);
	free(tree);
}

/* The node at path, or *out NULL. */
static int find(struct rfa_git_tree *tree, const char *path, struct node **out,
		struct rfa_error *err)
{
	struct node *at = &tree->root;
	int rc = 0;

	*out = NULL;
	for (;;) {
		size_t len = strcspn(path, "/");
		int found;
		size_t i;

		if (at->mode != FOLDER_MODE)
			return 0;
		rc = load(tree->git, at, err);
		if (rc)
			return rc;
		i = locate(at, path, len, path[len] == '/', &found);
		if (!found && !path[len])
			i = locate(at, path, len, 1, &found); /* a folder asked for by name */
		if (!found)
			return 0;
		at = &at->kids[i];
		if (!path[len]) {
			*out = at;
			return 0;
		}
		path += len + 1;
	}
}

int rfa_git_tree_find(struct rfa_git_tree *tree, const char *path, git_oid *out,
		      struct rfa_error *err)
{
	struct node *node;
	int rc = find(tree, path, &node, err);

	if (rc)
		return rc;
	if (!node || node->mode == FOLDER_MODE) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "the ledger has no file %.200s", path);
		return rfa_error_where(err, "%s", tree->git->path);
	}
	*out = node->id;
	return 0;
}

int rfa_git_tree_text(struct rfa_git_tree *tree, const char *path, struct rfa_buf *out,
		      struct rfa_error *err)
{
	git_oid id;
	int rc = rfa_git_tree_find(tree, path, &id, err);

	return rc ? rc : rfa_git_read(tree->git, &id, GIT_OBJECT_BLOB, out, err);
}

int rfa_git_tree_json(struct rfa_git_tree *tree, const char *path, json_t **out,
		      struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	int rc = rfa_git_tree_text(tree, path, &text, err);

	if (!rc && rfa_facts_parse(out, rfa_buf_str(&text), text.len, path, err)) {
		rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "%.200s is no JSON", path);
		rfa_error_where(err, "%s", tree->git->path);
	}
	rfa_buf_release(&text);
	return rc;
}

int rfa_git_tree_names(struct rfa_git_tree *tree, const char *folder, json_t *out,
		       struct rfa_error *err)
{
	struct node *node;
	int rc = find(tree, folder, &node, err);

	if (rc || !node || node->mode != FOLDER_MODE)
		return rc;
	rc = load(tree->git, node, err);
	for (size_t i = 0; !rc && i < node->n; i++)
		if (json_array_append_new(out, json_string(node->kids[i].name)))
			rc = rfa_fail(err, RFA_ECORRUPT, "ledger", "a file's name is not UTF-8");
	return rc;
}

int rfa_git_tree_put(struct rfa_git_tree *tree, const char *path, const git_oid *blob,
		     struct rfa_error *err)
{
	struct node *at = &tree->root;
	const char *whole = path;
	int rc;

	for (;;) {
		size_t len = strcspn(path, "/");
		int dir = path[len] == '/';
		int found, other;
		size_t i;

		rc = load(tree->git, at, err);
		if (rc)
			return rc;
		at->dirty = 1;
		i = locate(at, path, len, dir, &found);
		locate(at, path, len, !dir, &other);
		if (other)
			return rfa_fail(err, RFA_EINTERNAL, "ledger",
					"%.200s is both a file and a folder", whole);
		if (!found) {
			rc = insert(at, i, path, len, dir ? FOLDER_MODE : FILE_MODE, err);
			if (rc)
				return rc;
			at->kids[i].loaded = 1;
		}
		at = &at->kids[i];
		if (!dir) {
			at->id = *blob;
			return 0;
		}
		path += len + 1;
	}
}

int rfa_git_tree_put_text(struct rfa_git_tree *tree, const char *path, const char *text, size_t len,
			  struct rfa_error *err)
{
	git_oid id;
	int rc = rfa_git_write(tree->git, &id, GIT_OBJECT_BLOB, text, len, err);

	return rc ? rc : rfa_git_tree_put(tree, path, &id, err);
}

/* *gone: the folder is empty now. */
static int remove_below(const struct rfa_git *git, struct node *folder, const char *path,
			struct rfa_error *err)
{
	size_t len = strcspn(path, "/");
	int dir = path[len] == '/';
	int found;
	size_t i;
	int rc = load(git, folder, err);

	if (rc)
		return rc;
	i = locate(folder, path, len, dir, &found);
	if (!found)
		return 0;
	if (dir) {
		rc = remove_below(git, &folder->kids[i], path + len + 1, err);
		if (rc || !folder->kids[i].dirty)
			return rc;
		folder->dirty = 1;
		if (folder->kids[i].n)
			return 0;
	}
	node_release(&folder->kids[i]);
	folder->n--;
	memmove(folder->kids + i, folder->kids + i + 1, (folder->n - i) * sizeof(*folder->kids));
	folder->dirty = 1;
	return 0;
}

int rfa_git_tree_remove(struct rfa_git_tree *tree, const char *path, struct rfa_error *err)
{
	return remove_below(tree->git, &tree->root, path, err);
}

static int write_node(const struct rfa_git *git, struct node *folder, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	int rc = 0;

	for (size_t i = 0; !rc && i < folder->n; i++) {
		struct node *kid = &folder->kids[i];

		if (kid->mode == FOLDER_MODE && kid->dirty)
			rc = write_node(git, kid, err);
		rfa_buf_printf(&text, "%o %s", kid->mode, kid->name);
		rfa_buf_putc(&text, '\0');
		rfa_buf_add(&text, kid->id.id, GIT_OID_RAWSZ);
	}
	if (!rc)
		rc = rfa_buf_check(&text, err);
	if (!rc)
		rc = rfa_git_write(git, &folder->id, GIT_OBJECT_TREE, rfa_buf_str(&text), text.len,
				   err);
	if (!rc)
		folder->dirty = 0;
	rfa_buf_release(&text);
	return rc;
}

int rfa_git_tree_write(struct rfa_git_tree *tree, git_oid *out, struct rfa_error *err)
{
	int rc = tree->root.dirty ? write_node(tree->git, &tree->root, err) : 0;

	if (!rc)
		*out = tree->root.id;
	return rc;
}

struct diff {
	const struct rfa_git *git;
	int (*each)(void *user, const char *path, const git_oid *was, const git_oid *is);
	void *user;
};

static int diff_nodes(const struct diff *diff, const char *path, struct node *was, struct node *is,
		      struct rfa_error *err);

/* One entry that is on either side or on both. */
static int diff_entry(const struct diff *diff, const char *folder, struct node *was,
		      struct node *is, struct rfa_error *err)
{
	const char *name = was ? was->name : is->name;
	int dir = (was ? was : is)->mode == FOLDER_MODE;
	char path[2 * RFA_LEDGER_PATH_MAX];

	if (was && is && !git_oid_cmp(&was->id, &is->id) && was->mode == is->mode)
		return 0;
	if (snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] ? "/" : "", name) >=
	    (int)sizeof(path))
		return rfa_fail(err, RFA_ECORRUPT, "ledger", "a path is too long");
	if (dir)
		return diff_nodes(diff, path, was, is, err);
	return diff->each(diff->user, path, was ? &was->id : NULL, is ? &is->id : NULL);
}

static int diff_nodes(const struct diff *diff, const char *path, struct node *was, struct node *is,
		      struct rfa_error *err)
{
	size_t i = 0, j = 0;
	int rc = was ? load(diff->git, was, err) : 0;

	if (!rc && is)
		rc = load(diff->git, is, err);
	while (!rc && ((was && i < was->n) || (is && j < is->n))) {
		struct node *a = was && i < was->n ? &was->kids[i] : NULL;
		struct node *b = is && j < is->n ? &is->kids[j] : NULL;
		int order = !a   ? 1
			    : !b ? -1
				 : compare(a->name, strlen(a->name), a->mode == FOLDER_MODE,
					   b->name, strlen(b->name), b->mode == FOLDER_MODE);

		rc = diff_entry(diff, path, order <= 0 ? a : NULL, order >= 0 ? b : NULL, err);
		i += order <= 0;
		j += order >= 0;
	}
	return rc;
}

int rfa_git_tree_diff(const struct rfa_git *git, const git_oid *before, const git_oid *after,
		      int (*each)(void *user, const char *path, const git_oid *was,
				  const git_oid *is),
		      void *user, struct rfa_error *err)
{
	struct diff diff = { git, each, user };
	struct rfa_git_tree *was = NULL, *is = NULL;
	int rc = rfa_git_tree_open(git, before, &was, err);

	if (!rc)
		rc = rfa_git_tree_open(git, after, &is, err);
	if (!rc)
		rc = diff_nodes(&diff, "", &was->root, &is->root, err);
	rfa_git_tree_free(was);
	rfa_git_tree_free(is);
	return rc;
}
