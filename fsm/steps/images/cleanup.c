/* Cleanup, once the new version has proven itself. Nothing here is missed by what serves. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/config/configuration.h"
#include "fsm/steps/steps.h"

static int drop_saved(struct rfa_ctx *ctx, const char *name, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *saved = NULL;
	int rc = rfa_inspect_or_null(host, RFA_CONTAINER, name, &saved, err);

	if (!rc && rfa_container_running(saved))
		rc = host->engine->container_stop(host, rfa_ctx_key(ctx, &key, "stop", name), name,
						  err);
	if (!rc && saved)
		rc = host->engine->container_remove(host, rfa_ctx_key(ctx, &key, "remove", name),
						    name, err);
	json_decref(saved);
	return rc;
}

/* It has done what it was for: it is not started once more. */
static int has_ended(const struct rfa_ctx *ctx, const char *name, const json_t *now)
{
	return rfa_image_is_done(rfa_desired_of(ctx, name), now);
}

/*
 * A power cut since the health check may have started the old one first, by its restart policy, and
 * then the new one found its ports taken.
 */
static int start_again(struct rfa_ctx *ctx, const char *name, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *now = NULL;
	int rc = rfa_inspect_or_null(host, RFA_CONTAINER, name, &now, err);

	if (!rc && now && !rfa_container_running(now) && !has_ended(ctx, name, now))
		rc = host->engine->container_start(host, rfa_ctx_key(ctx, &key, "start", name),
						   name, err);
	json_decref(now);
	return rc;
}

static int drop_all_saved(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_texts *names = &rfa_ctx_stack_here(ctx)->containers;
	char saved[192];
	size_t i;
	int rc = 0;

	for (i = 0; i < names->n && !rc; i++) {
		snprintf(saved, sizeof(saved), "%s.rfa-%s", names->at[i], ctx->run);
		rc = drop_saved(ctx, saved, err);
		if (!rc)
			rc = start_again(ctx, names->at[i], err);
	}
	return rc;
}

/* Is the image among them? */
static int has_image(const struct rfa_image_list *images, const char *identity)
{
	const struct rfa_image *image;

	RFA_EACH (image, *images)
		if (!strcmp(image->identity, identity))
			return 1;
	return 0;
}

/* The points that have images, newest first: those of data and files do not count. */
static int image_points(const struct rfa_ctx *ctx, struct rfa_point_list *out,
			struct rfa_error *err)
{
	struct rfa_point point;
	json_t *one;
	size_t i;

	memset(out, 0, sizeof(*out));
	json_array_foreach ((json_t *)(uintptr_t)ctx->points, i, one) {
		int rc = rfa_record_read(&rfa_shape_point, one, ctx->pool, &point, err);

		if (rc)
			return rc;
		if (!*point.kind)
			*RFA_ADD(ctx->pool, point, out) = point;
	}
	return rfa_pool_check(ctx->pool, err);
}

/* Is the image needed by what runs, by what ran before, or by one of the newest points? */
static int is_needed(struct rfa_ctx *ctx, const struct rfa_point_list *all, const char *identity,
		     size_t points)
{
	const struct rfa_image_set *before = ctx->own->images;
	size_t i;

	if (has_image(rfa_ctx_desired(ctx, NULL), identity) ||
	    (before && has_image(&before->images, identity)))
		return 1;
	for (i = 0; i < points && i < all->n; i++)
		if (has_image(&all->at[i].images, identity))
			return 1;
	return 0;
}

/* Does another rollback point need it: of another stack, or of somebody with another ledger? */
static int has_other_point(const json_t *image, const char *own)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one) {
		const char *tag = json_string_value(one);

		if (tag && *rfa_image_pin_run(tag) && strcmp(tag, own) != 0)
			return 1;
	}
	return 0;
}

/* Does any container of the host say so? */
static int is_said(const json_t *containers, const char *field, const char *value)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)containers, i, one) {
		if (!strcmp(rfa_facts_str(one, field, ""), value))
			return 1;
	}
	return 0;
}

/* 0 too where the tag names another image by now, or the engine keeps it: *gone tells. */
static int untag(struct rfa_ctx *ctx, const char *tag, const json_t *image, int *gone,
		 struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *named = NULL;
	int rc = rfa_inspect_or_null(host, RFA_IMAGE, tag, &named, err);

	*gone = !rc && named && *rfa_container_id(named) &&
		!strcmp(rfa_container_id(named), rfa_container_id(image));
	if (*gone)
		rc =
		    host->engine->image_untag(host, rfa_ctx_key(ctx, &key, "prune", tag), tag, err);
	if (rc == -RFA_EREMOTE) {
		rfa_error_clear(err);
		*gone = 0;
		rc = 0;
	}
	json_decref(named);
	return rc;
}

/* The names that nobody else needs, and last the point's own. */
static int give_up(struct rfa_ctx *ctx, const struct rfa_image *image, const json_t *containers,
		   size_t *gone, struct rfa_error *err)
{
	const char *own = image->pin;
	const char *travels = rfa_image_pin(ctx->pool, image->identity, "");
	json_t *inspect = NULL;
	int free_of_others;
	int one = 0;
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, own, &inspect, err);

	if (!rc)
		rc = rfa_pool_check(ctx->pool, err);
	if (rc || !inspect) {
		json_decref(inspect);
		return rc;
	}
	free_of_others = !has_other_point(inspect, own) &&
			 !is_said(containers, "Image", rfa_container_id(inspect));
	if (free_of_others && !is_said(containers, "Config/Image", image->ref))
		rc = untag(ctx, image->ref, inspect, &one, err);
	if (!rc && free_of_others && strcmp(travels, own) != 0)
		rc = untag(ctx, travels, inspect, &one, err);
	/* Points of old have no tag of their own. */
	if (!rc && (free_of_others || *rfa_image_pin_run(own)))
		rc = untag(ctx, own, inspect, &one, err);
	*gone += !rc && one;
	json_decref(inspect);
	return rc;
}

/* How many of them keep what they have: a point that this run makes is one more. */
static size_t newest_of(const struct rfa_ctx *ctx)
{
	size_t newest = (size_t)rfa_ctx_stack_here(ctx)->keep_images;

	return newest && ctx->own->point ? newest - 1 : newest;
}

/*
 * Points older than the newest `keep_images` give their images up. The engine itself refuses what a
 * container needs.
 */
static int prune(struct rfa_ctx *ctx, const struct rfa_point_list *points, size_t *gone,
		 struct rfa_error *err)
{
	size_t newest = newest_of(ctx);
	const struct rfa_image *image;
	json_t *containers = NULL;
	size_t i;
	int rc = 0;

	if (points->n > newest)
		rc = ctx->host->engine->list(ctx->host, RFA_CONTAINER, &containers, err);
	for (i = newest; i < points->n; i++)
		RFA_EACH (image, points->at[i].images) {
			if (!rc && !is_needed(ctx, points, image->identity, newest))
				rc = give_up(ctx, image, containers, gone, err);
		}
	json_decref(containers);
	return rc;
}

int rfa_cleanup_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_point_list points;
	struct rfa_proven proven;
	const char *summary;
	size_t gone = 0;
	int rc = drop_all_saved(ctx, err);

	if (!rc)
		rc = image_points(ctx, &points, err);
	if (!rc)
		rc = prune(ctx, &points, &gone, err);
	if (!rc)
		rc = rfa_configuration_cleanup(ctx, &points, newest_of(ctx), err);
	if (rc)
		return rc;
	summary =
	    rfa_pool_printf(ctx->pool, "old containers removed, %zu old image(s) pruned", gone);
	rfa_record_clear(&rfa_shape_proven, &proven);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* Looks for itself what is left to do, so it may be repeated. */
int rfa_cleanup_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
