/* What is no longer needed goes: old backups by the plan's retention, old generations of data. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/data/databases.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/backup/vault.h"

/* Backups. */

/* What the rules leave, and what went. */
struct thinned {
	struct rfa_texts removed;
	int64_t retained;
};

static int64_t count_retained(const struct rfa_verdict_list *verdicts)
{
	const struct rfa_verdict *one;
	int64_t n = 0;

	RFA_EACH (one, *verdicts)
		n += one->stays != 0;
	return n;
}

/* Those that no rule keeps, the oldest first. One that is gone already is success, so it may be
 * repeated. */
static int remove_backups(struct rfa_ctx *ctx, const struct rfa_verdict_list *verdicts,
			  struct thinned *out, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	size_t i;

	for (i = verdicts->n; i-- > 0;) {
		const struct rfa_verdict *one = &verdicts->at[i];
		struct rfa_ctx_key key;
		int rc;

		if (one->stays)
			continue;
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the backup %s goes: %s", one->backup, one->why);
		rc = host->vault->remove(host, rfa_ctx_key(ctx, &key, "remove", one->backup),
					 rfa_ctx_options(ctx)->vault, one->backup, err);
		if (rc)
			return rc;
		rfa_texts_add(ctx->pool, &out->removed, one->backup);
	}
	out->retained += count_retained(verdicts);
	return 0;
}

/* Of the backups of one environment and set. */
static int retain_some(struct rfa_ctx *ctx, const struct rfa_listed_list *list, const char *env,
		       const char *set, struct thinned *out, struct rfa_error *err)
{
	struct rfa_verdict_list verdicts = { NULL, 0 };
	int rc = rfa_vault_judge(ctx, list, env, set, &verdicts, err);

	return rc ? rc : remove_backups(ctx, &verdicts, out, err);
}

/* Whose a backup is, "" if its manifest does not say: such a one is left alone. */
static int whose(struct rfa_ctx *ctx, const struct rfa_listed *one, struct rfa_manifest *out,
		 struct rfa_error *err)
{
	int rc;

	rfa_record_clear(&rfa_shape_manifest, out);
	if (!json_is_object(one->manifest))
		return 0;
	rc = rfa_record_read(&rfa_shape_manifest, one->manifest, ctx->pool, out, err);
	if (rc != -RFA_ECORRUPT)
		return rc;
	rfa_error_clear(err);
	rfa_record_clear(&rfa_shape_manifest, out);
	return 0;
}

/* Whose backups a vault has: by the names of those that are complete, each once. */
static int retain_each(struct rfa_ctx *ctx, const struct rfa_listed_list *list, struct thinned *out,
		       struct rfa_error *err)
{
	struct rfa_texts seen = { NULL, 0 };
	const struct rfa_listed *one;
	int rc = 0;

	RFA_EACH (one, *list) {
		struct rfa_manifest of;
		const char *name;

		if (!rc)
			rc = whose(ctx, one, &of, err);
		if (rc)
			break;
		name = rfa_pool_printf(ctx->pool, "%s-%s", of.env, of.set);
		if (!*of.env || rfa_texts_have(&seen, name))
			continue;
		rfa_texts_add(ctx->pool, &seen, name);
		rc = retain_some(ctx, list, of.env, of.set, out, err);
	}
	return rc;
}

/* Of the backups of one environment and set, or (env NULL) of each. */
static int retain(struct rfa_ctx *ctx, const char *env, const char *set, struct rfa_proven *proven,
		  struct rfa_error *err)
{
	struct rfa_listed_list list = { NULL, 0 };
	struct thinned out = { { NULL, 0 }, 0 };
	int rc = rfa_vault_list(ctx, &list, err);

	if (!rc)
		rc = env ? retain_some(ctx, &list, env, set, &out, err)
			 : retain_each(ctx, &list, &out, err);
	proven->removed = out.removed;
	proven->retained = out.retained;
	return rc;
}

static int prove(struct rfa_ctx *ctx, const struct rfa_proven *proven, size_t generations,
		 json_t *facts, struct rfa_error *err)
{
	char summary[120];

	snprintf(summary, sizeof(summary), "%zu backup(s) and %zu generation(s) removed",
		 proven->removed.n, generations);
	return rfa_ctx_prove(ctx, proven, summary, facts, err);
}

int rfa_retain_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];
	struct rfa_proven proven;
	int rc;

	if (!rfa_ctx_options(ctx)->retention)
		return rfa_ctx_skip(facts, "no retention is asked for", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = retain(ctx, source ? source->env : "", rfa_vault_set(ctx), &proven, err);
	return rc ? rc : prove(ctx, &proven, 0, facts, err);
}

/* Looks for itself what is left to do, so it may be repeated. */
int rfa_retain_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Backups, by hand. */

/* The operator has agreed to lose it. */
static int lists_backup(const json_t *agreed, const char *backup)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)agreed, i, one) {
		if (json_is_string(one) && !strcmp(json_string_value(one), backup))
			return 1;
	}
	return 0;
}

static int is_agreed(const struct rfa_ctx *ctx, const struct rfa_verdict_list *verdicts)
{
	const json_t *agreed = rfa_ctx_options(ctx)->agreed;
	const struct rfa_verdict *one;
	size_t going = 0;

	RFA_EACH (one, *verdicts) {
		if (one->stays)
			continue;
		if (!lists_backup(agreed, one->backup))
			return 0;
		going++;
	}
	return going == json_array_size(agreed);
}

/* What the operator agreed to must still be so: a backup that was under way may be whole by now. */
int rfa_thin_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_options *o = rfa_ctx_options(ctx);
	struct rfa_listed_list list = { NULL, 0 };
	struct rfa_proven proven;
	int rc = rfa_vault_list(ctx, &list, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!rc)
		rc = rfa_vault_judge(ctx, &list, o->of, rfa_vault_set(ctx), &proven.verdicts, err);
	if (rc)
		return rc;
	proven.retained = count_retained(&proven.verdicts);
	rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	if (rc || is_agreed(ctx, &proven.verdicts))
		return rc;
	rfa_fail(err, RFA_EREFUSED, "vault", "the backups are others by now");
	rfa_error_where(err, "%s:%s", ctx->host->name, o->vault);
	return rfa_error_hint(err, "look again: the same command");
}

int rfa_thin_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct thinned out = { { NULL, 0 }, 0 };
	struct rfa_proven proven;
	char summary[64];
	int rc = remove_backups(ctx, &ctx->own->verdicts, &out, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.removed = out.removed;
	snprintf(summary, sizeof(summary), "%zu backup(s) removed", out.removed.n);
	return rc ? rc : rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_thin_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Generations. */

/* A rollback point that goes, and what is still there of it. */
struct going {
	const char *point;
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
 * One point's verdict: nothing of one that stays. What somebody else has removed is told as well:
 * it can not be gone back to either.
 */
static int judge(struct rfa_ctx *ctx, const struct rfa_point *point, int64_t *stay,
		 struct going_list *out, struct rfa_error *err)
{
	struct going one = { .point = point->name };
	size_t there;
	int rc = find_copies(ctx, point, &one, err);

	if (rc)
		return rc;
	there = one.copies.n + one.databases.n;
	/* An attempt before this one may have been about to remove it. */
	one.ours = there || rfa_texts_have(&ctx->made.going, point->name);
	/* Nobody can go back with half of one: it does not count among those that stay. */
	if (there != names_copies(point) || (there && (*stay)-- <= 0))
		*(struct going *)rfa_pool_add(ctx->pool, out, sizeof(one)) = one;
	return 0;
}

/* The newest that are still there stay. */
static int judge_all(struct rfa_ctx *ctx, struct going_list *out, struct rfa_error *err)
{
	const struct rfa_stack_data *data = rfa_ctx_stack_here(ctx)->data;
	int64_t stay = data ? data->keep_generations : 1;
	struct rfa_point_list points = { NULL, 0 };
	const struct rfa_point *point;
	int rc = rfa_ctx_data_points(ctx, &points, err);

	RFA_EACH (point, points)
		if (!rc)
			rc = judge(ctx, point, &stay, out, err);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* What is about to go is on record first: afterwards nothing would tell whose doing it was. */
static int remember(struct rfa_ctx *ctx, const struct going_list *going, struct rfa_error *err)
{
	struct rfa_made made = ctx->made;
	const struct going *one;
	int rc;

	made.going = (struct rfa_texts){ NULL, 0 };
	RFA_EACH (one, *going)
		if (one->ours)
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
static int prune_generations(struct rfa_ctx *ctx, size_t *gone, struct rfa_retired_list *retired,
			     struct rfa_error *err)
{
	struct going_list going = { NULL, 0 };
	const struct going *one;
	int rc = judge_all(ctx, &going, err);

	if (!rc)
		rc = remember(ctx, &going, err);
	RFA_EACH (one, going) {
		struct rfa_retired *end = RFA_ADD(ctx->pool, retired, retired);

		if (!rc && one->ours)
			rc = remove_one(ctx, one, err);
		end->point = one->point;
		end->how = one->ours ? "pruned" : "gone";
		*gone += !rc && one->ours;
	}
	return rc;
}

int rfa_prune_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_options *o = rfa_ctx_options(ctx);
	struct rfa_proven proven;
	size_t gone = 0;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = prune_generations(ctx, &gone, &proven.retired, err);
	if (!rc && *o->vault && o->retention)
		rc = retain(ctx, NULL, NULL, &proven, err);
	return rc ? rc : prove(ctx, &proven, gone, facts, err);
}

int rfa_prune_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
