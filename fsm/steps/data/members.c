/* Where the pieces of a stack's data are, and what their copies are called. */
#include "fsm/steps/data/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/data/databases.h"
#include "fsm/steps/common/inspect.h"

/* What the configuration says. */

/* A run may be about some of the members only. */
static int is_wanted(const struct rfa_ctx *ctx, const struct rfa_member *member)
{
	const struct rfa_options *options = rfa_ctx_options(ctx);
	const struct rfa_point *point = ctx->plan->point;

	if (options->keeps_data)
		return 0;
	if (options->members.n)
		return rfa_texts_have(&options->members, member->name);
	if (point && point->members.n)
		return rfa_member_named(&point->members, member->name) != NULL;
	/* Single files go into backups; they come back only when they are asked for. */
	return strcmp(member->kind, "file") != 0 || *options->set;
}

static void add_tree(struct rfa_pool *pool, struct rfa_member_list *list, const char *name,
		     const char *kind, const char *place)
{
	int is_file = !strcmp(kind, "sqlite") || !strcmp(kind, "file");
	struct rfa_member *one = RFA_ADD(pool, member, list);

	one->name = name;
	one->kind = kind;
	one->tree = is_file ? "sqlite" : "directory";
	if (!strcmp(kind, "volume"))
		one->volume = place;
	else
		one->place = place;
}

static void add_database(struct rfa_pool *pool, struct rfa_member_list *list, const char *name,
			 const struct rfa_database *database)
{
	struct rfa_member *one = RFA_ADD(pool, member, list);

	one->name = name;
	one->kind = one->tree = database->engine;
	one->place =
	    rfa_pool_printf(pool, "%.255s/%.255s", database->container, database->database);
	one->inodes = 1;
	one->database = database;
}

/* "file.<name>", which no configured member can be called; numbered when two files share a name. */
static void add_file(struct rfa_pool *pool, struct rfa_member_list *list, const char *path)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	const char *base = strrchr(path, '/');
	char name[80];
	size_t n;
	unsigned i;

	n = (size_t)snprintf(name, sizeof(name) - 8, "file.%.60s", base ? base + 1 : path);
	for (i = 0; name[i]; i++)
		if (!strchr(fine, name[i]))
			name[i] = '_';
	for (i = 2; rfa_member_named(list, name); i++)
		snprintf(name + n, sizeof(name) - n, ".%u", i);
	add_tree(pool, list, rfa_pool_text(pool, name), "file", path);
}

static void add_piece(struct rfa_pool *pool, struct rfa_member_list *list,
		      const struct rfa_piece *piece)
{
	const struct rfa_database *database = rfa_piece_database(pool, piece);

	if (*piece->volume)
		add_tree(pool, list, piece->name, "volume", piece->volume);
	if (*piece->directory)
		add_tree(pool, list, piece->name, "directory", piece->directory);
	if (*piece->sqlite)
		add_tree(pool, list, piece->name, "sqlite", piece->sqlite);
	if (database)
		add_database(pool, list, piece->name, database);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rfa_member *)a)->name, ((const struct rfa_member *)b)->name);
}

/* What a look fills in. */
struct members {
	struct rfa_member *at;
	size_t n;
};

static void add_data(struct rfa_pool *pool, struct rfa_member_list *list,
		     const struct rfa_stack_data *data)
{
	const struct rfa_piece *piece;

	RFA_EACH (piece, data->members)
		add_piece(pool, list, piece);
}

/* A plan that was read again has its pieces in another order, so they are sorted. */
static int configured(const struct rfa_ctx *ctx, struct members *out, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	struct rfa_member_list all = { NULL, 0 };
	const struct rfa_member *one;
	size_t i;

	if (stack->data)
		add_data(ctx->pool, &all, stack->data);
	for (i = 0; stack->backup && i < stack->backup->files.n; i++)
		add_file(ctx->pool, &all, stack->backup->files.at[i]);
	RFA_EACH (one, all)
		if (is_wanted(ctx, one))
			*RFA_ADD(ctx->pool, member, out) = *one;
	if (out->n)
		qsort(out->at, out->n, sizeof(*out->at), by_name);
	return rfa_pool_check(ctx->pool, err);
}

/* What is there. */

/* all: of the host, asked for with the first one. */
static int look_volume(struct rfa_ctx *ctx, struct rfa_member *member, json_t **all,
		       struct rfa_error *err)
{
	const json_t *volume;
	int rc = *all ? 0 : ctx->host->engine->list(ctx->host, RFA_VOLUME, all, err);

	if (rc)
		return rc;
	volume = rfa_volume_named(*all, member->volume);
	member->place = rfa_pool_text(ctx->pool, rfa_volume_place(volume));
	member->driver = rfa_pool_text(ctx->pool, rfa_volume_driver(volume));
	member->options = (int64_t)rfa_volume_options(volume);
	return 0;
}

/* Without its slashes at the end: a copy's name is made of the last part. */
static void trim_place(struct rfa_ctx *ctx, struct rfa_member *member)
{
	size_t n = strlen(member->place);

	while (n > 1 && member->place[n - 1] == '/')
		n--;
	member->place = rfa_pool_printf(ctx->pool, "%.*s", (int)n, member->place);
}

/* What a host can be asked about. */
static int is_path(const struct rfa_member *member)
{
	return *member->place == '/' && strlen(member->place) <= RFA_PLACE_MAX;
}

static int look_place(struct rfa_ctx *ctx, struct rfa_member *member, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *seen = NULL;
	int rc;

	if (!is_path(member))
		return 0;
	rc = host->trees->observe(host, rfa_member_tree(member), member->place, &seen, err);
	if (!rc)
		rc = rfa_record_merge(&rfa_shape_member, seen, ctx->pool, member, err);
	json_decref(seen);
	return rc;
}

/* Whatever they are called: by it one is told from another, and from what lies in it. */
static int look_where(struct rfa_ctx *ctx, const struct members *list, struct rfa_error *err)
{
	struct rfa_texts places = { NULL, 0 };
	json_t *paths = NULL;
	json_t *found = NULL;
	size_t i;
	int rc;

	for (i = 0; i < list->n; i++)
		if (is_path(&list->at[i]))
			rfa_texts_add(ctx->pool, &places, list->at[i].place);
	rc = rfa_texts_keep(&places, ctx->pool, &paths, err);
	if (!rc && places.n)
		rc = ctx->host->trees->where(ctx->host, paths, &found, err);
	for (i = 0; i < list->n && !rc; i++)
		list->at[i].where =
		    rfa_pool_json(ctx->pool, json_object_get(found, list->at[i].place));
	json_decref(found);
	return rc;
}

static int look_one(struct rfa_ctx *ctx, struct rfa_member *member, json_t **volumes,
		    struct rfa_error *err)
{
	int rc = 0;

	if (rfa_is_database(member))
		return rfa_database_observe(ctx, member, err);
	if (*member->volume)
		rc = look_volume(ctx, member, volumes, err);
	trim_place(ctx, member);
	return rc ? rc : look_place(ctx, member, err);
}

int rfa_members_observe(struct rfa_ctx *ctx, struct rfa_member_list *out, struct rfa_error *err)
{
	struct members list = { NULL, 0 };
	json_t *volumes = NULL;
	size_t i;
	int rc = configured(ctx, &list, err);

	for (i = 0; i < list.n && !rc; i++)
		rc = look_one(ctx, &list.at[i], &volumes, err);
	if (!rc)
		rc = look_where(ctx, &list, err);
	json_decref(volumes);
	*out = (struct rfa_member_list){ list.at, list.n };
	return rc;
}

/* Afterwards. */

enum rfa_tree_kind rfa_member_tree(const struct rfa_member *member)
{
	return strcmp(member->tree, "sqlite") ? RFA_TREE_DIRECTORY : RFA_TREE_SQLITE;
}

int rfa_member_there(const struct rfa_member *member)
{
	return *member->type != '\0';
}

void rfa_member_copy(const struct rfa_ctx *ctx, const struct rfa_member *member,
		     enum rfa_beside which, char out[RFA_COPY_MAX])
{
	const char *slash = strrchr(member->place, '/');
	const char *base = slash ? slash + 1 : member->place;

	if (rfa_is_database(member))
		snprintf(out, RFA_COPY_MAX, "%s/.rfa-%s.%s.%s/tree", ctx->host->state_dir, ctx->run,
			 member->name, rfa_beside_word(which));
	else
		snprintf(out, RFA_COPY_MAX, "%.*s/.rfa-%s.%s.%s/tree",
			 slash ? (int)(slash - member->place) : 0, member->place, ctx->run, base,
			 rfa_beside_word(which));
}

/* What lies beside it in the same server. */
static int drop_databases(struct rfa_ctx *ctx, enum rfa_beside which, struct rfa_error *err)
{
	const struct rfa_member *member;
	char name[2 * RFA_DATABASE_MAX];
	int rc = 0;

	RFA_EACH (member, ctx->own->members) {
		if (rc || !rfa_is_database(member) || !rfa_member_there(member))
			continue;
		rfa_database_name(ctx, member, which, name);
		rc = rfa_database_drop(ctx, member->database, name, err);
	}
	return rc;
}

int rfa_copies_remove(struct rfa_ctx *ctx, enum rfa_beside which, struct rfa_error *err)
{
	const char *word = rfa_beside_word(which);
	struct rfa_texts copies = { NULL, 0 };
	const struct rfa_member *one;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	json_t *list = NULL;
	int rc;

	RFA_EACH (one, ctx->own->members) {
		rfa_member_copy(ctx, one, which, copy);
		rfa_texts_add(ctx->pool, &copies, copy);
	}
	rc = rfa_texts_keep(&copies, ctx->pool, &list, err);
	if (!rc && copies.n)
		rc = ctx->host->trees->remove(ctx->host, rfa_ctx_key(ctx, &key, "remove", word),
					      list, err);
	return rc || which == RFA_BESIDE_SNAPSHOT ? rc : drop_databases(ctx, which, err);
}
