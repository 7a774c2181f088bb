/*
 * Images from registries. What a tag means is asked once, before anything is touched, and frozen by
 * digest; whoever fetches the images then asks for the digest alone. So it makes no difference
 * who that is: the target's engine, or rfa itself from another host, which carries them to the
 * target as an archive.
 */
#include "fsm/steps/images/registry.h"

#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/base/size.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/steps.h"

/* How registries are asked. */

static const struct rfa_registry_spec *spec_of(const struct rfa_ctx *ctx, const char *domain)
{
	const struct rfa_registry_spec *spec;

	RFA_EACH (spec, rfa_ctx_options(ctx)->registries)
		if (!strcmp(spec->domain, domain))
			return spec;
	return NULL;
}

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

/* Of the registry of a reference. */
static int access_of(struct rfa_ctx *ctx, const char *ref, struct rfa_registry_access *out,
		     struct rfa_error *err)
{
	const struct rfa_registry_spec *spec;
	struct rfa_imageref parsed;
	struct rfa_imageref_place place;

	memset(out, 0, sizeof(*out));
	if (!rfa_imageref_parse(&parsed, ref) || !rfa_imageref_place(&place, &parsed))
		return rfa_fail(err, RFA_EINTERNAL, "registry", "%s is in no registry", ref);
	out->domain = rfa_pool_text(ctx->pool, place.domain);
	spec = spec_of(ctx, out->domain);
	if (!spec)
		return rfa_pool_check(ctx->pool, err);
	out->ca_file = text_or_null(spec->ca);
	out->plain_http = spec->http;
	if (!spec->login || !ctx->login)
		return 0;
	return ctx->login(ctx->secret_user, out->domain, &out->user, &out->secret, err);
}

static const char *platform_of(struct rfa_ctx *ctx)
{
	const struct rfa_engine *engine = ctx->proven[RFA_TARGET]->engine;

	return rfa_pool_printf(ctx->pool, "linux/%s",
			       engine ? engine->arch : rfa_ctx_options(ctx)->arch);
}

/* What the tags mean. */

/* blobs[key]: the layers as the registry has them, for whoever waits for a pull. */
static int keep_blobs(json_t *blobs, const char *key, const json_t *seen, struct rfa_error *err)
{
	json_t *list = json_array(), *layer;
	size_t i;
	int rc = rfa_facts_set(blobs, key, list, err);

	json_array_foreach (json_object_get(seen, "layers"), i, layer) {
		if (!rc &&
		    json_array_append_new(list, json_pack("{s:O, s:O}", "digest",
							  json_object_get(layer, "digest"), "size",
							  json_object_get(layer, "size"))))
			rc = rfa_fail_nomem(err);
	}
	return rc;
}

static int resolve(struct rfa_ctx *ctx, const struct rfa_image *wanted, struct rfa_image *out,
		   json_t *blobs, struct rfa_error *err)
{
	const struct rfa_container *before =
	    rfa_container_of(&ctx->proven[RFA_TARGET]->containers, wanted->key);
	struct rfa_registry_access access;
	json_t *seen = NULL;
	int rc = access_of(ctx, wanted->ref, &access, err);

	if (!rc)
		rc = ctx->host->registry->resolve(ctx->host, &access, wanted->ref, platform_of(ctx),
						  &seen, err);
	/* Nothing was touched yet, so there is nothing that a resume could go on with. */
	if (rc && err->severity == RFA_DENIED)
		err->severity = RFA_FATAL;
	if (rc)
		return rc;
	out->key = wanted->key;
	out->kind = wanted->kind;
	out->ref = wanted->ref;
	out->ends = before && before->ended;
	out->may_end = !before || !before->present;
	out->digest = rfa_pool_text(ctx->pool, rfa_facts_str(seen, "manifest", ""));
	rc = rfa_image_fill(json_object_get(seen, "image"), ctx->pool, out, err);
	if (!rc)
		rc = keep_blobs(blobs, wanted->key, seen, err);
	json_decref(seen);
	return rc;
}

/* Only looks: once its facts are kept, a tag that moves changes nothing any more. */
int rfa_registry_observe_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image_set *wanted = rfa_ctx_options(ctx)->desired;
	struct rfa_image_set *set = RFA_NEW(ctx->pool, image_set);
	const struct rfa_image *image;
	struct rfa_proven proven;
	const char *summary;
	json_t *blobs = json_object();
	int rc = blobs ? 0 : rfa_fail_nomem(err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	RFA_EACH (image, wanted->images)
		if (!rc)
			rc = resolve(ctx, image, RFA_ADD(ctx->pool, image, &set->images), blobs,
				     err);
	if (rc) {
		json_decref(blobs);
		return rc;
	}
	set->version = wanted->version;
	summary =
	    rfa_pool_printf(ctx->pool, "%s is %zu image(s) there", set->version, set->images.n);
	rfa_image_set_complete(ctx, set);
	proven.images = set;
	proven.blobs = blobs;
	rc = rfa_ctx_prove(ctx, &proven, summary, facts, err);
	json_decref(blobs);
	return rc;
}

/* Fetched by rfa. */

/* Told ten times a second at most. */
struct telling {
	struct rfa_ctx *ctx;
	int64_t told_ms;
};
enum { TELL_MS = 100 };

static void on_bytes(void *user, uint64_t done, uint64_t total)
{
	struct telling *t = user;
	int64_t now = t->ctx->clock->mono_ms(t->ctx->clock);

	if (now - t->told_ms < TELL_MS && done != total)
		return;
	t->told_ms = now;
	rfa_ctx_bytes(t->ctx, (int64_t)done, (int64_t)total);
}

/* An image of the request in the words of a registry. */
static int ask_by_digest(struct rfa_ctx *ctx, json_t *one, struct rfa_registry_access *access,
			 struct rfa_error *err)
{
	const char *id = rfa_facts_str(one, "id", "");
	const struct rfa_image *image;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		int rc;

		if (strcmp(image->id, id) != 0 || !*image->digest)
			continue;
		rc = access_of(ctx, image->ref, access, err);
		if (!rc)
			rc = rfa_facts_set(one, "ref",
					   json_string(rfa_image_by_digest(ctx->pool, image)), err);
		return rc ? rc : rfa_facts_set(one, "platform", json_string(platform_of(ctx)), err);
	}
	return rfa_fail(err, RFA_EINTERNAL, "registry", "nobody knows where the image %.19s is",
			id);
}

int rfa_registry_archive(struct rfa_ctx *ctx, json_t *request, json_t **out, struct rfa_error *err)
{
	struct rfa_host *source = ctx->hosts[RFA_SOURCE];
	json_t *images = json_object_get(request, "images"), *one;
	struct rfa_registry_access *access =
	    rfa_pool_new(ctx->pool, (json_array_size(images) + 1) * sizeof(*access));
	struct telling telling = { ctx, 0 };
	size_t i;
	int rc = access ? 0 : rfa_fail_nomem(err);

	json_array_foreach (images, i, one) {
		if (!rc)
			rc = ask_by_digest(ctx, one, &access[i], err);
	}
	return rc ? rc
		  : source->registry->fetch(source, ctx->run, access, i, request, on_bytes,
					    &telling, out, err);
}

/* Pulled by the target's engine. */

/* *is: there is an image of that name, and it is the one that is meant. */
static int is_there(struct rfa_ctx *ctx, const struct rfa_image *image, const char *name, int *is,
		    struct rfa_error *err)
{
	json_t *seen = NULL;
	char identity[65] = "";
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, name, &seen, err);

	if (!rc && seen)
		rc = rfa_image_identity(seen, identity, err);
	*is = !rc && !strcmp(identity, image->identity);
	json_decref(seen);
	return rc;
}

/* The layers of all that is missing are one whole, of which each image is a part. */
struct pulling {
	struct rfa_ctx *ctx;
	uint64_t before, total;    /* bytes: of the images that are there already, and of all */
	size_t by_token, by_login; /* pulls for which the host got a token, and the login itself */
};

static const json_t *blobs_of(const struct rfa_ctx *ctx, const char *key)
{
	return json_object_get(ctx->proven[RFA_SOURCE]->blobs, key);
}

static uint64_t blob_bytes(const struct rfa_ctx *ctx, const char *key)
{
	uint64_t sum = 0;
	json_t *one;
	size_t i;

	json_array_foreach (blobs_of(ctx, key), i, one)
		sum += (uint64_t)rfa_facts_int(one, "size", 0);
	return sum;
}

static void on_layers(void *user, uint64_t done, uint64_t total)
{
	const struct pulling *p = user;

	(void)total;
	rfa_ctx_bytes(p->ctx, (int64_t)(p->before + done), (int64_t)p->total);
}

/* What the host got, and why it was not the token alone. */
static void tell_login(struct pulling *pulling, const struct rfa_image *image, const json_t *answer)
{
	const char *login = rfa_facts_str(answer, "login", "");
	const char *why = rfa_facts_str(answer, "why", NULL);
	struct rfa_ctx *ctx = pulling->ctx;

	pulling->by_token += !strcmp(login, "token");
	pulling->by_login += why != NULL;
	if (why)
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "the engine of %s was not let in with the pull token of the registry, "
			    "and got the login itself for %s: %.300s",
			    ctx->host->name, image->ref, why);
}

static int pull(struct rfa_ctx *ctx, const struct rfa_image *image, const char *name,
		struct pulling *pulling, struct rfa_error *err)
{
	struct rfa_registry_access access;
	struct rfa_ctx_key key;
	json_t *request = json_pack("{s:s, s:s, s:O*}", "ref", name, "platform", platform_of(ctx),
				    "layers", blobs_of(ctx, image->key));
	json_t *answer = NULL;
	int rc = request ? access_of(ctx, image->ref, &access, err) : rfa_fail_nomem(err);

	if (!rc) {
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s pulls %s (%s)", ctx->host->name, image->ref,
			    RFA_SIZE(image->size));
		rc =
		    ctx->host->registry->pull(ctx->host, rfa_ctx_key(ctx, &key, "pull", image->key),
					      &access, request, on_layers, pulling, &answer, err);
	}
	if (!rc)
		tell_login(pulling, image, answer);
	json_decref(request);
	json_decref(answer);
	return rc;
}

/* What the registry sends may be another thing than what it has described. */
static int bring(struct rfa_ctx *ctx, const struct rfa_image *image, struct pulling *pulling,
		 struct rfa_error *err)
{
	const char *name = rfa_image_by_digest(ctx->pool, image);
	int is = 0;
	int rc = is_there(ctx, image, name, &is, err);

	if (!rc && !is)
		rc = pull(ctx, image, name, pulling, err);
	if (!rc && !is)
		rc = is_there(ctx, image, name, &is, err);
	if (!rc && !is) {
		rfa_fail(err, RFA_EMISMATCH, "registry",
			 "what %s has pulled as %s is not what the registry has described",
			 ctx->host->name, name);
		return rfa_error_where(err, "%s", ctx->host->name);
	}
	pulling->before += blob_bytes(ctx, image->key);
	return rc;
}

/* With what, if it was not the login as the registry wants it. */
static const char *how(struct rfa_pool *pool, const struct pulling *p)
{
	const char *failed = "";

	if (p->by_login)
		failed = rfa_pool_printf(
		    pool, "; %zu with the login itself, because a pull token was not enough",
		    p->by_login);
	return p->by_token ? rfa_pool_printf(pool, "; %zu with a pull token%s", p->by_token, failed)
			   : failed;
}

/* Goes on from what it sees, so it may be repeated. */
int rfa_pull_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_texts *missing = &ctx->own->missing;
	struct pulling pulling = { .ctx = ctx };
	struct rfa_proven proven;
	const char *summary;
	size_t i;
	int rc = 0;

	if (!missing->n)
		return rfa_ctx_skip(facts, "the target has every image", err);
	if (!rfa_pulled_there(ctx))
		return rfa_ctx_skip(facts, "the images arrive as an archive", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	for (i = 0; i < missing->n; i++)
		pulling.total += blob_bytes(ctx, missing->at[i]);
	for (i = 0; i < missing->n && !rc; i++) {
		const struct rfa_image *image = rfa_desired_of(ctx, missing->at[i]);

		if (image)
			rc = bring(ctx, image, &pulling, err);
		rfa_texts_add(ctx->pool, &proven.pulled, missing->at[i]);
	}
	/* Also of attempts whose job has never begun. */
	if (!rc)
		rc = ctx->host->runs->forget(ctx->host, ctx->run, err);
	if (rc)
		return rc;
	summary = rfa_pool_printf(ctx->pool, "%zu image(s) pulled by digest%s", missing->n,
				  how(ctx->pool, &pulling));
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

int rfa_pull_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* The name under which it was pulled; the image itself goes with it. */
static int drop(struct rfa_ctx *ctx, const struct rfa_image *image, struct rfa_error *err)
{
	const char *name = rfa_image_by_digest(ctx->pool, image);
	struct rfa_ctx_key key;

	return ctx->host->engine->image_untag(ctx->host, rfa_ctx_key(ctx, &key, "untag", name),
					      name, err);
}

int rfa_pull_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_texts *missing = &ctx->own->missing;
	size_t i;
	int rc;

	if (!rfa_pulled_there(ctx) || !missing->n)
		return 0;
	rc = ctx->host->runs->forget(ctx->host, ctx->run, err);
	for (i = 0; i < missing->n && !rc; i++) {
		const struct rfa_image *image = rfa_desired_of(ctx, missing->at[i]);

		if (image && *image->digest)
			rc = drop(ctx, image, err);
	}
	return rc;
}
