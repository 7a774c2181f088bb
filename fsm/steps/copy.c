/*
 * The data as it was at one moment: the bulk is copied while everything runs, the rest while all
 * stands still; then the copies are checked and packed, while everything runs again.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/databases.h"
#include "fsm/steps/members.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/stop.h"

/* Who is started again by somebody else more often than this while it is copied, never stops. */
enum { SNAPSHOT_ROUNDS = 3 };

/* A dump is as quick as it is: there is nothing to bring over before. */
static int dump_one(struct rfa_ctx *ctx, const json_t *member, const char *epoch, json_t **made,
		    struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	char about[160];

	rfa_member_copy(ctx, member, "snap", copy);
	snprintf(about, sizeof(about), "%s %s", rfa_facts_str(member, "name", ""), epoch);
	return host->ops->database_dump(host, rfa_ctx_key(ctx, &key, "dump", about),
					rfa_database_of(member), copy, made, err);
}

static int copy_one(struct rfa_ctx *ctx, const json_t *member, enum rfa_copy_pass pass,
		    const char *epoch, json_t **made, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	char about[160];

	if (rfa_is_database(member))
		return pass == RFA_COPY_BULK ? 0 : dump_one(ctx, member, epoch, made, err);
	rfa_member_copy(ctx, member, "snap", copy);
	snprintf(about, sizeof(about), "%s%s%s", rfa_facts_str(member, "name", ""),
		 *epoch ? " " : "", epoch);
	return host->ops->tree_copy(
	    host, rfa_ctx_key(ctx, &key, pass == RFA_COPY_BULK ? "bulk" : "final", about),
	    rfa_member_tree(member), rfa_facts_str(member, "place", ""), copy, pass, made, err);
}

/* ---- the bulk ---------------------------------------------------------------------------------
 */

/* Begins the pass again, over what is there, so it may be repeated. */
int rfa_copy_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *member;
	size_t i;

	json_array_foreach (rfa_members(ctx), i, member) {
		json_t *made = NULL;
		int rc = copy_one(ctx, member, RFA_COPY_BULK, "", &made, err);

		json_decref(made);
		if (rc)
			return rc;
	}
	return rfa_facts_set(facts, "says", json_string("the bulk is copied; everything runs"),
			     err);
}

int rfa_copy_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_copy_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, "snap", err);
}

/* ---- the snapshot -----------------------------------------------------------------------------
 */

/* All members, at one standstill: the epoch is part of the jobs' keys, so that a copy made at an
 * earlier one never answers for this one. */
static int copy_all(struct rfa_ctx *ctx, const char *epoch, json_t *copies, struct rfa_error *err)
{
	json_t *member;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_members(ctx), i, member) {
		json_t *made = NULL;

		rc = copy_one(ctx, member, RFA_COPY_FINAL, epoch, &made, err);
		if (!rc)
			rc = rfa_facts_set(copies, rfa_facts_str(member, "name", ""), made, err);
		if (rc)
			break;
	}
	return rc;
}

static int tell_copies(json_t *facts, json_t *copies, struct rfa_error *err)
{
	json_int_t bytes = 0;
	const char *name;
	char says[160];
	int quick = 1;
	json_t *one;

	json_object_foreach (copies, name, one) {
		bytes += (json_int_t)rfa_facts_int(one, "bytes", 0);
		quick = quick && rfa_facts_bool(one, "reflink", 0);
	}
	snprintf(says, sizeof(says), "%zu member(s), %s%s", json_object_size(copies),
		 RFA_SIZE(bytes), quick ? ", by reflinks" : "");
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/*
 * Whoever could write stands still from before the first member until after the last one: if one of
 * them has run in between (a power cut), all members are copied again. So it may be repeated.
 */
int rfa_snapshot_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	char before[65], after[65];
	json_t *copies = NULL;
	int round;
	int rc;

	rc = rfa_hold_still(ctx, before, err);
	for (round = 0; !rc && round < SNAPSHOT_ROUNDS; round++) {
		json_decref(copies);
		copies = json_object();
		rc = copies ? copy_all(ctx, before, copies, err) : rfa_fail_nomem(err);
		if (!rc)
			rc = rfa_hold_still(ctx, after, err);
		if (rc || !strcmp(before, after))
			break;
		memcpy(before, after, sizeof(before));
	}
	if (!rc && round == SNAPSHOT_ROUNDS) {
		rfa_fail(err, RFA_EREFUSED, "data",
			 "containers are started again and again while the data is copied");
		rc = rfa_error_where(err, "%s", ctx->host->name);
	}
	if (!rc)
		rc = tell_copies(facts, copies, err);
	if (!rc)
		rc = rfa_facts_set(facts, "copies", json_incref(copies), err);
	json_decref(copies);
	return rc;
}

int rfa_snapshot_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		       struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_snapshot_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return rfa_copies_remove(ctx, "snap", err);
}

/* ---- the check --------------------------------------------------------------------------------
 */

/* The server's own program reads all of it. */
static int check_dump(struct rfa_ctx *ctx, const json_t *member, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	char copy[RFA_COPY_MAX];
	json_t *answer = NULL;
	int rc = rfa_database_await(ctx, rfa_database_of(member), &answer, err);

	json_decref(answer);
	answer = NULL;
	rfa_member_copy(ctx, member, "snap", copy);
	if (!rc)
		rc = host->ops->database_check(host, rfa_database_of(member), copy, &answer, err);
	if (!rc && !rfa_facts_bool(answer, "ok", 0)) {
		rfa_fail(err, RFA_ECORRUPT, "database", "the dump of %s is not whole: %.300s",
			 rfa_facts_str(member, "name", ""), rfa_facts_str(answer, "says", ""));
		rfa_error_where(err, "%s:%s", host->name, rfa_facts_str(member, "place", ""));
		rc = rfa_error_mend(err, "look at docker logs %s there",
				    rfa_facts_str(member, "database/container", ""));
	}
	json_decref(answer);
	return rc;
}

static int check_one(struct rfa_ctx *ctx, const json_t *member, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	char copy[RFA_COPY_MAX];
	json_t *answer = NULL;
	int rc;

	rfa_member_copy(ctx, member, "snap", copy);
	rc = host->ops->sqlite_check(host, copy, &answer, err);
	if (!rc && !rfa_facts_bool(answer, "ok", 0)) {
		rfa_fail(err, RFA_ECORRUPT, "sqlite", "the database %s is not whole: %.300s",
			 rfa_facts_str(member, "name", ""), rfa_facts_str(answer, "says", ""));
		rfa_error_where(err, "%s:%s", host->name, rfa_facts_str(member, "place", ""));
		rc = rfa_error_mend(err,
				    "look at it there with: sqlite3 %.200s 'PRAGMA "
				    "integrity_check'",
				    rfa_facts_str(member, "place", ""));
	}
	json_decref(answer);
	return rc;
}

int rfa_check_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *member;
	char says[96];
	size_t n = 0;
	size_t i;

	json_array_foreach (rfa_members(ctx), i, member) {
		int is_sqlite = !strcmp(rfa_facts_str(member, "kind", ""), "sqlite");
		int rc;

		if (!is_sqlite && !rfa_is_database(member))
			continue;
		rc = is_sqlite ? check_one(ctx, member, err) : check_dump(ctx, member, err);
		if (rc)
			return rc;
		n++;
	}
	if (!n)
		return rfa_ctx_skip(facts, "there is no database among the data", err);
	snprintf(says, sizeof(says), "%zu database(s) whole, as their own programs say", n);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/* ---- the archives -----------------------------------------------------------------------------
 */

/* The same archive for the same copy, so it may be repeated. */
int rfa_pack_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *archives;
	json_t *member;
	size_t i;
	int rc = 0;

	archives = json_object();
	if (!archives)
		return rfa_fail_nomem(err);
	json_array_foreach (rfa_members(ctx), i, member) {
		const char *name = rfa_facts_str(member, "name", "");
		struct rfa_ctx_key key;
		char copy[RFA_COPY_MAX];
		json_t *made = NULL;

		rfa_member_copy(ctx, member, "snap", copy);
		rc = host->ops->tree_pack(host, rfa_ctx_key(ctx, &key, "pack", name), copy, name,
					  &made, err);
		if (!rc)
			rc = rfa_facts_set(archives, name, made, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = rfa_facts_set(facts, "archives", json_incref(archives), err);
	json_decref(archives);
	return rc;
}

int rfa_pack_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_pack_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->ops->run_remove(ctx->host, ctx->run, err);
}

/* ---- afterwards -------------------------------------------------------------------------------
 */

/* Told last of all what nobody looked at since: that the source runs as it did. */
int rfa_source_tidy_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	int rc = rfa_copies_remove(ctx, "snap", err);

	if (!rc)
		rc = rfa_runs_again(ctx, err);
	return rc ? rc
		  : rfa_facts_set(facts, "says",
				  json_string("the snapshot is gone; what ran before runs"), err);
}

int rfa_source_tidy_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			  struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
