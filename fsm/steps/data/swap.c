/*
 * What has arrived is laid out beside the old data, and takes its place by a rename: of all members
 * in one call, while nothing runs that could see half of it. What was there stays beside it, as a
 * generation to go back to. Every name is made of the run's id, so that whatever half a power cut
 * leaves is known by its names.
 *
 * A dump is loaded beside the old database as well, and swapped by renames in its server, before
 * the files are.
 */
#include "fsm/steps/data/swap.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/data/stop.h"

/* Laid out. */

static int unpack_one(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	int rc;

	rfa_member_copy(ctx, member, RFA_BESIDE_NEW, copy);
	rc = host->trees->unpack(host, rfa_ctx_key(ctx, &key, "unpack", member->name), member->name,
				 copy, err);
	return rc || !rfa_is_database(member) ? rc : rfa_database_load(ctx, member, copy, err);
}

/* What is there under the name goes first, so it may be repeated. */
int rfa_unpack_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	(void)facts;
	RFA_EACH (member, ctx->own->members)
		if (!rc)
			rc = unpack_one(ctx, member, err);
	return rc;
}

int rfa_unpack_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_unpack_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, RFA_BESIDE_NEW, err);
}

/* Swapped. */

/*
 * What takes the place of a member: what has arrived, or a generation, or the snapshot that the run
 * has made here. "": nothing does.
 */
static void name_in(const struct rfa_ctx *ctx, const struct rfa_member *member,
		    char out[RFA_COPY_MAX])
{
	const struct rfa_point *point = rfa_plan_data_point(ctx->plan);
	const struct rfa_member *replaced =
	    point ? rfa_member_named(&point->members, member->name) : NULL;

	if (point)
		snprintf(out, RFA_COPY_MAX, "%s", replaced ? replaced->copy : "");
	else if (rfa_is_database(member))
		rfa_database_name(ctx, member, RFA_BESIDE_NEW, out);
	else if (rfa_ctx_options(ctx)->wipe && rfa_member_tree(member) != RFA_TREE_DIRECTORY)
		out[0] = '\0'; /* a file that is deleted is not there */
	else
		rfa_member_copy(ctx, member,
				ctx->own->copies.n ? RFA_BESIDE_SNAPSHOT : RFA_BESIDE_NEW, out);
}

/* Where what was there before stays. "": nothing was. */
static void name_out(const struct rfa_ctx *ctx, const struct rfa_member *member,
		     char out[RFA_COPY_MAX])
{
	out[0] = '\0';
	if (rfa_is_database(member))
		rfa_database_name(ctx, member, RFA_BESIDE_OLD, out);
	else if (rfa_member_there(member))
		rfa_member_copy(ctx, member, RFA_BESIDE_OLD, out);
}

/* 1 in *is: what has this name is there: a copy, or a database beside the member. */
static int is_there(struct rfa_ctx *ctx, const struct rfa_member *member, const char *name, int *is,
		    struct rfa_error *err)
{
	struct rfa_file_stat st = { 0 };
	int rc;

	*is = 0;
	if (!*name)
		return 0;
	if (rfa_is_database(member))
		return rfa_database_there(ctx, member->database, name, is, err);
	rc = ctx->host->files->stat(ctx->host, name, &st, err);
	*is = st.type != 0;
	return rc;
}

/* Whether anything of a member's swap has happened: whatever comes in has left, or something went
 * out. */
static int is_begun(struct rfa_ctx *ctx, const struct rfa_member *member, int *begun, int *done,
		    struct rfa_error *err)
{
	char in[RFA_COPY_MAX], out[RFA_COPY_MAX];
	int has_out = 0;
	int has_in = 0;
	int rc;

	name_in(ctx, member, in);
	name_out(ctx, member, out);
	rc = is_there(ctx, member, in, &has_in, err);
	if (!rc)
		rc = is_there(ctx, member, out, &has_out, err);
	*begun = (*in && !has_in) || has_out;
	*done = !has_in && (!*out || has_out);
	return rc;
}

static void add_item(struct rfa_ctx *ctx, const struct rfa_member *member, int back,
		     struct rfa_swap_list *items)
{
	char in[RFA_COPY_MAX], out[RFA_COPY_MAX];
	struct rfa_swap *item;

	name_in(ctx, member, in);
	name_out(ctx, member, out);
	if (!*in && !*out)
		return; /* nothing was there, and nothing comes */
	item = RFA_ADD(ctx->pool, swap, items);
	item->in = rfa_pool_text(ctx->pool, back ? out : in);
	item->out = rfa_pool_text(ctx->pool, back ? in : out);
	item->database = member->database;
	if (!rfa_is_database(member)) {
		item->kind = member->tree;
		item->place = member->place;
	}
}

/* Those of one kind. On the way back those whose swap never began are left alone. */
static int find_items(struct rfa_ctx *ctx, int databases, int back, struct rfa_swap_list *items,
		      struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	RFA_EACH (member, ctx->own->members) {
		int begun = 1;
		int done;

		if (rc || rfa_is_database(member) != databases)
			continue;
		if (back)
			rc = is_begun(ctx, member, &begun, &done, err);
		if (!rc && begun)
			add_item(ctx, member, back, items);
	}
	return rc;
}

/* All members of one kind in one call. */
static int swap_some(struct rfa_ctx *ctx, int databases, int back, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_swap_list items = { NULL, 0 };
	const char *op = back ? "back" : "swap";
	struct rfa_ctx_key key;
	json_t *said = NULL;
	int rc = find_items(ctx, databases, back, &items, err);

	if (!rc)
		rc = rfa_records_keep(&rfa_shape_swap, &items, ctx->pool, &said, err);
	if (rc || !items.n)
		return rc;
	return databases
		   ? host->databases->swap(host, rfa_ctx_key(ctx, &key, op, "databases"), said, err)
		   : host->trees->swap(host, rfa_ctx_key(ctx, &key, op, NULL), said, err);
}

/* 1 in *is: of the copy of a database that was replaced, the database itself is not there. */
static int is_empty_copy(struct rfa_ctx *ctx, const char *out, int *is, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_file_stat database = { 0 };
	struct rfa_file_stat copy = { 0 };
	char path[RFA_COPY_MAX + 8];
	int rc = host->files->stat(host, out, &copy, err);

	snprintf(path, sizeof(path), "%s/db", out);
	if (!rc && copy.type)
		rc = host->files->stat(host, path, &database, err);
	*is = copy.type && !database.type;
	return rc;
}

/*
 * A power cut may leave a copy of a database that has its companions only, or nothing: the database
 * itself never left its place.
 */
static int drop_empty_copies(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_texts copies = { NULL, 0 };
	const struct rfa_member *member;
	struct rfa_ctx_key key;
	char out[RFA_COPY_MAX];
	json_t *said = NULL;
	int rc = 0;

	RFA_EACH (member, ctx->own->members) {
		int is = 0;

		name_out(ctx, member, out);
		if (rc || !*out || rfa_member_tree(member) != RFA_TREE_SQLITE)
			continue;
		rc = is_empty_copy(ctx, out, &is, err);
		if (!rc && is)
			rfa_texts_add(ctx->pool, &copies, out);
	}
	if (!rc)
		rc = rfa_texts_keep(&copies, ctx->pool, &said, err);
	return rc || !copies.n ? rc
			       : ctx->host->trees->remove(
				     ctx->host, rfa_ctx_key(ctx, &key, "empty", NULL), said, err);
}

static int open_database(struct rfa_ctx *ctx, const struct rfa_member *member,
			 struct rfa_error *err)
{
	struct rfa_server_seen seen;
	struct rfa_ctx_key key;
	json_t *said = NULL;
	int rc = rfa_database_await(ctx, member->database, &seen, err);

	if (!rc)
		rc = rfa_database_said(ctx, member->database, &said, err);
	return rc ? rc
		  : ctx->host->databases->open(
			ctx->host, rfa_ctx_key(ctx, &key, "open", member->name), said, err);
}

/* Whether its swap has begun or not: it may have been taken back already. */
static int open_databases(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	RFA_EACH (member, ctx->own->members)
		if (!rc && rfa_is_database(member))
			rc = open_database(ctx, member, err);
	return rc;
}

/*
 * Between the two calls a power cut may start containers again, which then have some of the new
 * data and some of the old: so the databases take no sessions until the files are swapped too.
 */
static int swap(struct rfa_ctx *ctx, int back, struct rfa_error *err)
{
	int rc = swap_some(ctx, 1, back, err);

	if (!rc)
		rc = swap_some(ctx, 0, back, err);
	return rc ? rc : open_databases(ctx, err);
}

/* The generation that this run leaves, to be gone back to. */
static const struct rfa_point *point_of(const struct rfa_ctx *ctx)
{
	struct rfa_point *point = RFA_NEW(ctx->pool, point);
	const struct rfa_member *member;
	char copy[RFA_COPY_MAX];

	point->kind = "data";
	RFA_EACH (member, ctx->own->members) {
		struct rfa_member *one = RFA_ADD(ctx->pool, member, &point->members);

		name_out(ctx, member, copy);
		one->name = member->name;
		one->kind = member->kind;
		one->place = member->place;
		one->database = member->database;
		one->copy = rfa_pool_text(ctx->pool, copy);
	}
	return point;
}

/*
 * Each rename is done once, from whatever half of it is there, so it may be repeated. In one call
 * after the proof: a container that comes back in between, by its restart policy, is stopped before
 * the next attempt.
 */
int rfa_swap_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	char generation[65];
	int rc;

	if (!ctx->own->members.n)
		return rfa_ctx_skip(facts, "the data stays", err);
	rc = rfa_quiesce(ctx, generation, err);
	if (!rc)
		rc = swap(ctx, 0, err);
	if (rc)
		return rc;
	rfa_record_clear(&rfa_shape_proven, &proven);
	/* The point of a run that brings images, too, is what ran. */
	if (ctx->own->images)
		proven.replaced = point_of(ctx);
	else
		proven.point = point_of(ctx);
	return rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_swap_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_swap_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	char generation[65];
	int rc = rfa_quiesce(ctx, generation, err);

	if (!rc)
		rc = swap(ctx, 1, err);
	return rc ? rc : drop_empty_copies(ctx, err);
}

int rfa_is_swapped(struct rfa_ctx *ctx, int *is, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	*is = 1;
	RFA_EACH (member, ctx->own->members) {
		int begun = 0, done = 0;

		if (!rc)
			rc = is_begun(ctx, member, &begun, &done, err);
		*is = *is && done;
	}
	return rc;
}

/* Back to a snapshot. */

/* What was loaded may be half of it: it is loaded again, until it takes the place. */
static int load_snapshot(struct rfa_ctx *ctx, const struct rfa_member *member,
			 struct rfa_error *err)
{
	char out[RFA_COPY_MAX], copy[RFA_COPY_MAX];
	int is_out = 0;
	int rc;

	if (!rfa_is_database(member))
		return 0;
	name_out(ctx, member, out);
	rfa_member_copy(ctx, member, RFA_BESIDE_SNAPSHOT, copy);
	rc = is_there(ctx, member, out, &is_out, err);
	return rc || is_out ? rc : rfa_database_load(ctx, member, copy, err);
}

int rfa_snapshot_restore(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_member *member;
	char generation[65];
	int rc = rfa_quiesce(ctx, generation, err);

	RFA_EACH (member, ctx->own->members)
		if (!rc)
			rc = load_snapshot(ctx, member, err);
	return rc ? rc : swap(ctx, 0, err);
}

int rfa_snapshot_drop(struct rfa_ctx *ctx, struct rfa_error *err)
{
	int rc = rfa_copies_remove(ctx, RFA_BESIDE_SNAPSHOT, err);

	if (!rc)
		rc = rfa_copies_remove(ctx, RFA_BESIDE_NEW, err);
	return rc ? rc : rfa_copies_remove(ctx, RFA_BESIDE_OLD, err);
}

/* A drill's second half. */

int rfa_swap_back_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	(void)facts;
	return rfa_swap_undo(ctx, err);
}

int rfa_swap_back_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Afterwards. */

int rfa_data_cleanup_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	int rc = rfa_copies_remove(ctx, RFA_BESIDE_NEW, err);

	if (rc || !rfa_ctx_options(ctx)->purge)
		return rc;
	/* What this run itself has put aside, and only now that all is proven. */
	rc = rfa_copies_remove(ctx, RFA_BESIDE_OLD, err);
	if (rc)
		return rc;
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.purged = 1;
	return rfa_ctx_prove(ctx, &proven, "the old data is removed for good", facts, err);
}

int rfa_data_cleanup_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			   struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
