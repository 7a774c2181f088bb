/*
 * What has arrived is laid out beside the old data, and takes its place by a rename: of all members
 * in one call, while nothing runs that could see half of it. What was there stays beside it, as a
 * generation to go back to. Every name is made of the run's id, so that whatever half a power cut
 * leaves is known by its names.
 *
 * A dump is loaded beside the old database as well, and exchanged by renames in its server, before
 * the files are.
 */
#include "fsm/steps/exchange.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/members.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/stop.h"

/* ---- laid out ---------------------------------------------------------------------------------
 */

/* What is there under the name goes first, so it may be repeated. */
int rfa_unpack_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *member;
	size_t i;

	(void)facts;
	json_array_foreach (rfa_members(ctx), i, member) {
		const char *name = rfa_facts_str(member, "name", "");
		struct rfa_ctx_key key;
		char copy[RFA_COPY_MAX];
		int rc;

		rfa_member_copy(ctx, member, "new", copy);
		rc = host->ops->tree_unpack(host, rfa_ctx_key(ctx, &key, "unpack", name), name,
					    copy, err);
		if (!rc && rfa_is_database(member))
			rc = rfa_database_load(ctx, member, copy, err);
		if (rc)
			return rc;
	}
	return 0;
}

int rfa_unpack_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_unpack_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, "new", err);
}

/* ---- exchanged --------------------------------------------------------------------------------
 */

/* What takes the place of a member: what has arrived, or a generation. "": nothing does. */
static void name_in(const struct rfa_ctx *ctx, const json_t *member, char out[RFA_COPY_MAX])
{
	const json_t *point = rfa_facts_at(ctx->plan_json, "point/members");

	if (point)
		snprintf(out, RFA_COPY_MAX, "%s",
			 rfa_facts_str(rfa_member_find(point, rfa_facts_str(member, "name", "")),
				       "copy", ""));
	else if (rfa_is_database(member))
		rfa_database_name(ctx, member, "new", out);
	else
		rfa_member_copy(ctx, member, "new", out);
}

/* Where what was there before stays. "": nothing was. */
static void name_out(const struct rfa_ctx *ctx, const json_t *member, char out[RFA_COPY_MAX])
{
	out[0] = '\0';
	if (rfa_is_database(member))
		rfa_database_name(ctx, member, "old", out);
	else if (rfa_member_there(member))
		rfa_member_copy(ctx, member, "old", out);
}

static json_t *text_or_null(const char *text)
{
	return *text ? json_string(text) : json_null();
}

/* 1 in *is: what has this name is there: a copy, or a database beside the member. */
static int is_there(struct rfa_ctx *ctx, const json_t *member, const char *name, int *is,
		    struct rfa_error *err)
{
	struct rfa_file_stat st = { 0 };
	int rc;

	*is = 0;
	if (!*name)
		return 0;
	if (rfa_is_database(member))
		return rfa_database_there(ctx, rfa_database_of(member), name, is, err);
	rc = ctx->host->ops->file_stat(ctx->host, name, &st, err);
	*is = st.type != 0;
	return rc;
}

/* Whether anything of a member's exchange has happened: whatever comes in has left, or something
 * went out. */
static int is_begun(struct rfa_ctx *ctx, const json_t *member, int *begun, int *done,
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

static int add_item(struct rfa_ctx *ctx, const json_t *member, int back, json_t *items,
		    struct rfa_error *err)
{
	char in[RFA_COPY_MAX], out[RFA_COPY_MAX];
	json_t *item;

	name_in(ctx, member, in);
	name_out(ctx, member, out);
	if (!*in && !*out)
		return 0; /* nothing was there, and nothing comes */
	if (rfa_is_database(member))
		item = json_pack("{s:O, s:s, s:s}", "database", rfa_database_of(member), "in",
				 back ? out : in, "out", back ? in : out);
	else
		item =
		    json_pack("{s:s, s:s, s:o, s:o}", "kind", rfa_facts_str(member, "tree", ""),
			      "place", rfa_facts_str(member, "place", ""), "in",
			      text_or_null(back ? out : in), "out", text_or_null(back ? in : out));
	return !item || json_array_append_new(items, item) ? rfa_fail_nomem(err) : 0;
}

/* All members of one kind in one call. On the way back those whose exchange never began are left
 * alone. */
static int swap_some(struct rfa_ctx *ctx, int databases, int back, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const char *op = back ? "back" : "swap";
	json_t *items = json_array();
	struct rfa_ctx_key key;
	json_t *member;
	size_t i;
	int rc = items ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_members(ctx), i, member) {
		int begun = 1;
		int done;

		if (rfa_is_database(member) != databases)
			continue;
		if (!rc && back)
			rc = is_begun(ctx, member, &begun, &done, err);
		if (!rc && begun)
			rc = add_item(ctx, member, back, items, err);
	}
	if (!rc && json_array_size(items) && databases)
		rc = host->ops->database_swap(host, rfa_ctx_key(ctx, &key, op, "databases"), items,
					      err);
	else if (!rc && json_array_size(items))
		rc = host->ops->tree_swap(host, rfa_ctx_key(ctx, &key, op, NULL), items, err);
	json_decref(items);
	return rc;
}

/*
 * A power cut may leave a copy of a database that has its companions only, or nothing: the database
 * itself never left its place.
 */
static int drop_husks(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *husks = json_array();
	struct rfa_ctx_key key;
	json_t *member;
	size_t i;
	int rc = husks ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_members(ctx), i, member) {
		struct rfa_file_stat copy = { 0 };
		struct rfa_file_stat database = { 0 };
		char out[RFA_COPY_MAX], path[RFA_COPY_MAX + 8];

		name_out(ctx, member, out);
		if (rc || !*out || rfa_member_tree(member) != RFA_TREE_SQLITE)
			continue;
		snprintf(path, sizeof(path), "%s/db", out);
		rc = host->ops->file_stat(host, out, &copy, err);
		if (!rc && copy.type)
			rc = host->ops->file_stat(host, path, &database, err);
		if (!rc && copy.type && !database.type)
			json_array_append_new(husks, json_string(out));
	}
	if (!rc && json_array_size(husks))
		rc =
		    host->ops->tree_remove(host, rfa_ctx_key(ctx, &key, "husks", NULL), husks, err);
	json_decref(husks);
	return rc;
}

/* Whether its exchange has begun or not: it may have been taken back already. */
static int open_databases(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *member;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_members(ctx), i, member) {
		struct rfa_ctx_key key;
		json_t *look = NULL;

		if (rc || !rfa_is_database(member))
			continue;
		rc = rfa_database_await(ctx, rfa_database_of(member), &look, err);
		json_decref(look);
		if (!rc)
			rc = host->ops->database_open(
			    host, rfa_ctx_key(ctx, &key, "open", rfa_facts_str(member, "name", "")),
			    rfa_database_of(member), err);
	}
	return rc;
}

/*
 * Between the two calls a power cut may start containers again, which then have some of the new
 * data and some of the old: so the databases take no sessions until the files are exchanged too.
 */
static int swap(struct rfa_ctx *ctx, int back, struct rfa_error *err)
{
	int rc = swap_some(ctx, 1, back, err);

	if (!rc)
		rc = swap_some(ctx, 0, back, err);
	return rc ? rc : open_databases(ctx, err);
}

/* The generation that this run leaves, to be gone back to. */
static json_t *point_of(const struct rfa_ctx *ctx)
{
	json_t *members = json_array();
	char copy[RFA_COPY_MAX];
	json_t *member;
	size_t i;

	json_array_foreach (rfa_members(ctx), i, member) {
		name_out(ctx, member, copy);
		json_array_append_new(members, json_pack("{s:s, s:s, s:s, s:o, s:O*}", "name",
							 rfa_facts_str(member, "name", ""), "kind",
							 rfa_facts_str(member, "kind", ""), "place",
							 rfa_facts_str(member, "place", ""), "copy",
							 text_or_null(copy), "database",
							 rfa_database_of(member)));
	}
	return json_pack("{s:s, s:o}", "kind", "data", "members", members);
}

/*
 * Each rename is done once, from whatever half of it is there, so it may be repeated. In one call
 * after the proof: a container that comes back in between, by its restart policy, is stopped before
 * the next attempt.
 */
int rfa_swap_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	char epoch[65];
	int rc = rfa_hold_still(ctx, epoch, err);

	if (!rc)
		rc = swap(ctx, 0, err);
	return rc ? rc : rfa_facts_set(facts, "point", point_of(ctx), err);
}

int rfa_swap_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_swap_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	char epoch[65];
	int rc = rfa_hold_still(ctx, epoch, err);

	if (!rc)
		rc = swap(ctx, 1, err);
	return rc ? rc : drop_husks(ctx, err);
}

int rfa_is_exchanged(struct rfa_ctx *ctx, int *is, struct rfa_error *err)
{
	json_t *member;
	size_t i;

	*is = 1;
	json_array_foreach (rfa_members(ctx), i, member) {
		int begun, done;
		int rc = is_begun(ctx, member, &begun, &done, err);

		if (rc)
			return rc;
		*is = *is && done;
	}
	return 0;
}

/* ---- a drill's second half --------------------------------------------------------------------
 */

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

/* ---- afterwards -------------------------------------------------------------------------------
 */

int rfa_data_tidy_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	(void)facts;
	return rfa_copies_remove(ctx, "new", err);
}

int rfa_data_tidy_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
