/* The files of one commit, read from the copy of its repository. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/clock.h"
#include "fsm/base/digest.h"
#include "transports/git/inside.h"
#include "transports/transport.h"

/* Most names in a list of what stands in the way. */
enum { NAMES_MAX = 20 };

static struct rfa_git_repository *inside(struct rfa_repository *base)
{
	return (struct rfa_git_repository *)base;
}

/* Describing. */

static const char pointer[] = "version https://git-lfs.github.com/spec/";

/* *is: the file only says where in Git LFS the real one is (git-lfs, docs/spec.md). */
static int is_pointer(struct rfa_git_repository *r, const struct rfa_git_entry *one, int *is,
		      struct rfa_error *err)
{
	git_odb_object *content = NULL;
	int rc;

	*is = 0;
	if (one->type != 'f' || one->size < sizeof(pointer) - 1 || one->size >= 1024)
		return 0;
	rc = rfa_git_content(r, one, &content, err);
	if (!rc) {
		*is = !memcmp(git_odb_object_data(content), pointer, sizeof(pointer) - 1);
		git_odb_object_free(content);
	}
	return rc;
}

/* A path of any bytes as a text that JSON can hold. */
static int add_name(json_t *list, const char *path, struct rfa_error *err)
{
	struct rfa_buf safe = RFA_BUF_INIT(2048);
	int rc = 0;

	rfa_buf_put_printable(&safe, path, strlen(path), 300);
	if (json_array_size(list) < NAMES_MAX &&
	    json_array_append_new(list, json_string(rfa_buf_str(&safe))))
		rc = rfa_fail_nomem(err);
	rfa_buf_release(&safe);
	return rc;
}

static int find_obstacles(struct rfa_git_repository *r, json_t *submodules, json_t *pointers,
			  struct rfa_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < r->n && !rc; i++) {
		int is = 0;

		if (r->at[i].type == 'o')
			rc = add_name(submodules, r->at[i].path, err);
		else
			rc = is_pointer(r, &r->at[i], &is, err);
		if (!rc && is)
			rc = add_name(pointers, r->at[i].path, err);
	}
	return rc;
}

static int measure(struct rfa_git_repository *r, uint64_t *bytes, char sha256[RFA_DIGEST_HEX],
		   struct rfa_error *err)
{
	struct rfa_stream *tar = NULL;
	struct rfa_digest digest;
	char *block = malloc(65536);
	int rc = block ? rfa_git_tar(&r->base, &tar, err) : rfa_fail_nomem(err);
	int eof = 0;

	*bytes = 0;
	rfa_digest_init(&digest, RFA_SHA256);
	while (!rc && !eof) {
		size_t got = 0;

		rc = tar->ops->read(tar, block, 65536, &got, &eof, err);
		rfa_digest_update(&digest, block, got);
		*bytes += got;
	}
	rfa_digest_final(&digest, sha256);
	rfa_stream_close(tar);
	free(block);
	return rc;
}

static size_t count_files(const struct rfa_git_repository *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->at[i].type == 'f' || r->at[i].type == 'l';
	return n;
}

static int describe(struct rfa_repository *base, json_t **out, struct rfa_error *err)
{
	struct rfa_git_repository *r = inside(base);
	json_t *submodules = json_array(), *pointers = json_array();
	char sha256[RFA_DIGEST_HEX], at[RFA_TIME_MAX];
	uint64_t bytes = 0;
	int rc = submodules && pointers ? find_obstacles(r, submodules, pointers, err)
					: rfa_fail_nomem(err);

	if (!rc)
		rc = measure(r, &bytes, sha256, err);
	rfa_time_iso(r->at_s * 1000, at);
	if (!rc) {
		*out = json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:O, s:O}", "commit", base->commit,
				 "tree", base->tree, "at", at, "bytes", (json_int_t)bytes, "sha256",
				 sha256, "files", (json_int_t)count_files(r), "submodules",
				 submodules, "pointers", pointers);
		rc = *out ? 0 : rfa_fail_nomem(err);
	}
	json_decref(submodules);
	json_decref(pointers);
	return rc;
}

/* One file. */

static const struct rfa_git_entry *find(struct rfa_repository *base, const char *path)
{
	while (!strncmp(path, "./", 2))
		path += 2;
	return rfa_git_entry_of(inside(base), path);
}

static void stat_of(const struct rfa_git_repository *r, const struct rfa_git_entry *one,
		    struct rfa_file_stat *out)
{
	memset(out, 0, sizeof(*out));
	out->type = one->type;
	out->mode = one->mode;
	out->size = (int64_t)one->size;
	out->mtime_s = r->at_s;
}

static int stat_path(struct rfa_repository *base, const char *path, struct rfa_file_stat *out,
		     struct rfa_error *err)
{
	const struct rfa_git_entry *one = find(base, path);

	(void)err;
	memset(out, 0, sizeof(*out));
	if (one) {
		stat_of(inside(base), one, out);
	} else if (!strcmp(path, ".")) {
		out->type = 'd';
		out->mode = 0755;
	}
	return 0;
}

static int read_file(struct rfa_repository *base, const char *path, size_t max, struct rfa_buf *out,
		     struct rfa_error *err)
{
	const struct rfa_git_entry *one = find(base, path);
	git_odb_object *content = NULL;
	int rc;

	if (!one || one->type != 'f')
		return rfa_fail(err, RFA_ENOTFOUND, "git", "the commit has no file %.300s", path);
	if (one->size > max)
		return rfa_fail(err, RFA_ETOOBIG, "git", "%.300s has more than %zu bytes", path,
				max);
	rc = rfa_git_content(inside(base), one, &content, err);
	if (rc)
		return rc;
	(void)rfa_buf_add(out, git_odb_object_data(content), git_odb_object_size(content));
	git_odb_object_free(content);
	return rfa_buf_check(out, err);
}

/* A directory. */

struct listing {
	struct rfa_git_repository *r;
	const char *const *only, *const *without;
	struct rfa_file_list *out;
	size_t room;
	uint64_t bytes;
};

static int matches(const char *const *patterns, const char *path)
{
	for (; patterns && *patterns; patterns++)
		if (!fnmatch(*patterns, path, 0))
			return 1;
	return 0;
}

/* It, or a directory that it lies in, is one of those that are meant. */
static int is_meant(const char *const *only, const char *path)
{
	char part[4096];
	const char *slash = path;

	if (!only || !*only || matches(only, path))
		return 1;
	while ((slash = strchr(slash, '/'))) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash++ - path), path);
		if (matches(only, part))
			return 1;
	}
	return 0;
}

/* It, or a directory that it lies in, stays where it is. */
static int is_left_out(const char *const *without, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return !strncmp(name, ".rfa-", 5) || strstr(path, "/.rfa-") || !strncmp(path, ".rfa-", 5) ||
	       (without && *without && is_meant(without, path));
}

static int add_entry(struct listing *l, const struct rfa_git_entry *one, const char *path,
		     struct rfa_error *err)
{
	struct rfa_file_entry *to;
	git_odb_object *content = NULL;
	int rc = 0;

	l->bytes += one->type == 'f' ? one->size : 0;
	if (l->out->n == RFA_FILE_LIST_MAX || l->bytes > RFA_FILE_LIST_BYTES)
		return rfa_fail(err, RFA_ETOOBIG, "git",
				"there are more than %d files, or more than %d MiB in them",
				RFA_FILE_LIST_MAX, RFA_FILE_LIST_BYTES >> 20);
	to = &l->out->at[l->out->n];
	memset(to, 0, sizeof(*to));
	to->path = strdup(path);
	if (!to->path)
		return rfa_fail_nomem(err);
	l->out->n++;
	stat_of(l->r, one, &to->stat);
	if (one->type == 'f')
		rc = rfa_git_content(l->r, one, &content, err);
	if (content)
		rfa_digest_of(RFA_SHA256, git_odb_object_data(content),
			      git_odb_object_size(content), to->sha256);
	git_odb_object_free(content);
	return rc;
}

/* The part of its path below the directory; NULL: it lies elsewhere. */
static const char *below(const char *directory, const char *path)
{
	size_t len = strlen(directory);

	if (!strcmp(directory, "."))
		return path;
	return !strncmp(path, directory, len) && path[len] == '/' ? path + len + 1 : NULL;
}

/* A directory, the n-th entry, is listed if something that is meant lies in it: right behind it. */
static int has_meant(const struct listing *l, const char *directory, size_t n)
{
	const struct rfa_git_repository *r = l->r;
	const char *path = r->at[n].path;

	for (size_t i = n + 1; i < r->n && below(path, r->at[i].path); i++) {
		const char *other = below(directory, r->at[i].path);

		if (other && r->at[i].type != 'd' && is_meant(l->only, other) &&
		    !is_left_out(l->without, other))
			return 1;
	}
	return 0;
}

static int list(struct rfa_repository *base, const char *directory, const char *const *only,
		const char *const *without, struct rfa_file_list *out, struct rfa_error *err)
{
	struct listing l = { .r = inside(base), .only = only, .without = without, .out = out };
	struct rfa_file_stat st;
	int rc = stat_path(base, directory, &st, err);

	out->n = 0;
	out->at = NULL;
	while (!strncmp(directory, "./", 2))
		directory += 2;
	if (!rc && st.type != 'd')
		return rfa_fail(err, RFA_ENOTFOUND, "git", "the commit has no directory %.300s",
				directory);
	out->at = calloc(RFA_FILE_LIST_MAX + 1, sizeof(*out->at));
	if (!out->at)
		return rfa_fail_nomem(err);
	for (size_t i = 0; i < l.r->n && !rc; i++) {
		const struct rfa_git_entry *one = &l.r->at[i];
		const char *path = below(directory, one->path);

		if (!path || is_left_out(without, path))
			continue;
		if (one->type == 'd' ? has_meant(&l, directory, i) : is_meant(only, path))
			rc = add_entry(&l, one, path, err);
	}
	rfa_file_list_sort(out);
	if (rc)
		rfa_file_list_release(out);
	return rc;
}

/* The whole. */

static void free_repository(struct rfa_repository *base)
{
	struct rfa_git_repository *r = inside(base);

	for (size_t i = 0; i < r->n; i++)
		free(r->at[i].path);
	free(r->at);
	git_odb_free(r->odb);
	git_repository_free(r->repo);
	git_libgit2_shutdown();
	free(r);
}

static const struct rfa_repository_ops ops = {
	.describe = describe,
	.stat = stat_path,
	.read = read_file,
	.list = list,
	.tar = rfa_git_tar,
	.free = free_repository,
};

void rfa_repository_free(struct rfa_repository *repository)
{
	if (repository)
		repository->ops->free(repository);
}

static int not_there(const char *cache, const char *commit, struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "git", "the commit %.12s is not in the copy of its repository",
		 commit);
	return rfa_error_where(err, "%s", cache);
}

static int look_up(struct rfa_git_repository *r, const char *cache, const char *commit,
		   struct rfa_error *err)
{
	git_commit *found = NULL;

	if (git_repository_open_ext(
		&r->repo, cache, GIT_REPOSITORY_OPEN_BARE | GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) ||
	    git_repository_odb(&r->odb, r->repo))
		return not_there(cache, commit, err);
	if (git_oid_fromstr(&r->commit, commit) || git_commit_lookup(&found, r->repo, &r->commit))
		return not_there(cache, commit, err);
	r->tree = *git_commit_tree_id(found);
	r->at_s = git_commit_time(found);
	git_commit_free(found);
	git_oid_tostr(r->base.commit, sizeof(r->base.commit), &r->commit);
	git_oid_tostr(r->base.tree, sizeof(r->base.tree), &r->tree);
	return 0;
}

int rfa_git_open(struct rfa_repository **out, const char *cache, const char *commit,
		 struct rfa_error *err)
{
	struct rfa_git_repository *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return rfa_fail_nomem(err);
	if (git_libgit2_init() < 0) {
		free(r);
		return rfa_fail(err, RFA_EINTERNAL, "git", "libgit2 could not be started");
	}
	r->base.ops = &ops;
	rc = look_up(r, cache, commit, err);
	if (!rc)
		rc = rfa_git_walk(r, err);
	if (rc)
		free_repository(&r->base);
	else
		*out = &r->base;
	return rc;
}
