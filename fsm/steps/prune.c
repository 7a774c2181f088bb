/* What is no longer needed goes: old backups by the plan's retention, old generations of data. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/vault.h"

/* ---- backups ----------------------------------------------------------------------------------
 */

/* Those that the rules do not keep, {"backup","why"}, the oldest first; *stay: how many stay. */
static int going_of(const json_t *verdicts, json_t *going, size_t *stay, struct rfa_error *err)
{
	size_t i;

	for (i = json_array_size(verdicts); i-- > 0;) {
		json_t *one = json_array_get(verdicts, i);

		if (rfa_facts_bool(one, "stays", 1))
			(*stay)++;
		else if (json_array_append(going, one))
			return rfa_fail_nomem(err);
	}
	return 0;
}

/* One that is gone already is success, so it may be repeated. */
static int remove_backups(struct rfa_ctx *ctx, const json_t *going, json_t *removed,
			  struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)going, i, one) {
		const char *id = rfa_facts_str(one, "backup", "");
		struct rfa_ctx_key key;

		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the backup %s goes: %s", id,
			    rfa_facts_str(one, "why", ""));
		rc = host->ops->vault_remove(host, rfa_ctx_key(ctx, &key, "remove", id),
					     rfa_vault_path(ctx), id, err);
		if (rc)
			break;
		json_array_append_new(removed, json_string(id));
	}
	return rc;
}

static int retain_some(struct rfa_ctx *ctx, const json_t *list, const char *env, const char *set,
		       json_t *removed, size_t *stay, struct rfa_error *err)
{
	json_t *going = json_array();
	json_t *verdicts = NULL;
	int rc = going ? rfa_vault_judge(ctx, list, env, set, &verdicts, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = going_of(verdicts, going, stay, err);
	if (!rc)
		rc = remove_backups(ctx, going, removed, err);
	json_decref(verdicts);
	json_decref(going);
	return rc;
}

/* Whose backups a vault has: by the names of those that are complete, each once. */
static int retain_each(struct rfa_ctx *ctx, const json_t *list, json_t *removed, size_t *stay,
		       struct rfa_error *err)
{
	json_t *seen = json_object();
	json_t *one;
	size_t i;
	int rc = seen ? 0 : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		const char *env = rfa_facts_str(one, "manifest/env", "");
		const char *set = rfa_facts_str(one, "manifest/set", "");
		char whose[256];

		snprintf(whose, sizeof(whose), "%s-%s", env, set);
		if (rc || !*env || json_object_get(seen, whose))
			continue;
		rc = rfa_facts_set(seen, whose, json_true(), err);
		if (!rc)
			rc = retain_some(ctx, list, env, set, removed, stay, err);
	}
	json_decref(seen);
	return rc;
}

/* Of the backups of one environment and set, or (env NULL) of each. facts: "removed", "kept". */
static int retain(struct rfa_ctx *ctx, const char *env, const char *set, json_t *facts,
		  struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *removed = json_array();
	json_t *list = NULL;
	size_t stay = 0;
	int rc = removed ? host->ops->vault_list(host, rfa_vault_path(ctx), &list, err)
			 : rfa_fail_nomem(err);

	if (!rc)
		rc = env ? retain_some(ctx, list, env, set, removed, &stay, err)
			 : retain_each(ctx, list, removed, &stay, err);
	if (!rc)
		rc = rfa_facts_set(facts, "kept", json_integer((json_int_t)stay), err);
	if (!rc)
		rc = rfa_facts_set(facts, "removed", json_incref(removed), err);
	json_decref(list);
	json_decref(removed);
	return rc;
}

static int has_retention(const struct rfa_ctx *ctx)
{
	return json_is_object(rfa_facts_at(ctx->plan_json, "options/retention"));
}

static int say(json_t *facts, size_t generations, struct rfa_error *err)
{
	char says[120];

	snprintf(says, sizeof(says), "%zu backup(s) and %zu generation(s) removed",
		 json_array_size(json_object_get(facts, "removed")), generations);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

int rfa_retain_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	int rc;

	if (!has_retention(ctx))
		return rfa_ctx_skip(facts, "no retention is asked for", err);
	rc = retain(ctx, rfa_facts_str(ctx->plan_json, "source/env", ""),
		    rfa_facts_str(ctx->plan_json, "options/set", "data"), facts, err);
	return rc ? rc : say(facts, 0, err);
}

/* Looks for itself what is left to do, so it may be repeated. */
int rfa_retain_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* ---- backups, by hand -------------------------------------------------------------------------
 */

static int is_agreed(const struct rfa_ctx *ctx, const json_t *going)
{
	const json_t *agreed = rfa_facts_at(ctx->plan_json, "options/agreed");
	json_t *one;
	size_t i, j;

	if (json_array_size(agreed) != json_array_size(going))
		return 0;
	json_array_foreach ((json_t *)(uintptr_t)going, i, one) {
		for (j = 0; j < json_array_size(agreed); j++)
			if (json_equal(json_array_get(agreed, j), json_object_get(one, "backup")))
				break;
		if (j == json_array_size(agreed))
			return 0;
	}
	return 1;
}

/* What the operator agreed to must still be so: a backup that was under way may be whole by now. */
int rfa_thin_look_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	json_t *going = json_array();
	json_t *verdicts = NULL;
	json_t *list = NULL;
	size_t stay = 0;
	int rc = going ? host->ops->vault_list(host, rfa_vault_path(ctx), &list, err)
		       : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_vault_judge(ctx, list, rfa_facts_str(ctx->plan_json, "options/of", ""),
				     rfa_facts_str(ctx->plan_json, "options/set", "data"),
				     &verdicts, err);
	if (!rc)
		rc = rfa_facts_set(facts, "verdicts", json_incref(verdicts), err);
	if (!rc)
		rc = going_of(verdicts, going, &stay, err);
	if (!rc && !is_agreed(ctx, going)) {
		rfa_fail(err, RFA_EREFUSED, "vault", "the backups are others by now");
		rfa_error_where(err, "%s:%s", host->name, rfa_vault_path(ctx));
		rc = rfa_error_mend(err, "look again: the same command");
	}
	if (!rc)
		rc = rfa_facts_set(facts, "going", json_incref(going), err);
	if (!rc)
		rc = rfa_facts_set(facts, "kept", json_integer((json_int_t)stay), err);
	json_decref(list);
	json_decref(verdicts);
	json_decref(going);
	return rc;
}

int rfa_thin_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *removed = json_array();
	int rc = removed
		     ? remove_backups(ctx, rfa_ctx_fact(ctx, "target.look", "going"), removed, err)
		     : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_facts_set(facts, "removed", json_incref(removed), err);
	if (!rc)
		rc = rfa_facts_set(facts, "says",
				   json_sprintf("%zu backup(s) removed", json_array_size(removed)),
				   err);
	json_decref(removed);
	return rc;
}

int rfa_thin_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* ---- generations ------------------------------------------------------------------------------
 */

/* Copies of the point that are still there. */
static int copies_of(struct rfa_ctx *ctx, const json_t *point, json_t *copies,
		     struct rfa_error *err)
{
	json_t *member;
	size_t i;

	json_array_foreach (json_object_get(point, "members"), i, member) {
		const char *copy = rfa_facts_str(member, "copy", NULL);
		struct rfa_file_stat st = { 0 };
		int rc = 0;

		if (copy && !rfa_is_database(member))
			rc = ctx->host->ops->file_stat(ctx->host, copy, &st, err);

		if (rc)
			return rc;
		if (st.type && json_array_append_new(copies, json_string(copy)))
			return rfa_fail_nomem(err);
	}
	return 0;
}

/* Databases of the point that are still there: the members that have one. */
static int databases_of(struct rfa_ctx *ctx, const json_t *point, json_t *list,
			struct rfa_error *err)
{
	json_t *member;
	size_t i;

	json_array_foreach (json_object_get(point, "members"), i, member) {
		const char *copy = rfa_facts_str(member, "copy", NULL);
		int is = 0;
		int rc;

		if (!copy || !rfa_is_database(member))
			continue;
		rc = rfa_database_there(ctx, rfa_database_of(member), copy, &is, err);
		if (rc)
			return rc;
		if (is && json_array_append(list, member))
			return rfa_fail_nomem(err);
	}
	return 0;
}

static int remove_databases(struct rfa_ctx *ctx, const json_t *list, struct rfa_error *err)
{
	json_t *member;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)list, i, member) {
		json_t *names = json_pack("[O]", json_object_get(member, "copy"));

		if (!rc)
			rc = names ? rfa_databases_drop(ctx, rfa_database_of(member), names, err)
				   : rfa_fail_nomem(err);
		json_decref(names);
	}
	return rc;
}

static int remove_copies(struct rfa_ctx *ctx, const char *point, const json_t *copies,
			 struct rfa_error *err)
{
	struct rfa_ctx_key key;

	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the generation %s goes", point);
	if (!json_array_size(copies))
		return 0;
	return ctx->host->ops->tree_remove(ctx->host, rfa_ctx_key(ctx, &key, "remove", point),
					   copies, err);
}

/* How many copies a point has: where nothing was before, going back needs none. */
static size_t names_copies(const json_t *point)
{
	json_t *member;
	size_t n = 0;
	size_t i;

	json_array_foreach (json_object_get(point, "members"), i, member) {
		n += rfa_facts_str(member, "copy", NULL) != NULL;
	}
	return n;
}

/* An attempt before this one was about to remove it. */
static int was_going(const struct rfa_ctx *ctx, const char *point)
{
	return rfa_facts_has_text(rfa_ctx_fact(ctx, ctx->step->name, "made/going"), point);
}

/*
 * One point's verdict: {"point","how": "pruned" or "gone","copies","databases"}, or nothing of one
 * that stays. What somebody else has removed is told as well: it can not be gone back to either.
 */
static int judge(struct rfa_ctx *ctx, const json_t *point, int64_t *stay, json_t *going,
		 struct rfa_error *err)
{
	const char *name = rfa_facts_str(point, "name", "");
	json_t *databases = json_array();
	json_t *copies = json_array();
	size_t there;
	int ours;
	int rc = copies && databases ? copies_of(ctx, point, copies, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = databases_of(ctx, point, databases, err);
	if (rc)
		goto done;
	there = json_array_size(copies) + json_array_size(databases);
	ours = there || was_going(ctx, name);
	/* Nobody can go back with half of one: it does not count among those that stay. */
	if (there == names_copies(point) && (!there || (*stay)-- > 0))
		goto done;
	if (json_array_append_new(going, json_pack("{s:s, s:s, s:O, s:O}", "point", name, "how",
						   ours ? "pruned" : "gone", "copies", copies,
						   "databases", databases)))
		rc = rfa_fail_nomem(err);
done:
	json_decref(databases);
	json_decref(copies);
	return rc;
}

/* The newest that are still there stay. */
static int judge_all(struct rfa_ctx *ctx, json_t *going, struct rfa_error *err)
{
	int64_t stay = rfa_facts_int(rfa_ctx_own_stack(ctx), "data/keep_generations", 1);
	json_t *point;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)ctx->points, i, point) {
		if (!rc && !strcmp(rfa_facts_str(point, "kind", ""), "data"))
			rc = judge(ctx, point, &stay, going, err);
	}
	return rc;
}

/* What is about to go is on record first: afterwards nothing would tell whose doing it was. */
static int remember(struct rfa_ctx *ctx, const json_t *going, struct rfa_error *err)
{
	json_t *names = json_array();
	json_t *one;
	size_t i;
	int rc;

	json_array_foreach ((json_t *)(uintptr_t)going, i, one) {
		if (!strcmp(rfa_facts_str(one, "how", ""), "pruned"))
			json_array_append(names, json_object_get(one, "point"));
	}
	if (!json_array_size(names)) {
		json_decref(names);
		return 0;
	}
	rc = ctx->progress(
	    ctx, json_pack("{s:s, s:{s:o}}", "says", "what goes is known", "made", "going", names),
	    err);
	/* What could not be recorded was not done, as far as anybody can tell. */
	if (rc)
		rfa_error_as(err, RFA_UNKNOWN);
	return rc;
}

/* facts: "spent", [{"point","how"}]. */
static int prune_generations(struct rfa_ctx *ctx, size_t *gone, json_t *facts,
			     struct rfa_error *err)
{
	json_t *going = json_array();
	json_t *spent = json_array();
	json_t *one;
	size_t i;
	int rc = going && spent ? judge_all(ctx, going, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = remember(ctx, going, err);
	json_array_foreach (going, i, one) {
		const char *how = rfa_facts_str(one, "how", "");

		if (!rc && !strcmp(how, "pruned"))
			rc = remove_copies(ctx, rfa_facts_str(one, "point", ""),
					   json_object_get(one, "copies"), err);
		if (!rc)
			rc = remove_databases(ctx, json_object_get(one, "databases"), err);
		*gone += !rc && !strcmp(how, "pruned");
		json_array_append_new(spent, json_pack("{s:O, s:s}", "point",
						       json_object_get(one, "point"), "how", how));
	}
	if (!rc)
		rc = rfa_facts_set(facts, "spent", json_incref(spent), err);
	json_decref(going);
	json_decref(spent);
	return rc;
}

int rfa_prune_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	size_t gone = 0;
	int rc = prune_generations(ctx, &gone, facts, err);

	if (!rc && *rfa_vault_path(ctx) && has_retention(ctx))
		rc = retain(ctx, NULL, NULL, facts, err);
	return rc ? rc : say(facts, gone, err);
}

int rfa_prune_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
