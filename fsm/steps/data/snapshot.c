/*
 * The data as it was at one moment: the bulk is copied while everything runs, the rest while all
 * stands still; then the copies are checked and packed, while everything runs again.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/data/databases.h"
#include "fsm/steps/data/list.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/data/stop.h"

/* Who is started again by somebody else more often than this while it is copied, never stops. */
enum { SNAPSHOT_ROUNDS = 3 };

/* A dump is as quick as it is: there is nothing to bring over before. */
static int dump_one(struct rfa_ctx *ctx, const struct rfa_member *member, const char *generation,
		    json_t **made, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	char about[160];
	json_t *said = NULL;
	int rc = rfa_database_said(ctx, member->database, &said, err);

	rfa_member_copy(ctx, member, RFA_BESIDE_SNAPSHOT, copy);
	snprintf(about, sizeof(about), "%s %s", member->name, generation);
	return rc ? rc
		  : host->databases->dump(host, rfa_ctx_key(ctx, &key, "dump", about), said, copy,
					  made, err);
}

static int copy_tree(struct rfa_ctx *ctx, const struct rfa_member *member, enum rfa_copy_pass pass,
		     const char *generation, json_t **made, struct rfa_error *err)
{
	const char *op = pass == RFA_COPY_BULK ? "bulk" : "final";
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	char about[160];

	rfa_member_copy(ctx, member, RFA_BESIDE_SNAPSHOT, copy);
	snprintf(about, sizeof(about), "%s%s%s", member->name, *generation ? " " : "", generation);
	return ctx->host->trees->copy(ctx->host, rfa_ctx_key(ctx, &key, op, about),
				      rfa_member_tree(member), member->place, copy, pass, made,
				      err);
}

/* The bulk. */

/* Begins the pass again, over what is there, so it may be repeated. */
int rfa_copy_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	if (!rfa_touches_data(ctx))
		return rfa_touches_none(facts, err);
	RFA_EACH (member, ctx->own->members) {
		json_t *made = NULL;

		if (!rc && !rfa_is_database(member))
			rc = copy_tree(ctx, member, RFA_COPY_BULK, "", &made, err);
		json_decref(made);
	}
	return rc ? rc : rfa_ctx_says(facts, "the bulk is copied; everything runs", err);
}

int rfa_copy_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_copy_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, RFA_BESIDE_SNAPSHOT, err);
}

/* The snapshot. */

/* The generation is part of the job's key, so that a copy made in an earlier one never answers. */
static int copy_one(struct rfa_ctx *ctx, const struct rfa_member *member, const char *generation,
		    struct rfa_copy *out, struct rfa_error *err)
{
	json_t *made = NULL;
	int rc = rfa_is_database(member)
		     ? dump_one(ctx, member, generation, &made, err)
		     : copy_tree(ctx, member, RFA_COPY_FINAL, generation, &made, err);

	if (!rc)
		rc = rfa_record_read(&rfa_shape_copy, made, ctx->pool, out, err);
	out->name = member->name;
	json_decref(made);
	return rc;
}

/* All members, while everything stands still. */
static int copy_all(struct rfa_ctx *ctx, const char *generation, struct rfa_copy_list *out,
		    struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	*out = (struct rfa_copy_list){ NULL, 0 };
	RFA_EACH (member, ctx->own->members)
		if (!rc)
			rc = copy_one(ctx, member, generation, RFA_ADD(ctx->pool, copy, out), err);
	return rc;
}

static int prove_copies(struct rfa_ctx *ctx, const struct rfa_copy_list *copies, json_t *facts,
			struct rfa_error *err)
{
	const struct rfa_copy *one;
	struct rfa_proven proven;
	int64_t bytes = 0;
	char summary[160];
	int quick = 1;

	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.copies = *copies;
	RFA_EACH (one, *copies) {
		bytes += one->bytes;
		quick = quick && one->reflink;
	}
	snprintf(summary, sizeof(summary), "%zu member(s), %s%s", copies->n, RFA_SIZE(bytes),
		 quick ? ", by reflinks" : "");
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/*
 * Whoever could write stands still from before the first member until after the last one: if one of
 * them has run in between (a power cut), all members are copied again. So it may be repeated.
 */
int rfa_snapshot_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_copy_list copies = { NULL, 0 };
	char before[65], after[65];
	int round;
	int rc;

	rc = rfa_quiesce(ctx, before, err);
	for (round = 0; !rc && round < SNAPSHOT_ROUNDS; round++) {
		rc = copy_all(ctx, before, &copies, err);
		if (!rc)
			rc = rfa_quiesce(ctx, after, err);
		if (rc || !strcmp(before, after))
			break;
		memcpy(before, after, sizeof(before));
	}
	if (!rc && round == SNAPSHOT_ROUNDS) {
		rfa_fail(err, RFA_EREFUSED, "data",
			 "containers are started again and again while the data is copied");
		rc = rfa_error_where(err, "%s", ctx->host->name);
	}
	return rc ? rc : prove_copies(ctx, &copies, facts, err);
}

int rfa_snapshot_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		       struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_snapshot_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, RFA_BESIDE_SNAPSHOT, err);
}

/* The check. */

/* The server's own program reads all of it. *out is new. */
static int ask_server(struct rfa_ctx *ctx, const struct rfa_member *member, const char *copy,
		      json_t **out, struct rfa_error *err)
{
	struct rfa_server_seen seen;
	json_t *said = NULL;
	int rc = rfa_database_await(ctx, member->database, &seen, err);

	if (!rc)
		rc = rfa_database_said(ctx, member->database, &said, err);
	return rc ? rc : ctx->host->databases->check(ctx->host, said, copy, out, err);
}

static int is_broken(struct rfa_ctx *ctx, const struct rfa_member *member, const char *summary,
		     struct rfa_error *err)
{
	int dump = rfa_is_database(member);

	rfa_fail(err, RFA_ECORRUPT, dump ? "database" : "sqlite",
		 dump ? "the dump of %s is not whole: %.300s"
		      : "the database %s is not whole: %.300s",
		 member->name, summary);
	rfa_error_where(err, "%s:%s", ctx->host->name, member->place);
	return dump ? rfa_error_hint(err, "look at docker logs %s there",
				     member->database->container)
		    : rfa_error_hint(err,
				     "look at it there with: sqlite3 %.200s 'PRAGMA "
				     "integrity_check'",
				     member->place);
}

static int check_one(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_checked checked;
	char copy[RFA_COPY_MAX];
	json_t *answer = NULL;
	int rc;

	rfa_member_copy(ctx, member, RFA_BESIDE_SNAPSHOT, copy);
	rc = rfa_is_database(member) ? ask_server(ctx, member, copy, &answer, err)
				     : host->trees->sqlite_check(host, copy, &answer, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_checked, answer, ctx->pool, &checked, err);
	if (!rc && !checked.ok)
		rc = is_broken(ctx, member, checked.summary, err);
	json_decref(answer);
	return rc;
}

int rfa_check_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	char summary[96];
	size_t n = 0;

	RFA_EACH (member, ctx->own->members) {
		int rc;

		if (strcmp(member->kind, "sqlite") != 0 && !rfa_is_database(member))
			continue;
		rc = check_one(ctx, member, err);
		if (rc)
			return rc;
		n++;
	}
	if (!n)
		return rfa_ctx_skip(facts, "there is no database among the data", err);
	snprintf(summary, sizeof(summary), "%zu database(s) whole, as their own programs say", n);
	return rfa_ctx_says(facts, summary, err);
}

/* The archives. */

static int pack_one(struct rfa_ctx *ctx, const struct rfa_member *member, struct rfa_archive *out,
		    struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	struct rfa_packing packing;
	json_t *made = NULL;
	int rc = rfa_packing_of(ctx, member, &packing, err);

	rfa_member_copy(ctx, member, RFA_BESIDE_SNAPSHOT, copy);
	if (!rc)
		rc = host->trees->pack(host, rfa_ctx_key(ctx, &key, "pack", member->name), copy,
				       member->name, &packing, &made, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_archive, made, ctx->pool, out, err);
	out->name = member->name;
	json_decref(made);
	return rc;
}

/* The same archive for the same copy, so it may be repeated. */
int rfa_pack_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_member *member;
	struct rfa_proven proven;
	int rc = 0;

	rfa_record_clear(&rfa_shape_proven, &proven);
	RFA_EACH (member, ctx->own->members)
		if (!rc)
			rc = pack_one(ctx, member, RFA_ADD(ctx->pool, archive, &proven.archives),
				      err);
	return rc ? rc : rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_pack_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_pack_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}

/* Afterwards. */

/* Told last of all what nobody looked at since: that the source runs as it did. */
int rfa_source_cleanup_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	int rc = rfa_copies_remove(ctx, RFA_BESIDE_SNAPSHOT, err);

	if (!rc)
		rc = rfa_runs_again(ctx, err);
	return rc ? rc : rfa_ctx_says(facts, "the snapshot is gone; what ran before runs", err);
}

int rfa_source_cleanup_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
