/* What the files of a stack's directory are, and what they are to be. */
#include <string.h>

#include "fsm/steps/common/repository.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/steps.h"

struct comparison {
	struct rfa_ctx *ctx;
	struct rfa_file_list source, target;
	char key[65];
	struct rfa_proven proven; /* what it finds */
};

static const struct rfa_synced *brought(const struct rfa_ctx *ctx, const char *path)
{
	return rfa_synced_of(&rfa_ctx_options(ctx)->synced, path);
}

static struct rfa_file_change *add(struct comparison *c, const char *path, const char *what)
{
	struct rfa_file_change *one = RFA_ADD(c->ctx->pool, file_change, &c->proven.changes);

	one->path = rfa_pool_text(c->ctx->pool, path);
	one->change = what;
	one->variables = rfa_files_has_variables(c->ctx, path);
	return one;
}

static void add_problem(struct comparison *c, const char *path, const char *problem)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);

	rfa_buf_put_printable(&safe, path, strlen(path), 300);
	add(c, rfa_buf_str(&safe), "problem")->problem = problem;
	rfa_buf_release(&safe);
}

/* What has this path now, on the side that gets files. */
static void put_now(struct comparison *c, struct rfa_file_change *one,
		    const struct rfa_file_entry *now)
{
	one->mode_now = now->stat.mode & 0777;
	one->uid = now->stat.uid;
	one->gid = now->stat.gid;
	one->was = rfa_files_digest(c->ctx, one->variables, c->key, now->sha256);
}

static int same_content(const struct rfa_file_entry *a, const struct rfa_file_entry *b)
{
	return *a->sha256 && !strcmp(a->sha256, b->sha256);
}

static int64_t mode_for(const struct rfa_file_change *one, const struct rfa_file_entry *of)
{
	return one->variables ? 0600 : of->stat.mode & 0777;
}

/* From the source to the target. */

/* A name that JSON cannot hold can be in no record. */
static const char *problem_of(const struct rfa_file_entry *entry)
{
	json_t *name = json_string(entry->path);
	int utf8 = name != NULL;

	json_decref(name);
	if (!utf8)
		return "its name is no UTF-8";
	if (entry->stat.type == 'l')
		return "it is a symbolic link";
	if (entry->stat.type == 'o')
		return "it is no plain file";
	if (entry->stat.type == 'f' && !*entry->sha256)
		return "it cannot be read";
	return NULL;
}

static void compare_file(struct comparison *c, const struct rfa_file_entry *source)
{
	const struct rfa_file_entry *now = rfa_file_list_find(&c->target, source->path);
	struct rfa_file_change *one;

	if (now && now->stat.type != 'f') {
		add_problem(c, source->path, "on the target it is something else than a file");
		return;
	}
	one = add(c, source->path, "new");
	one->from = rfa_pool_printf(c->ctx->pool, "%s/%s", rfa_files_directory(c->ctx, RFA_SOURCE),
				    source->path);
	one->bytes = source->stat.size;
	one->mode = mode_for(one, source);
	one->sha256 = rfa_files_digest(c->ctx, one->variables, c->key, source->sha256);
	if (!now)
		return;
	put_now(c, one, now);
	one->change = same_content(source, now) && one->mode == one->mode_now ? "same" : "changed";
	one->edited = !same_content(source, now) && !rfa_files_as_brought(c->ctx, c->key, now);
	one->unknown = one->edited && !brought(c->ctx, source->path);
}

/* Directories that are to be there, but are not. */
static void compare_directory(struct comparison *c, const struct rfa_file_entry *source)
{
	const struct rfa_file_entry *now = rfa_file_list_find(&c->target, source->path);

	if (now && now->stat.type != 'd')
		add_problem(c, source->path, "on the target it is no directory");
	else if (!now)
		rfa_texts_add(c->ctx->pool, &c->proven.directories, source->path);
}

/* What was brought, and the source has no more. */
static void compare_gone(struct comparison *c, const struct rfa_synced *then)
{
	const struct rfa_file_entry *source = rfa_file_list_find(&c->source, then->path);
	const struct rfa_file_entry *now = rfa_file_list_find(&c->target, then->path);
	struct rfa_file_change *one;

	if (source)
		return;
	if (!now || now->stat.type != 'f') {
		add(c, then->path, "forgotten");
		return;
	}
	one = add(c, then->path, rfa_ctx_options(c->ctx)->remove_gone ? "gone" : "stays");
	put_now(c, one, now);
	one->edited = !rfa_files_as_brought(c->ctx, c->key, now);
}

static void compare_all(struct comparison *c)
{
	const struct rfa_synced *then;
	const char *problem;
	size_t i;

	for (i = 0; i < c->source.n; i++) {
		problem = problem_of(&c->source.at[i]);
		if (problem)
			add_problem(c, c->source.at[i].path, problem);
		else if (c->source.at[i].stat.type == 'd')
			compare_directory(c, &c->source.at[i]);
		else
			compare_file(c, &c->source.at[i]);
	}
	RFA_EACH (then, rfa_ctx_options(c->ctx)->synced)
		compare_gone(c, then);
}

/* And back: what was edited on the target. */

/* Parents that the source has not got: they are made, and are the run's own. */
static void add_parents(struct comparison *c, const char *path)
{
	const char *slash = path;

	while ((slash = strchr(slash, '/'))) {
		const char *part =
		    rfa_pool_printf(c->ctx->pool, "%.*s", (int)(slash++ - path), path);

		if (!rfa_file_list_find(&c->source, part) &&
		    !rfa_texts_have(&c->proven.directories, part))
			rfa_texts_add(c->ctx->pool, &c->proven.directories, part);
	}
}

static void take_one(struct comparison *c, const struct rfa_file_change *edited,
		     struct rfa_file_change_list *out)
{
	const struct rfa_file_entry *host = rfa_file_list_find(&c->target, edited->path);
	const struct rfa_file_entry *own = rfa_file_list_find(&c->source, edited->path);
	struct rfa_file_change *one = RFA_ADD(c->ctx->pool, file_change, out);

	one->path = edited->path;
	one->change = own ? "changed" : "new";
	one->variables = edited->variables;
	one->from = rfa_pool_printf(c->ctx->pool, "%s/%s", rfa_files_directory(c->ctx, RFA_TARGET),
				    edited->path);
	one->bytes = host->stat.size;
	one->mode = mode_for(one, host);
	one->sha256 = edited->was;
	if (own)
		put_now(c, one, own);
	else
		add_parents(c, edited->path);
}

static void take_back(struct comparison *c)
{
	struct rfa_file_change_list all = c->proven.changes;
	const struct rfa_file_change *one;

	c->proven.changes = (struct rfa_file_change_list){ NULL, 0 };
	c->proven.directories = (struct rfa_texts){ NULL, 0 };
	RFA_EACH (one, all)
		if (one->edited)
			take_one(c, one, &c->proven.changes);
}

/* Telling. */

static int prove(struct comparison *c, json_t *facts, struct rfa_error *err)
{
	const struct rfa_file_change *one;
	size_t acts = 0, edited = 0;

	RFA_EACH (one, c->proven.changes) {
		acts += rfa_file_change_acts(one) != 0;
		edited += one->edited != 0;
	}
	return rfa_ctx_prove(c->ctx, &c->proven,
			     rfa_pool_printf(c->ctx->pool,
					     "%zu file(s) to write or remove, %zu edited on %s",
					     acts, edited, c->ctx->hosts[RFA_TARGET]->name),
			     facts, err);
}

int rfa_files_compare_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct comparison c = { .ctx = ctx };
	int rc;

	if (rfa_release_of(ctx) && !rfa_release_has_files(ctx))
		return rfa_ctx_skip(facts, "no files come from the repository", err);
	rc = rfa_files_list(ctx, RFA_SOURCE, &c.source, err);
	rfa_record_clear(&rfa_shape_proven, &c.proven);
	if (!rc)
		rc = rfa_files_list(ctx, RFA_TARGET, &c.target, err);
	if (!rc)
		rc = rfa_files_key(ctx, 0, c.key, err);
	if (!rc)
		compare_all(&c);
	if (!rc && rfa_ctx_options(ctx)->take_back)
		take_back(&c);
	if (!rc)
		rc = prove(&c, facts, err);
	rfa_file_list_release(&c.source);
	rfa_file_list_release(&c.target);
	return rc;
}

/* To a rollback point. */

/* The first of them says how it was: the points are walked from the oldest. */
static int is_told(const struct comparison *c, const char *path)
{
	const struct rfa_file_change *one;

	RFA_EACH (one, c->proven.changes)
		if (!strcmp(one->path, path))
			return 1;
	return 0;
}

static void go_back_one(struct comparison *c, const struct rfa_kept_file *kept)
{
	const struct rfa_file_entry *now = rfa_file_list_find(&c->target, kept->path);
	struct rfa_file_change *one;
	int same;

	if (is_told(c, kept->path))
		return;
	one = add(c, kept->path, now ? "gone" : "forgotten");
	one->back = kept->synced;
	one->uid = kept->uid;
	one->gid = kept->gid;
	if (now) {
		put_now(c, one, now);
		one->edited = !rfa_files_as_brought(c->ctx, c->key, now);
	}
	if (!*kept->file)
		return;
	same = now && *kept->sha256 && !strcmp(kept->sha256, now->sha256) &&
	       kept->mode == one->mode_now;
	one->change = !now ? "new" : same ? "same" : "changed";
	one->from = kept->file;
	one->mode = kept->mode;
	one->sha256 = kept->sha256;
}

/* All points of files from the one that is meant to the newest: each is a part of the way. */
static int go_back(struct comparison *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	size_t i, n = json_array_size(ctx->points);
	struct rfa_point point;
	int found = 0, rc = 0;

	for (i = n; i-- > 0 && !rc;) {
		const json_t *json = json_array_get(ctx->points, i);
		const struct rfa_kept_file *kept;

		if (strcmp(rfa_facts_str(json, "kind", ""), "files") != 0)
			continue;
		rc = rfa_record_read(&rfa_shape_point, json, ctx->pool, &point, err);
		found |= !rc && !strcmp(point.name, ctx->plan->point->name);
		if (rc || !found)
			continue;
		RFA_EACH (kept, point.files)
			go_back_one(c, kept);
		for (size_t k = 0; k < point.directories.n; k++)
			rfa_texts_add(ctx->pool, &c->proven.emptied, point.directories.at[k]);
	}
	return rc;
}

int rfa_files_back_compare_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct comparison c = { .ctx = ctx };
	int rc = rfa_files_list(ctx, RFA_TARGET, &c.target, err);

	rfa_record_clear(&rfa_shape_proven, &c.proven);
	if (!rc)
		rc = rfa_files_key(ctx, 0, c.key, err);
	if (!rc)
		rc = go_back(&c, err);
	if (!rc)
		rc = prove(&c, facts, err);
	rfa_file_list_release(&c.target);
	return rc;
}
