/* Tidying up, once the new version has proven itself. Nothing here is missed by what serves. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/goods.h"
#include "fsm/steps/steps.h"

static int drop_kept(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_host *host = ctx->hosts[RFA_TARGET];
	json_t *name;
	size_t i;

	json_array_foreach (json_object_get(rfa_ctx_stack(ctx), "containers"), i, name) {
		struct rfa_ctx_key key;
		json_t *kept = NULL;
		json_t *now = NULL;
		char kept_name[192];
		int rc;

		snprintf(kept_name, sizeof(kept_name), "%s.rfa-%s", json_string_value(name),
			 ctx->run);
		rc = rfa_inspect_or_null(host, RFA_CONTAINER, kept_name, &kept, err);
		if (!rc && rfa_facts_bool(kept, "State/Running", 0))
			rc = host->ops->container_stop(
			    host, rfa_ctx_key(ctx, &key, "stop", kept_name), kept_name, err);
		if (!rc && kept)
			rc = host->ops->container_remove(
			    host, rfa_ctx_key(ctx, &key, "remove", kept_name), kept_name, err);
		/*
		 * A power cut since the health check may have started the old one first, by its
		 * restart policy, and then the new one found its ports taken.
		 */
		if (!rc)
			rc = rfa_inspect_or_null(host, RFA_CONTAINER, json_string_value(name), &now,
						 err);
		if (!rc && now && !rfa_facts_bool(now, "State/Running", 0) &&
		    !(rfa_facts_bool(rfa_wanted_of(ctx, json_string_value(name)), "ends", 0) &&
		      rfa_host_ended_well(now)))
			rc = host->ops->container_start(
			    host, rfa_ctx_key(ctx, &key, "start", json_string_value(name)),
			    json_string_value(name), err);
		json_decref(now);
		json_decref(kept);
		if (rc)
			return rc;
	}
	return 0;
}

/* Is the image among a list of GOODs? */
static int has_image(const json_t *images, const char *identity)
{
	json_t *good;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)images, i, good) {
		if (!strcmp(rfa_facts_str(good, "identity", ""), identity))
			return 1;
	}
	return 0;
}

/* The points that have images, newest first: those of data do not count. *out is new. */
static int image_points(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *list = json_array();
	json_t *point;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)ctx->points, i, point) {
		if (strcmp(rfa_facts_str(point, "kind", ""), "data") != 0)
			json_array_append(list, point);
	}
	*out = list;
	return list ? 0 : rfa_fail_nomem(err);
}

/* Is the image needed by what runs, by what ran before, or by one of the newest points? */
static int is_needed(struct rfa_ctx *ctx, const json_t *all, const char *identity, size_t points)
{
	size_t i;

	if (has_image(rfa_facts_at(rfa_wanted(ctx), "images"), identity) ||
	    has_image(rfa_ctx_fact(ctx, "target.look", "goods/images"), identity))
		return 1;
	for (i = 0; i < points && i < json_array_size(all); i++)
		if (has_image(rfa_facts_at(json_array_get(all, i), "images"), identity))
			return 1;
	return 0;
}

/* A tag of rfa's that keeps the image for a rollback point, whoever made that. */
static int is_of_a_point(const char *tag)
{
	size_t n = strlen(RFA_KEEP_REPOSITORY ":");

	return !strncmp(tag, RFA_KEEP_REPOSITORY ":", n) && strlen(tag) > n + 32 &&
	       tag[n + 32] == '-';
}

/* Does another rollback point need it: of another stack, or of somebody with another ledger? */
static int has_other_point(const json_t *image, const char *own)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one) {
		const char *tag = json_string_value(one);

		if (tag && is_of_a_point(tag) && strcmp(tag, own) != 0)
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
	struct rfa_host *host = ctx->hosts[RFA_TARGET];
	struct rfa_ctx_key key;
	json_t *named = NULL;
	int rc = rfa_inspect_or_null(host, RFA_IMAGE, tag, &named, err);

	*gone = !rc && named &&
		!strcmp(rfa_facts_str(named, "Id", "-"), rfa_facts_str(image, "Id", ""));
	if (*gone)
		rc = host->ops->image_untag(host, rfa_ctx_key(ctx, &key, "prune", tag), tag, err);
	if (rc == -RFA_EREMOTE) {
		rfa_error_clear(err);
		*gone = 0;
		rc = 0;
	}
	json_decref(named);
	return rc;
}

/* The names that nobody else needs, and last the point's own. */
static int give_up(struct rfa_ctx *ctx, const json_t *good, const json_t *containers, size_t *gone,
		   struct rfa_error *err)
{
	const char *own = rfa_facts_str(good, "keep", "");
	const char *ref = rfa_facts_str(good, "ref", "");
	char travels[RFA_KEEP_MAX];
	json_t *image = NULL;
	int free_of_others;
	int one = 0;
	int rc = rfa_inspect_or_null(ctx->hosts[RFA_TARGET], RFA_IMAGE, own, &image, err);

	if (rc || !image)
		return rc;
	rfa_keep_tag(rfa_facts_str(good, "identity", ""), "", travels);
	free_of_others = !has_other_point(image, own) &&
			 !is_said(containers, "Image", rfa_facts_str(image, "Id", "-"));
	if (free_of_others && !is_said(containers, "Config/Image", ref))
		rc = untag(ctx, ref, image, &one, err);
	if (!rc && free_of_others && strcmp(travels, own) != 0)
		rc = untag(ctx, travels, image, &one, err);
	/* Points of old have no tag of their own. */
	if (!rc && (free_of_others || is_of_a_point(own)))
		rc = untag(ctx, own, image, &one, err);
	*gone += !rc && one;
	json_decref(image);
	return rc;
}

/*
 * Points older than the newest `keep_images` give their images up. The engine itself refuses what a
 * container needs.
 */
static int prune(struct rfa_ctx *ctx, const json_t *points, size_t *gone, struct rfa_error *err)
{
	size_t newest = (size_t)rfa_facts_int(rfa_ctx_stack(ctx), "keep_images", 3);
	json_t *containers = NULL;
	json_t *good;
	size_t i, j;
	int rc = 0;

	/* The point that this run makes counts among them. */
	newest = newest ? newest - 1 : 0;
	if (json_array_size(points) > newest)
		rc = ctx->hosts[RFA_TARGET]->ops->list(ctx->hosts[RFA_TARGET], RFA_CONTAINER,
						       &containers, err);
	for (i = newest; i < json_array_size(points); i++) {
		json_array_foreach (json_object_get(json_array_get(points, i), "images"), j, good) {
			if (!rc &&
			    !is_needed(ctx, points, rfa_facts_str(good, "identity", ""), newest))
				rc = give_up(ctx, good, containers, gone, err);
		}
	}
	json_decref(containers);
	return rc;
}

int rfa_tidy_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *points = NULL;
	size_t gone = 0;
	char says[96];
	int rc = drop_kept(ctx, err);

	if (!rc)
		rc = image_points(ctx, &points, err);
	if (!rc)
		rc = prune(ctx, points, &gone, err);
	json_decref(points);
	if (rc)
		return rc;
	snprintf(says, sizeof(says), "old containers removed, %zu old image(s) pruned", gone);
	return rfa_facts_set(facts, "says", json_string(says), err);
}

/* Looks for itself what is left to do, so it may be repeated. */
int rfa_tidy_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
