/*
 * Looking at a stack's data before it is touched: where its members are, which containers use them,
 * and how those run. Neither side is judged here; the gates do that, all at once.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe_host.h"
#include "fsm/steps/data/members.h"
#include "fsm/steps/data/mounts.h"
#include "fsm/steps/steps.h"

static int look_mounts(struct rfa_ctx *ctx, const json_t *all,
		       const struct rfa_consumer_list *consumers, struct rfa_proven *out,
		       struct rfa_error *err)
{
	struct rfa_mounts in = { ctx->pool, ctx->host, rfa_ctx_stack_here(ctx),
				 all,       consumers, &out->members };
	int rc = rfa_mounts_other(&in, &out->others, err);

	if (!rc)
		rc = rfa_mounts_kept(&in, &out->kept_running, err);
	return rc ? rc : rfa_mounts_files(&in, &out->database_files, err);
}

static int look_consumers(struct rfa_ctx *ctx, struct rfa_proven *out, struct rfa_error *err)
{
	struct rfa_consumer_list consumers = { NULL, 0 };
	int both = ctx->own->images != NULL; /* a row above has looked at the images */
	const struct rfa_dependent *dependent;
	const struct rfa_consumer *one;
	json_t *all = NULL;
	int rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &all, err);

	/* What that row has found stays. */
	RFA_EACH (dependent, ctx->own->dependents)
		*RFA_ADD(ctx->pool, dependent, &out->dependents) = *dependent;
	if (!rc)
		rc = rfa_mounts_where(ctx->host, all, err);
	if (!rc)
		rc = rfa_consumers(ctx->pool, rfa_ctx_stack_here(ctx), all, &consumers, err);
	if (!rc)
		rc = look_mounts(ctx, all, &consumers, out, err);
	if (!rc)
		rc = rfa_consumers_dependents(ctx->pool, all, &consumers, &out->dependents, err);
	RFA_EACH (one, consumers)
		*RFA_ADD(ctx->pool, container, both ? &out->users : &out->containers) = one->is;
	json_decref(all);
	return rc;
}

static void say(const struct rfa_ctx *ctx, const struct rfa_proven *seen, char *out, size_t size)
{
	const struct rfa_container_list *users =
	    ctx->own->images ? &seen->users : &seen->containers;
	const struct rfa_container *container;
	const struct rfa_member *member;
	int64_t bytes = 0;
	size_t running = 0;

	RFA_EACH (member, seen->members)
		bytes += member->bytes;
	RFA_EACH (container, *users)
		running += container->running != 0;
	snprintf(out, size, "%s: %zu member(s), %s; %zu of %zu container(s) run", ctx->host->name,
		 seen->members.n, RFA_SIZE(bytes), running, users->n);
}

static int observed(struct rfa_ctx *ctx, int health, json_t *facts, struct rfa_error *err)
{
	int both = ctx->own->images != NULL;
	struct rfa_proven proven;
	char summary[256];
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.has_data = 1;
	/* A row above that has looked at the images has looked at these, too. */
	rc = both ? 0 : rfa_observe_engine(ctx, &proven, err);
	if (!rc)
		rc = rfa_members_observe(ctx, &proven.members, err);
	if (!rc)
		rc = look_consumers(ctx, &proven, err);
	if (!rc && !both)
		rc = rfa_observe_own_url(ctx, &proven, err);
	if (!rc && health && !both)
		rc = rfa_observe_checks(ctx, &proven, err);
	if (rc)
		return rc;
	say(ctx, &proven, summary, sizeof(summary));
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_data_source_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return observed(ctx, 0, facts, err);
}

int rfa_data_target_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return observed(ctx, 1, facts, err);
}
