/* Images that the target lacks, as an archive: without the layers that it has. */
#include "fsm/steps/images/export.h"

#include <stdio.h>

#include "fsm/base/size.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/images/registry.h"
#include "fsm/steps/steps.h"

static const char *const ARCHIVE = "images";

/* What is brought by its identity may have another id in the engine that gives it. */
static int add_image(const struct rfa_ctx *ctx, json_t *images, const struct rfa_image *image,
		     struct rfa_error *err)
{
	const struct rfa_held *held = rfa_held_of(&ctx->proven[RFA_SOURCE]->held, image->identity);
	json_t *one =
	    json_pack("{s:s, s:s}", "id", held ? held->id : image->id, "name", image->pin);

	return !one || json_array_append_new(images, one) ? rfa_fail_nomem(err) : 0;
}

/* What the host is asked for: the missing images. *out is new. */
static int request_of(const struct rfa_ctx *ctx, const char *archive, const struct rfa_texts *omit,
		      json_t **out, struct rfa_error *err)
{
	const struct rfa_texts *missing = &ctx->proven[RFA_TARGET]->missing;
	json_t *request = json_pack("{s:[], s:[], s:s}", "images", "omit", "name", archive);
	json_t *images = json_object_get(request, "images");
	json_t *layers = json_object_get(request, "omit");
	size_t i;
	int rc = request ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < missing->n && !rc; i++) {
		const struct rfa_image *image = rfa_desired_of(ctx, missing->at[i]);

		rc = image ? add_image(ctx, images, image, err) : 0;
	}
	for (i = 0; omit && i < omit->n && !rc; i++)
		if (json_array_append_new(layers, json_string(omit->at[i])))
			rc = rfa_fail_nomem(err);
	if (rc)
		json_decref(request);
	else
		*out = request;
	return rc;
}

int rfa_transfer_export(struct rfa_ctx *ctx, const char *archive, const struct rfa_texts *omit,
			struct rfa_archive *made, struct rfa_error *err)
{
	struct rfa_host *source = ctx->hosts[RFA_SOURCE];
	struct rfa_ctx_key key;
	json_t *request = NULL;
	json_t *answer = NULL;
	int rc = request_of(ctx, archive, omit, &request, err);

	if (!rc && rfa_from_registry(ctx))
		rc = rfa_registry_archive(ctx, request, &answer, err);
	else if (!rc)
		rc = source->engine->image_export(source, rfa_ctx_key(ctx, &key, "export", archive),
						  request, &answer, err);
	if (!rc)
		rc = rfa_record_read(&rfa_shape_archive, answer, ctx->pool, made, err);
	json_decref(request);
	json_decref(answer);
	return rc;
}

int rfa_image_export_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_proven *target = ctx->proven[RFA_TARGET];
	struct rfa_archive made;
	struct rfa_proven proven;
	const char *summary;
	int rc;

	if (!target->missing.n)
		return rfa_ctx_skip(facts, "the target has every image", err);
	if (rfa_pulled_there(ctx))
		return rfa_ctx_skip(facts, "the target's engine pulls them itself", err);
	if (rfa_from_vault(ctx))
		return rfa_ctx_skip(facts, "a backup has them", err);
	rc = rfa_transfer_export(ctx, ARCHIVE, &target->omit, &made, err);
	if (rc)
		return rc;
	if (*made.whole)
		rfa_ctx_say(ctx, RFA_EVENT_NOTE,
			    "the engine has saved all layers, which takes longer: %s", made.whole);
	summary =
	    rfa_pool_printf(ctx->pool, "%lld layer(s), %s; %lld layer(s) are there already",
			    (long long)made.layers, RFA_SIZE(made.bytes), (long long)made.omitted);
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.exported = &made;
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* The archive is the same every time, so what is half there is made again. */
int rfa_image_export_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			   struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

int rfa_image_export_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}
