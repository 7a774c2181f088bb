/*
 * Looking at a stack's data before it is touched: where its members are, which containers use them,
 * and how those run. Neither side is judged here; the gates do that, all at once.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/look.h"
#include "fsm/steps/members.h"
#include "fsm/steps/mounts.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/users.h"

/* Steals the list, which is NULL where rc is not 0. */
static int put(json_t *facts, const char *name, int rc, json_t **list, struct rfa_error *err)
{
	if (!rc)
		rc = rfa_facts_set(facts, name, *list, err);
	*list = NULL;
	return rc;
}

static int put_users(struct rfa_ctx *ctx, const json_t *members, json_t *facts,
		     struct rfa_error *err)
{
	const json_t *stack = rfa_ctx_own_stack(ctx);
	json_t *all = NULL;
	json_t *users = NULL;
	json_t *list = NULL;
	int rc = ctx->host->ops->list(ctx->host, RFA_CONTAINER, &all, err);

	if (!rc)
		rc = rfa_mounts_where(ctx->host, all, err);
	if (!rc)
		rc = rfa_users(stack, all, &users, err);
	if (!rc)
		rc = rfa_users_facts(stack, users, &list, err);
	if (!rc) /* what reads records has them by this name */
		rc = rfa_facts_set(facts, "containers", json_incref(list), err);
	rc = put(facts, "units", rc, &list, err);
	if (!rc)
		rc = rfa_mounts_other(stack, all, users, members, &list, err);
	rc = put(facts, "others", rc, &list, err);
	if (!rc)
		rc = rfa_mounts_kept(stack, all, members, &list, err);
	rc = put(facts, "kept", rc, &list, err);
	if (!rc)
		rc = rfa_mounts_files(ctx->host, all, members, &list, err);
	rc = put(facts, "files", rc, &list, err);
	if (!rc)
		rc = rfa_users_dependents(stack, all, users, &list, err);
	rc = put(facts, "dependents", rc, &list, err);
	json_decref(all);
	json_decref(users);
	return rc;
}

static int put_data(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *members = NULL;
	int rc = rfa_members_look(ctx, &members, err);

	if (!rc)
		rc = put_users(ctx, members, facts, err);
	if (!rc)
		rc = rfa_facts_set(facts, "members", json_incref(members), err);
	json_decref(members);
	return rc;
}

static int say(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *list = json_object_get(facts, "members");
	json_t *units = json_object_get(facts, "units");
	json_int_t bytes = 0;
	char says[256];
	size_t running = 0;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		bytes += (json_int_t)rfa_facts_int(one, "bytes", 0);
	}
	json_array_foreach (units, i, one) {
		running += rfa_facts_bool(one, "running", 0) != 0;
	}
	snprintf(says, sizeof(says), "%s: %zu member(s), %s; %zu of %zu container(s) run",
		 ctx->host->name, json_array_size(list), RFA_SIZE(bytes), running,
		 json_array_size(units));
	return rfa_facts_set(facts, "says", json_string(says), err);
}

static int look(struct rfa_ctx *ctx, int health, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_look_engine(ctx, &proven, err);
	if (!rc)
		rc = put_data(ctx, facts, err);
	if (!rc)
		rc = rfa_look_own_url(ctx, &proven, err);
	if (!rc && health)
		rc = rfa_look_health(ctx, &proven, err);
	if (!rc)
		rc = rfa_ctx_prove(ctx, &proven, NULL, facts, err);
	return rc ? rc : say(ctx, facts, err);
}

int rfa_data_source_look_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return look(ctx, 0, facts, err);
}

int rfa_data_target_look_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return look(ctx, 1, facts, err);
}
