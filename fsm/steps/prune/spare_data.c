/* Data that was replaced, and is not among the newest: generations that nobody goes back to. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/prune/spare.h"
#include "fsm/steps/steps.h"

/* A rollback point, and what is still there of it. */
struct going {
	const char *point;
	int stays;
	int ours;                         /* else somebody else has removed it */
	struct rfa_texts copies;          /* of files */
	struct rfa_member_list databases; /* members whose copy is a database */
};
struct going_list {
	struct going *at;
	size_t n;
};

/* 1 in *is: what a member's `copy` names is there. */
static int is_there(struct rfa_ctx *ctx, const struct rfa_member *member, int *is,
		    struct rfa_error *err)
{
	struct rfa_file_stat st = { 0 };
	int rc;

	if (rfa_is_database(member))
		return rfa_database_there(ctx, member->database, member->copy, is, err);
	rc = ctx->host->files->stat(ctx->host, member->copy, &st, err);
	*is = st.type != 0;
	return rc;
}

/* What is still there of a point. */
static int find_copies(struct rfa_ctx *ctx, const struct rfa_point *point, struct going *out,
		       struct rfa_error *err)
{
	const struct rfa_member *member;

	RFA_EACH (member, point->members) {
		int is = 0;
		int rc = *member->copy ? is_there(ctx, member, &is, err) : 0;

		if (rc)
			return rc;
		if (is && rfa_is_database(member))
			*RFA_ADD(ctx->pool, member, &out->databases) = *member;
		else if (is)
			rfa_texts_add(ctx->pool, &out->copies, member->copy);
	}
	return 0;
}

static int remove_databases(struct rfa_ctx *ctx, const struct rfa_member_list *list,
			    struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	RFA_EACH (member, *list)
		if (!rc)
			rc = rfa_database_drop(ctx, member->database, member->copy, err);
	return rc;
}

static int remove_one(struct rfa_ctx *ctx, const struct going *one, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *copies = NULL;
	int rc = rfa_texts_keep(&one->copies, ctx->pool, &copies, err);

	if (rc)
		return rc;
	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the generation %s goes", one->point);
	if (one->copies.n)
		rc = ctx->host->trees->remove(
		    ctx->host, rfa_ctx_key(ctx, &key, "remove", one->point), copies, err);
	return rc ? rc : remove_databases(ctx, &one->databases, err);
}

/* How many copies a point has: where nothing was before, going back needs none. */
static size_t names_copies(const struct rfa_point *point)
{
	const struct rfa_member *member;
	size_t n = 0;

	RFA_EACH (member, point->members)
		n += *member->copy != '\0';
	return n;
}

/*
 * One point's verdict. What somebody else has removed is told as well: it can not be gone back to
 * either.
 */
static int judge(struct rfa_ctx *ctx, const struct rfa_point *point, int64_t *stay,
		 struct going *out, struct rfa_error *err)
{
	size_t there;
	int rc = find_copies(ctx, point, out, err);

	out->point = point->name;
	there = out->copies.n + out->databases.n;
	/* An attempt before this one may have been about to remove it. */
	out->ours = there || rfa_texts_have(&ctx->made.going, point->name);
	/* Nobody can go back with half of one: it does not count among those that stay. */
	out->stays = there == names_copies(point) && (!there || (*stay)-- > 0);
	return rc;
}

static int64_t newest_kept(const struct rfa_ctx *ctx)
{
	const struct rfa_stack_data *data = rfa_ctx_stack_here(ctx)->data;

	return data ? data->keep_generations : 1;
}

/* Each point, newest first. The newest that are still there stay. */
static int judge_all(struct rfa_ctx *ctx, struct rfa_point_list *points, struct going_list *out,
		     struct rfa_error *err)
{
	int64_t stay = newest_kept(ctx);
	const struct rfa_point *point;
	int rc = rfa_ctx_data_points(ctx, points, err);

	RFA_EACH (point, *points)
		if (!rc)
			rc = judge(ctx, point, &stay,
				   rfa_pool_add(ctx->pool, out, sizeof(struct going)), err);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* What a copy takes on the disk; of a database what it took when it was replaced. */
static int add_bytes(struct rfa_ctx *ctx, const struct rfa_member *member,
		     const struct going *there, int64_t *bytes, struct rfa_error *err)
{
	json_t *seen = NULL;
	int rc;

	if (!rfa_texts_have(&there->copies, member->copy)) {
		if (rfa_member_named(&there->databases, member->name))
			*bytes += member->bytes;
		return 0;
	}
	rc =
	    ctx->host->trees->observe(ctx->host, rfa_member_tree(member), member->copy, &seen, err);
	*bytes += rc ? 0 : rfa_facts_int(seen, "bytes", 0);
	json_decref(seen);
	return rc;
}

int rfa_spare_data(struct rfa_ctx *ctx, struct rfa_thing_list *out, struct rfa_error *err)
{
	struct rfa_point_list points = { NULL, 0 };
	struct going_list all = { NULL, 0 };
	const struct rfa_member *member;
	size_t i;
	int rc = judge_all(ctx, &points, &all, err);

	for (i = 0; i < all.n && !rc; i++) {
		struct rfa_thing *thing =
		    rfa_spare_add(ctx, out, RFA_THING_DATA, points.at[i].name);

		if (all.at[i].stays)
			thing->why = rfa_pool_printf(
			    ctx->pool, "one of the newest %lld that can be gone back to",
			    (long long)newest_kept(ctx));
		RFA_EACH (member, points.at[i].members)
			if (!rc && *member->copy)
				rc = add_bytes(ctx, member, &all.at[i], &thing->bytes, err);
	}
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* Removing. Only what goes, and was found to go when the run began. */

static int is_going(const struct rfa_ctx *ctx, const struct going *one)
{
	return !one->stays && rfa_spare_goes(ctx, RFA_THING_DATA, one->point);
}

/* What is about to go is on record first: afterwards nothing would tell whose doing it was. */
static int remember(struct rfa_ctx *ctx, const struct going_list *going, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;
	const struct going *one;
	int rc;

	made.going = (struct rfa_texts){ NULL, 0 };
	RFA_EACH (one, *going)
		if (one->ours && is_going(ctx, one))
			rfa_texts_add(ctx->pool, &made.going, one->point);
	if (!made.going.n)
		return 0;
	rc = rfa_ctx_made(ctx, &made, "what goes is known", err);
	/* What could not be recorded was not done, as far as anybody can tell. */
	if (rc)
		rfa_error_as(err, RFA_UNKNOWN);
	return rc;
}

/* *gone: how many this run has removed. */
static int remove_all(struct rfa_ctx *ctx, size_t *gone, struct rfa_retired_list *retired,
		      struct rfa_error *err)
{
	struct rfa_point_list points = { NULL, 0 };
	struct going_list all = { NULL, 0 };
	const struct going *one;
	int rc = judge_all(ctx, &points, &all, err);

	if (!rc)
		rc = remember(ctx, &all, err);
	RFA_EACH (one, all) {
		struct rfa_retired *end;

		if (rc || !is_going(ctx, one))
			continue;
		if (one->ours)
			rc = remove_one(ctx, one, err);
		end = RFA_ADD(ctx->pool, retired, retired);
		end->point = one->point;
		end->how = one->ours ? "pruned" : "gone";
		*gone += !rc && one->ours;
	}
	return rc;
}

int rfa_prune_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	size_t gone = 0;
	int rc;

	if (!rfa_spare_asked(ctx, RFA_THING_DATA))
		return rfa_ctx_skip(facts, "replaced data is not asked for", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = remove_all(ctx, &gone, &proven.retired, err);
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  rfa_pool_printf(ctx->pool, "%zu generation(s) removed", gone),
				  facts, err);
}

int rfa_prune_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
