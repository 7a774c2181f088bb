/* Tidying up, once the new version has proven itself. Nothing here is missed by what serves. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/goods.h"
#include "fsm/steps/steps.h"

static int drop_kept(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_host *host = ctx->target;
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
		if (!rc && now && !rfa_facts_bool(now, "State/Running", 0))
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

/* Does a list of GOODs name this keep tag? */
static int names_keep(const json_t *images, const char *keep)
{
	json_t *good;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)images, i, good) {
		if (!strcmp(rfa_facts_str(good, "keep", ""), keep))
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
static int is_needed(struct rfa_ctx *ctx, const json_t *all, const char *keep, size_t points)
{
	size_t i;

	if (names_keep(rfa_facts_at(rfa_wanted(ctx), "images"), keep) ||
	    names_keep(rfa_ctx_fact(ctx, "target.look", "goods/images"), keep))
		return 1;
	for (i = 0; i < points && i < json_array_size(all); i++)
		if (names_keep(rfa_facts_at(json_array_get(all, i), "images"), keep))
			return 1;
	return 0;
}

/*
 * Points older than the newest `keep_images` give their images up: the keep tag first, then the
 * version's own tag if nothing else uses it. The engine itself refuses what a container needs.
 */
static int prune(struct rfa_ctx *ctx, const json_t *points, size_t *gone, struct rfa_error *err)
{
	struct rfa_host *host = ctx->target;
	size_t newest = (size_t)rfa_facts_int(rfa_ctx_stack(ctx), "keep_images", 3);
	json_t *good;
	size_t i, j;

	/* The point that this run makes counts among them. */
	for (i = newest ? newest - 1 : 0; i < json_array_size(points); i++) {
		json_t *point = json_array_get(points, i);

		json_array_foreach (json_object_get(point, "images"), j, good) {
			const char *names[2] = { rfa_facts_str(good, "ref", ""),
						 rfa_facts_str(good, "keep", "") };
			json_t *kept = NULL;
			size_t n;
			int rc;

			if (is_needed(ctx, points, names[1], newest ? newest - 1 : 0))
				continue;
			rc = rfa_inspect_or_null(host, RFA_IMAGE, names[1], &kept, err);
			for (n = 0; n < 2 && !rc && kept; n++) {
				struct rfa_ctx_key key;
				json_t *named = NULL;

				rc = rfa_inspect_or_null(host, RFA_IMAGE, names[n], &named, err);
				if (!rc && named &&
				    !strcmp(rfa_facts_str(named, "Id", "-"),
					    rfa_facts_str(kept, "Id", "")))
					rc = host->ops->image_untag(
					    host, rfa_ctx_key(ctx, &key, "prune", names[n]),
					    names[n], err);
				json_decref(named);
				if (rc == -RFA_EREMOTE) {
					rfa_error_clear(err);
					rc = 0;
					break;
				}
				*gone += n && !rc;
			}
			json_decref(kept);
			if (rc)
				return rc;
		}
	}
	return 0;
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
