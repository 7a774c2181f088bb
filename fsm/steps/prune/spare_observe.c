/* Finds what could go of a stack, and what is free before and after. */
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/common/observe_host.h"
#include "fsm/steps/prune/spare.h"
#include "fsm/steps/steps.h"

/* Space. */

/* Two paths on one file system are told once. */
static int look_at(struct rfa_ctx *ctx, const char *path, struct rfa_texts *seen,
		   struct rfa_space_list *out, struct rfa_error *err)
{
	struct rfa_disk disk;
	struct rfa_space *space;
	int rc = ctx->host->ops->disk(ctx->host, path, &disk, err);

	if (rc || rfa_texts_have(seen, disk.filesystem))
		return rc;
	rfa_texts_add(ctx->pool, seen, disk.filesystem);
	space = RFA_ADD(ctx->pool, space, out);
	space->path = rfa_pool_text(ctx->pool, path);
	space->free = disk.bytes_free;
	return 0;
}

/* Where replaced data is: copies lie beside the data. */
static int look_at_data(struct rfa_ctx *ctx, struct rfa_texts *seen, struct rfa_space_list *out,
			struct rfa_error *err)
{
	struct rfa_point_list points = { NULL, 0 };
	const struct rfa_point *point;
	const struct rfa_member *member;
	int rc = rfa_ctx_data_points(ctx, &points, err);

	RFA_EACH (point, points)
		RFA_EACH (member, point->members)
			if (!rc && *member->copy == '/')
				rc = look_at(ctx, member->copy, seen, out, err);
	return rc;
}

static int look_at_space(struct rfa_ctx *ctx, const struct rfa_engine *engine,
			 struct rfa_space_list *out, struct rfa_error *err)
{
	struct rfa_texts seen = { NULL, 0 };
	int rc = look_at(ctx, ctx->host->state_dir, &seen, out, err);

	if (!rc && *engine->docker_root == '/')
		rc = look_at(ctx, engine->docker_root, &seen, out, err);
	if (!rc && rfa_spare_asked(ctx, RFA_THING_DATA))
		rc = look_at_data(ctx, &seen, out, err);
	return rc;
}

/* Looking. */

/* What the operator has not seen does not go. */
static void keep_unseen(struct rfa_ctx *ctx, struct rfa_thing_list *things)
{
	const json_t *agreed = rfa_ctx_options(ctx)->agreed;
	size_t i;

	for (i = 0; agreed && i < things->n; i++) {
		struct rfa_thing *one = (struct rfa_thing *)(uintptr_t)&things->at[i];

		if (!*one->why && !rfa_facts_has_text(agreed, rfa_thing_label(ctx->pool, one)))
			one->why = "it could not go yet when you were asked";
	}
}

int rfa_spare_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_observe_engine(ctx, &proven, err);
	if (!rc && rfa_spare_asked(ctx, RFA_THING_IMAGE))
		rc = rfa_spare_images(ctx, &proven.things, err);
	if (!rc && rfa_spare_asked(ctx, RFA_THING_DATA))
		rc = rfa_spare_data(ctx, &proven.things, err);
	if (!rc && rfa_spare_asked(ctx, RFA_THING_SPOOL))
		rc = rfa_spare_spools(ctx, &proven.things, err);
	if (!rc)
		rc = look_at_space(ctx, proven.engine, &proven.space, err);
	if (rc)
		return rc;
	keep_unseen(ctx, &proven.things);
	return rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

/* What is left. */

static const char *say_space(struct rfa_ctx *ctx, const struct rfa_space_list *left)
{
	const struct rfa_space *now, *before;
	const char *text = "";

	RFA_EACH (now, *left)
		RFA_EACH (before, ctx->own->space)
			if (!strcmp(now->path, before->path))
				text = rfa_pool_printf(ctx->pool, "%s%sfree at %s: %s, before %s",
						       text, *text ? "; " : "", now->path,
						       RFA_SIZE(now->free), RFA_SIZE(before->free));
	return text;
}

int rfa_spare_left_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = ctx->own->engine ? look_at_space(ctx, ctx->own->engine, &proven.left, err) : 0;
	return rc ? rc : rfa_ctx_prove(ctx, &proven, say_space(ctx, &proven.left), facts, err);
}

int rfa_spare_left_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			 struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
