/* The standard world with a git repository in memory, of which a tag is released. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"
#include "tests/harness/world.h"
#include "transports/host/tar.h"

#define PLACE "/srv/stacks/shop"
#define COMMIT "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed"
#define OTHER "0dd0dd0dd0dd0dd0dd0dd0dd0dd0dd0dd0dd0dd0"

/* The repository: the files of one commit, in order. One world has it at a time. */
struct entry {
	char path[64];
	char type;
	char *text; /* owned */
};
static struct memory_repository {
	struct rfa_repository base; /* first member */
	struct entry at[32];
	size_t n;
	int asked; /* how often it was opened */
} now;

static void put(const char *path, char type, const char *text)
{
	struct entry *one = &now.at[now.n++];

	snprintf(one->path, sizeof(one->path), "%s", path);
	one->type = type;
	one->text = strdup(text);
	if (!one->text)
		abort();
}

static void forget(void)
{
	while (now.n)
		free(now.at[--now.n].text);
}

/* As a tar. */

struct memory_tar {
	struct rfa_stream base; /* first member */
	struct rfa_buf all;
	size_t at;
};

static int tar_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		    struct rfa_error *err)
{
	struct memory_tar *t = (struct memory_tar *)base;
	size_t left = t->all.len - t->at;

	(void)err;
	*got = left < size ? left : size;
	memcpy(data, t->all.data + t->at, *got);
	t->at += *got;
	*eof = !*got;
	return 0;
}

static size_t tar_pollfds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	(void)base;
	(void)fds;
	(void)n;
	return 0;
}

static void tar_close(struct rfa_stream *base)
{
	rfa_buf_release(&((struct memory_tar *)base)->all);
	free(base);
}

static const struct rfa_stream_ops tar_ops = {
	.read = tar_read,
	.pollfds = tar_pollfds,
	.close = tar_close,
};

static int tar(struct rfa_repository *base, struct rfa_stream **out, struct rfa_error *err)
{
	static const struct rfa_buf empty = RFA_BUF_INIT(1 << 20);
	static const char zeros[2 * RFA_TAR_BLOCK];
	struct memory_tar *t = calloc(1, sizeof(*t));

	(void)base;
	if (!t)
		return rfa_fail_nomem(err);
	t->base.ops = &tar_ops;
	t->all = empty;
	for (size_t i = 0; i < now.n; i++) {
		const struct entry *one = &now.at[i];
		size_t size = one->type == 'f' ? strlen(one->text) : 0;

		if (rfa_tar_header(&t->all, one->path, one->type == 'f' ? '0' : '5', size, err))
			abort();
		rfa_buf_add(&t->all, one->text, size);
		if (rfa_tar_padding(&t->all, size))
			abort();
	}
	rfa_buf_add(&t->all, zeros, sizeof(zeros));
	*out = &t->base;
	return 0;
}

/* As files. */

static void stat_of(const struct entry *one, struct rfa_file_stat *out)
{
	memset(out, 0, sizeof(*out));
	out->type = one->type;
	out->mode = one->type == 'd' ? 0755 : 0644;
	out->size = (int64_t)strlen(one->text);
}

static const struct entry *find(const char *path)
{
	for (size_t i = 0; i < now.n; i++)
		if (!strcmp(now.at[i].path, path))
			return &now.at[i];
	return NULL;
}

static int stat_path(struct rfa_repository *base, const char *path, struct rfa_file_stat *out,
		     struct rfa_error *err)
{
	const struct entry *one = find(path);

	(void)base;
	(void)err;
	memset(out, 0, sizeof(*out));
	if (one)
		stat_of(one, out);
	return 0;
}

static int read_file(struct rfa_repository *base, const char *path, size_t max, struct rfa_buf *out,
		     struct rfa_error *err)
{
	const struct entry *one = find(!strncmp(path, "./", 2) ? path + 2 : path);

	(void)base;
	(void)max;
	if (!one)
		return rfa_fail(err, RFA_ENOTFOUND, "git", "no file %s", path);
	rfa_buf_puts(out, one->text);
	return rfa_buf_check(out, err);
}

static int is_meant(const char *const *only, const char *path)
{
	for (; *only; only++)
		if (!strncmp(path, *only, strlen(*only)) && strchr("/", path[strlen(*only)]))
			return 1;
	return 0;
}

static int list(struct rfa_repository *base, const char *directory, const char *const *only,
		const char *const *without, struct rfa_file_list *out, struct rfa_error *err)
{
	(void)base;
	(void)directory;
	(void)without;
	out->at = calloc(now.n + 1, sizeof(*out->at));
	out->n = 0;
	for (size_t i = 0; out->at && i < now.n; i++) {
		struct rfa_file_entry *to = &out->at[out->n];

		if (!is_meant(only, now.at[i].path))
			continue;
		out->n++;
		to->path = strdup(now.at[i].path);
		stat_of(&now.at[i], &to->stat);
		if (now.at[i].type == 'f')
			rfa_digest_of(RFA_SHA256, now.at[i].text, strlen(now.at[i].text),
				      to->sha256);
	}
	rfa_file_list_sort(out);
	return out->at ? 0 : rfa_fail_nomem(err);
}

static const struct rfa_repository_ops ops = {
	.stat = stat_path,
	.read = read_file,
	.list = list,
	.tar = tar,
};

static int repository(void *user, const struct rfa_repository_ask *ask, struct rfa_repository **out,
		      struct rfa_error *err)
{
	(void)user;
	(void)ask;
	(void)err;
	now.asked++;
	*out = &now.base;
	return 0;
}

/* The world. */

static void measure(char sha256[RFA_DIGEST_HEX], int64_t *bytes)
{
	struct rfa_stream *stream = NULL;
	struct rfa_error err;
	const struct memory_tar *t;

	if (tar(&now.base, &stream, &err))
		abort();
	t = (const struct memory_tar *)stream;
	rfa_digest_of(RFA_SHA256, t->all.data, t->all.len, sha256);
	*bytes = (int64_t)t->all.len;
	tar_close(stream);
}

void world_release_commit(struct world *w)
{
	json_t *options = json_object_get(w->plan, "options"), *one;
	char sha256[RFA_DIGEST_HEX];
	int64_t bytes;
	size_t i;

	measure(sha256, &bytes);
	json_object_set_new(options, "release",
			    json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "url",
				      "https://git.example/app.git", "tag", "v3", "commit", COMMIT,
				      "tree", sha256, "sha256", sha256, "bytes", (json_int_t)bytes,
				      "files", (json_int_t)now.n));
	json_array_foreach (json_object_get(options, "sources"), i, one) {
		json_object_set_new(one, "tree", json_string(sha256));
		json_object_set_new(one, "commit", json_string(COMMIT));
		json_object_set(one, "context", json_object_get(one, "key"));
	}
	snprintf(now.base.commit, sizeof(now.base.commit), "%s", COMMIT);
	snprintf(now.base.tree, sizeof(now.base.tree), "%s", sha256);
}

static void edit(void *user, json_t *setup, json_t *plan)
{
	json_t *sources = rfa_facts_at(setup, "hosts/test/sources"), *source, *image;
	const char *key;

	(void)user;
	forget();
	json_object_set_new(plan, "flow", json_string("release"));
	json_object_foreach (sources, key, source) {
		const char *name = strrchr(key, '/') + 1;
		char *text =
		    json_dumps(rfa_facts_at(source, "dockerfiles/Dockerfile"), JSON_COMPACT);
		char path[64];

		put(name, 'd', "");
		snprintf(path, sizeof(path), "%s/Dockerfile", name);
		put(path, 'f', text);
		free(text);
	}
	json_object_del(json_object_get(json_object_get(setup, "hosts"), "test"), "sources");
	json_object_foreach (rfa_facts_at(plan, "target/stack/build/images"), key, image)
		json_object_set_new(image, "context", json_string(key));
	json_object_set_new(
	    rfa_facts_at(plan, "target/stack"), "source",
	    json_pack("{s:s, s:[]}", "git", "https://git.example/app.git", "files"));
	json_object_set_new(json_object_get(plan, "options"), "synced", json_object());
}

/* The project's file, which an earlier run has brought, with another variable; and one that is new.
 */
static void add_files(struct world *w)
{
	json_t *files = rfa_facts_at(w->plan, "target/stack/source/files"), *compose = NULL;
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	char *changed, hex[RFA_DIGEST_HEX];
	struct rfa_error err;

	if (w->target->files->read(w->target, PLACE "/docker-compose.yml", 1 << 20, &text, &err) ||
	    rfa_facts_parse(&compose, rfa_buf_str(&text), text.len, "compose", &err))
		abort();
	rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, hex);
	json_object_set_new(rfa_facts_at(w->plan, "options/synced"), "docker-compose.yml",
			    json_pack("{s:s, s:i}", "sha256", hex, "mode", 0644));
	json_object_set_new(rfa_facts_at(compose, "services/web"), "environment",
			    json_pack("{s:s}", "MODE", "of the commit ${STAGE}"));
	changed = json_dumps(compose, JSON_INDENT(1));
	put("conf", 'd', "");
	put("conf/new.yml", 'f', "new: 1\n");
	put("docker-compose.yml", 'f', changed);
	json_object_set_new(rfa_facts_at(w->plan, "target/stack"), "variables",
			    json_pack("[s]", "STAGE"));
	json_array_append_new(files, json_string("docker-compose.yml"));
	json_array_append_new(files, json_string("conf"));
	free(changed);
	json_decref(compose);
	rfa_buf_release(&text);
}

static int secret(void *user, const char *name, const char **value, struct rfa_error *err)
{
	(void)user;
	(void)err;
	*value = !strcmp(name, "variables.STAGE") ? "it's blue" : NULL;
	return 0;
}

void world_make_release(struct world *w, enum scenario s, uint64_t seed)
{
	world_make_sources(w, s, seed, edit, NULL);
	now.base.ops = &ops;
	now.asked = 0;
	w->options.repository = repository;
	w->options.secret = secret;
	if (s == SCENARIO_COMPOSE)
		add_files(w);
	world_release_commit(w);
}

void world_release_other(int which)
{
	snprintf(now.base.commit, sizeof(now.base.commit), "%s", which ? OTHER : COMMIT);
}

void world_release_change(const char *path, const char *text)
{
	for (size_t i = 0; i < now.n; i++) {
		if (strcmp(now.at[i].path, path) != 0)
			continue;
		free(now.at[i].text);
		now.at[i].text = strdup(text);
	}
}
