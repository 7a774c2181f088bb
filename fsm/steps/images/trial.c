/* Images of a backup are tried out: what the host has before, and whether each makes a container.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe_host.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/steps.h"

/* Before. */

static int look_pin(struct rfa_ctx *ctx, const struct rfa_image *image, struct rfa_proven *out,
		    struct rfa_error *err)
{
	struct rfa_tagged *tag;
	const char *id = "";
	json_t *holder = NULL;
	int rc;

	if (rfa_tagged_of(&out->tags, image->pin))
		return 0;
	rc = rfa_image_id(ctx->host, image->pin, &holder, &id, err);
	if (rc >= 0) {
		tag = RFA_ADD(ctx->pool, tagged, &out->tags);
		tag->ref = image->pin;
		tag->id = rfa_pool_text(ctx->pool, id);
	}
	json_decref(holder);
	return rc < 0 ? rc : 0;
}

/* All of them come, also those that are there: only then the archive has proven itself. */
int rfa_trial_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image_list *images = rfa_ctx_desired(ctx, NULL);
	const struct rfa_image *image;
	struct rfa_proven proven;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_observe_engine(ctx, &proven, err);
	RFA_EACH (image, *images) {
		rfa_texts_add(ctx->pool, &proven.missing, image->key);
		proven.missing_bytes += image->size;
		if (!rc)
			rc = look_pin(ctx, image, &proven, err);
	}
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven,
				  rfa_pool_printf(ctx->pool, "%zu image(s) to try out", images->n),
				  facts, err);
}

/* A container of each. */

static const char *name_of(const struct rfa_ctx *ctx, size_t n)
{
	return rfa_pool_printf(ctx->pool, "rfa-trial-%s-%zu", ctx->run, n);
}

/* The engine would make an anonymous volume for each, and keep it. */
static int hide_volumes(const json_t *config, json_t *body, struct rfa_error *err)
{
	json_t *mounts = json_array(), *unused;
	const char *path;
	int rc = mounts ? 0 : rfa_fail_nomem(err);

	json_object_foreach (json_object_get(config, "Volumes"), path, unused) {
		if (!rc)
			rc = rfa_facts_append(
			    mounts, json_pack("{s:s, s:s}", "Type", "tmpfs", "Target", path), err);
	}
	if (!rc && json_array_size(mounts))
		rc = rfa_facts_set(json_object_get(body, "HostConfig"), "Mounts",
				   json_incref(mounts), err);
	json_decref(mounts);
	return rc;
}

/* It is never started: what it would run does not matter, but something must be said. */
static int body_of(const struct rfa_image *image, const json_t *config, json_t **out,
		   struct rfa_error *err)
{
	int says = json_array_size(json_object_get(config, "Cmd")) ||
		   json_array_size(json_object_get(config, "Entrypoint"));
	json_t *body =
	    json_pack("{s:s, s:{s:s}}", "Image", image->pin, "HostConfig", "NetworkMode", "none");
	int rc = body ? hide_volumes(config, body, err) : rfa_fail_nomem(err);

	if (!rc && !says)
		rc = rfa_facts_set(body, "Cmd", json_pack("[s]", "rfa-trial"), err);
	if (rc)
		json_decref(body);
	else
		*out = body;
	return rc;
}

/* op: another one for each call of an attempt. */
static int remove_one(struct rfa_ctx *ctx, const char *op, const char *name, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *there = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, name, &there, err);

	if (!rc && there)
		rc = ctx->host->engine->container_remove(
		    ctx->host, rfa_ctx_key(ctx, &key, op, name), name, err);
	json_decref(there);
	return rc;
}

/* The container is of that image. */
static int check_one(struct rfa_ctx *ctx, const struct rfa_image *image, const char *name,
		     const char *id, struct rfa_error *err)
{
	json_t *there = NULL;
	int rc = ctx->host->engine->inspect(ctx->host, RFA_CONTAINER, name, &there, err);

	if (!rc && strcmp(rfa_container_image(there), id) != 0) {
		rc = rfa_fail(err, RFA_EMISMATCH, "docker",
			      "the container that was made of %s is of another image", image->ref);
		(void)rfa_error_where(err, "%s", ctx->host->name);
	}
	json_decref(there);
	return rc;
}

static int make_one(struct rfa_ctx *ctx, const struct rfa_image *image, const char *name,
		    const json_t *inspect, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *body = NULL;
	int rc = body_of(image, json_object_get(inspect, "Config"), &body, err);

	if (!rc)
		rc = ctx->host->engine->container_create(
		    ctx->host, rfa_ctx_key(ctx, &key, "create", name), name, body, err);
	if (!rc)
		rc = check_one(ctx, image, name, rfa_container_id(inspect), err);
	json_decref(body);
	return rc;
}

static int try_one(struct rfa_ctx *ctx, const struct rfa_image *image, size_t n,
		   struct rfa_error *err)
{
	const char *name = name_of(ctx, n);
	json_t *inspect = NULL;
	/* What an earlier attempt has left. */
	int rc = remove_one(ctx, "clear", name, err);

	if (!rc)
		rc = ctx->host->engine->inspect(ctx->host, RFA_IMAGE, image->pin, &inspect, err);
	if (!rc)
		rc = make_one(ctx, image, name, inspect, err);
	if (!rc)
		rc = remove_one(ctx, "remove", name, err);
	json_decref(inspect);
	return rc;
}

int rfa_trial_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image *image;
	size_t n = 0;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc)
			rc = try_one(ctx, image, n++, err);
	return rc ? rc
		  : rfa_ctx_says(facts,
				 rfa_pool_printf(ctx->pool, "%zu container(s) made and removed", n),
				 err);
}

int rfa_trial_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_trial_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < rfa_ctx_desired(ctx, NULL)->n && !rc; i++)
		rc = remove_one(ctx, "undo", name_of(ctx, i), err);
	return rc;
}
