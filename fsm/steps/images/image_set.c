/* What a stack runs, in words that hold on every host. */
#include "fsm/steps/images/image_set.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/steps/common/inspect.h"

/* Identity. */

static int is_empty(const json_t *v)
{
	return !v || json_is_null(v) || json_is_false(v) ||
	       (json_is_string(v) && !*json_string_value(v)) ||
	       (json_is_array(v) && !json_array_size(v)) ||
	       (json_is_object(v) && !json_object_size(v)) ||
	       (json_is_integer(v) && !json_integer_value(v));
}

/*
 * What OCI's image configuration holds of behaviour (image-spec, config.md). Engines and stores
 * differ in which empty fields they show, so those are left out.
 */
static int take_behaviour(const json_t *config, json_t *out, struct rfa_error *err)
{
	static const char *const fields[] = { "User",        "ExposedPorts", "Env",
					      "Entrypoint",  "Cmd",          "Volumes",
					      "WorkingDir",  "Labels",       "StopSignal",
					      "Healthcheck", "Shell",        "OnBuild" };
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]) && !rc; i++) {
		json_t *v = json_object_get(config, fields[i]);

		if (!is_empty(v))
			rc = rfa_facts_set(out, fields[i], json_incref(v), err);
	}
	return rc;
}

int rfa_image_identity(const json_t *inspect, char out[65], struct rfa_error *err)
{
	json_t *layers = rfa_image_layers(inspect);
	json_t *canon, *config;
	int rc;

	if (!json_array_size(layers))
		return rfa_fail(err, RFA_EPROTOCOL, "docker", "an image without layers: %s",
				rfa_facts_str(inspect, "Id", "?"));
	config = json_object();
	canon = json_pack("{s:s, s:s, s:O, s:O?}", "os", rfa_facts_str(inspect, "Os", ""), "arch",
			  rfa_facts_str(inspect, "Architecture", ""), "layers", layers, "config",
			  config);
	rc = config && canon ? take_behaviour(json_object_get(inspect, "Config"), config, err)
			     : rfa_fail_nomem(err);
	if (!rc)
		rc = rfa_facts_digest(canon, out, err);
	json_decref(canon);
	json_decref(config);
	return rc;
}

/* The digits of an identity that a pin has. */
enum { PIN_DIGITS = 32 };
static const char pin_begins[] = RFA_PIN_REPOSITORY ":";

const char *rfa_image_pin(struct rfa_pool *pool, const char *identity, const char *run)
{
	return rfa_pool_printf(pool, "%s%.*s%s%.64s", pin_begins, PIN_DIGITS, identity,
			       *run ? "-" : "", run);
}

int rfa_image_is_pin(const char *tag)
{
	return !strncmp(tag, pin_begins, sizeof(pin_begins) - 1);
}

const char *rfa_image_pin_run(const char *tag)
{
	size_t n = sizeof(pin_begins) - 1 + PIN_DIGITS;

	return rfa_image_is_pin(tag) && strlen(tag) > n && tag[n] == '-' ? tag + n + 1 : "";
}

const char *rfa_observed_ref(struct rfa_pool *pool, const json_t *inspect)
{
	char ref[512];

	rfa_imageref_tagged(rfa_facts_str(inspect, "Config/Image", ""), ref, sizeof(ref));
	return rfa_pool_text(pool, ref);
}

int rfa_image_describe(const struct rfa_observed *container, const json_t *inspect,
		       struct rfa_pool *pool, struct rfa_image *out, struct rfa_error *err)
{
	rfa_record_clear(&rfa_shape_image, out);
	out->key = container->key;
	out->kind = container->kind;
	out->ref = rfa_observed_ref(pool, container->inspect);
	out->ends = rfa_host_ended_well(container->inspect);
	return rfa_image_fill(inspect, pool, out, err);
}

int rfa_image_fill(const json_t *inspect, struct rfa_pool *pool, struct rfa_image *out,
		   struct rfa_error *err)
{
	char identity[65];
	json_t *layer;
	size_t i;
	int rc = rfa_image_identity(inspect, identity, err);

	if (rc)
		return rc;
	out->id = rfa_pool_text(pool, rfa_facts_str(inspect, "Id", ""));
	out->identity = rfa_pool_text(pool, identity);
	out->pin = rfa_image_pin(pool, identity, "");
	json_array_foreach (rfa_image_layers(inspect), i, layer) {
		rfa_texts_add(pool, &out->layers, json_string_value(layer));
	}
	out->size = rfa_facts_int(inspect, "Size", 0);
	return rfa_pool_check(pool, err);
}

/* The version. */

/* 1 and the tag that all of them have; 0 where they have several, or one has none. */
static int common_tag(const struct rfa_image_list *images, struct rfa_imageref *common)
{
	const struct rfa_image *image;

	RFA_EACH (image, *images) {
		struct rfa_imageref ref;

		rfa_imageref_parse(&ref, image->ref);
		if (!*ref.tag || (image_i && strcmp(common->tag, ref.tag) != 0))
			return 0;
		*common = ref;
	}
	return images->n > 0;
}

int rfa_image_set_version(const struct rfa_image_list *images, char *out, size_t size,
			  struct rfa_error *err)
{
	const struct rfa_image *image;
	struct rfa_imageref common;
	json_t *identities;
	char digest[65];
	int rc;

	if (common_tag(images, &common)) {
		snprintf(out, size, "%s", common.tag);
		return 0;
	}
	/* Named by what they are, in whatever order: keys are sorted when they are encoded. */
	identities = json_object();
	rc = identities ? 0 : rfa_fail_nomem(err);
	RFA_EACH (image, *images)
		if (!rc)
			rc = rfa_facts_set(identities, image->identity, json_true(), err);
	if (!rc)
		rc = rfa_facts_digest(identities, digest, err);
	json_decref(identities);
	if (!rc)
		snprintf(out, size, "set-%.12s", digest);
	return rc;
}

/* What the run brings, and how it was before. */

void rfa_image_set_complete(struct rfa_ctx *ctx, struct rfa_image_set *set)
{
	const struct rfa_image_set *now = ctx->proven[RFA_TARGET]->images;
	const struct rfa_image *image;

	if (!now)
		return;
	RFA_EACH (image, now->images)
		if (!rfa_image_of(&set->images, image->key))
			*RFA_ADD(ctx->pool, image, &set->images) = *image;
}

int rfa_image_is_done(const struct rfa_image *image, const json_t *container)
{
	return image && (image->ends || image->may_end) && rfa_host_ended_well(container);
}

const struct rfa_image *rfa_desired_of(const struct rfa_ctx *ctx, const char *key)
{
	return rfa_image_of(rfa_ctx_desired(ctx, NULL), key);
}

const struct rfa_container *rfa_before_of(const struct rfa_ctx *ctx, const char *key)
{
	return rfa_container_of(&ctx->own->containers, key);
}

size_t rfa_count_before(const struct rfa_ctx *ctx, const char *key, int running)
{
	const struct rfa_container *one;
	size_t n = 0;

	RFA_EACH (one, ctx->own->containers)
		n += !strcmp(one->key, key) && (running ? one->running : one->present);
	return n;
}

int rfa_from_registry(const struct rfa_ctx *ctx)
{
	return *rfa_ctx_options(ctx)->via != '\0';
}

const char *rfa_image_stored_as(struct rfa_pool *pool, const struct rfa_image *image)
{
	return rfa_image_pin(pool, image->identity, "");
}

int rfa_pulled_there(const struct rfa_ctx *ctx)
{
	return !strcmp(rfa_ctx_options(ctx)->via, "target");
}

const char *rfa_image_by_digest(struct rfa_pool *pool, const struct rfa_image *image)
{
	struct rfa_imageref ref;

	rfa_imageref_parse(&ref, image->ref);
	return rfa_pool_printf(pool, "%s@%s", ref.name, image->digest);
}
