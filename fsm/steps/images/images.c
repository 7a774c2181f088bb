/* Images on the target: pinned for a way back, loaded, named. None of it touches what runs. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/images/export.h"
#include "fsm/steps/common/transfer.h"
#include "fsm/steps/config/configuration.h"

/* Tags that this run makes. */

/* What ref pointed at before the run; NULL: nothing. */
static const char *before_of_ref(const struct rfa_ctx *ctx, const char *ref)
{
	const struct rfa_tagged *tag = rfa_tagged_of(&ctx->own->tags, ref);

	return tag && *tag->id ? tag->id : NULL;
}

static int tag(struct rfa_ctx *ctx, const char *op, const char *image, const char *ref,
	       struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->engine->image_tag(ctx->host, rfa_ctx_key(ctx, &key, op, ref), image, ref,
					    err);
}

enum { UNTAG_ATTEMPTS = 3 };

static int untag(struct rfa_ctx *ctx, const char *ref, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	int rc = host->engine->image_untag(host, rfa_ctx_key(ctx, &key, "untag", ref), ref, err);

	/* A "no" is asked again (the driver does), then believed. */
	if (rc == -RFA_EREMOTE && ctx->attempt < UNTAG_ATTEMPTS)
		return rc;
	if (rc == -RFA_EREMOTE) {
		/* The engine keeps a last tag that a container needs: that harms nothing. */
		rfa_ctx_say(ctx, RFA_EVENT_WARNING, "the tag %s stays on %s: %s", ref, host->name,
			    err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

/* Points ref at what it pointed at before the run. */
static int put_back(struct rfa_ctx *ctx, const char *ref, struct rfa_error *err)
{
	const char *before = before_of_ref(ctx, ref);
	const char *id = NULL;
	json_t *holder = NULL;
	int rc = rfa_image_id(ctx->host, ref, &holder, &id, err);

	if (rc < 0)
		return rc;
	rc = 0;
	if (!before && id)
		rc = untag(ctx, ref, err);
	else if (before && (!id || strcmp(before, id) != 0))
		rc = tag(ctx, "retag", before, ref, err);
	json_decref(holder);
	return rc;
}

/* Pin: what runs now can be brought back. */

static int gather_one(struct rfa_ctx *ctx, const struct rfa_observed *seen, json_t *containers,
		      struct rfa_error *err)
{
	json_t *image = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, rfa_container_image(seen->inspect),
				     &image, err);

	if (!rc)
		rc = rfa_facts_set(containers, seen->key,
				   json_pack("{s:O, s:O?}", "container", seen->inspect, "image",
					     json_object_get(image, "Config")),
				   err);
	json_decref(image);
	return rc;
}

/* The containers as they are, with the images' defaults: secrets and all, so only on the host. */
static int gather_specs(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *containers = json_object();
	const struct rfa_observed *one;
	struct rfa_observed_list seen;
	char nonce[40];
	int rc = containers ? rfa_observe(ctx->host, rfa_ctx_stack_here(ctx), ctx->pool, &seen, err)
			    : rfa_fail_nomem(err);

	if (rc)
		goto done;
	RFA_EACH (one, seen)
		if (!rc && *rfa_container_image(one->inspect) && !strcmp(one->kind, "run"))
			rc = gather_one(ctx, one, containers, err);
	if (rc)
		goto done;
	/* The digest goes into the ledger: it must not let anyone try out passwords. */
	snprintf(nonce, sizeof(nonce), "%016llx%016llx",
		 (unsigned long long)ctx->clock->random(ctx->clock),
		 (unsigned long long)ctx->clock->random(ctx->clock));
	*out = json_pack("{s:i, s:s, s:O}", "format", 1, "nonce", nonce, "containers", containers);
	if (!*out)
		rc = rfa_fail_nomem(err);
done:
	json_decref(containers);
	return rc;
}

static void specs_path(const struct rfa_ctx *ctx, char *out, size_t size)
{
	snprintf(out, size, "%s/points/%s/%s.json", ctx->host->state_dir, ctx->plan->stack,
		 ctx->run);
}

static int write_specs(struct rfa_ctx *ctx, struct rfa_point *point, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	struct rfa_specs *is = RFA_NEW(ctx->pool, specs);
	json_t *specs = NULL;
	char digest[65];
	char path[512];
	int rc = gather_specs(ctx, &specs, err);

	if (rc)
		return rc;
	specs_path(ctx, path, sizeof(path));
	rc = rfa_facts_digest(specs, digest, err);
	if (!rc)
		rc = rfa_facts_encode(specs, &text, err);
	if (!rc)
		rc = ctx->host->files->write(ctx->host, path, 0600, rfa_buf_str(&text), text.len,
					     err);
	if (!rc) {
		is->file = rfa_pool_text(ctx->pool, path);
		is->sha256 = rfa_pool_text(ctx->pool, digest);
		point->specs = is;
	}
	json_decref(specs);
	rfa_buf_release(&text);
	return rc;
}

/* A pin is set once: an earlier run, or an earlier attempt, may have set it. */
static int set_pin(struct rfa_ctx *ctx, const char *id, const char *pin, struct rfa_error *err)
{
	const char *has = NULL;
	json_t *holder = NULL;
	int rc = rfa_image_id(ctx->host, pin, &holder, &has, err);

	if (rc > 0 && !strcmp(has, id))
		rc = 0;
	else if (rc >= 0)
		rc = tag(ctx, "pin", id, pin, err);
	json_decref(holder);
	return rc;
}

/* Names what runs now by pins of the point's own. */
static int pin_now(struct rfa_ctx *ctx, const struct rfa_image_set *now, struct rfa_point *point,
		   struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	point->version = now->version;
	RFA_EACH (image, now->images) {
		struct rfa_image *pinned = RFA_ADD(ctx->pool, image, &point->images);

		*pinned = *image;
		pinned->pin = rfa_image_pin(ctx->pool, image->identity, ctx->run);
		if (!rc)
			rc = set_pin(ctx, image->id, pinned->pin, err);
	}
	return rc;
}

/* Desired images that are there already. */
static int pin_desired(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		const struct rfa_held *held = rfa_held_of(&ctx->own->held, image->identity);

		if (!rc && held)
			rc = set_pin(ctx, held->id, image->pin, err);
	}
	return rc;
}

static int ran(const struct rfa_ctx *ctx)
{
	return ctx->own->images && ctx->own->images->images.n;
}

/*
 * The files are those that the containers were made with, unless somebody has changed them since:
 * then the last run that brought them up has kept those. Files that this run writes over are kept
 * whoever has brought them up.
 */
static const struct rfa_configuration *before_it(const struct rfa_ctx *ctx,
						 const struct rfa_configuration *now)
{
	return ctx->own->in_force || rfa_ctx_options(ctx)->with_files || rfa_release_has_files(ctx)
		   ? now
		   : rfa_ctx_options(ctx)->configuration;
}

/* Does each container that the run brings have its image already, under that name? */
static int has_them(const struct rfa_ctx *ctx)
{
	const struct rfa_image *image;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		const struct rfa_image *is = rfa_image_of(&ctx->own->images->images, image->key);

		if (!is || strcmp(is->identity, image->identity) != 0 ||
		    strcmp(is->ref, image->ref) != 0)
			return 0;
	}
	return 1;
}

/* A point that brings back what runs anyway would take the place of one that is a way back. */
static int stays_as_it_is(const struct rfa_ctx *ctx)
{
	return has_them(ctx) && !ctx->own->has_data && !rfa_ctx_options(ctx)->with_files &&
	       (!rfa_ctx_stack_here(ctx)->compose || ctx->own->in_force);
}

/* Tagging again and writing the files again change nothing, so it may be repeated. */
int rfa_pin_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_proven *before = ctx->own;
	struct rfa_proven proven;
	struct rfa_point point;
	int rc = pin_desired(ctx, err);

	rfa_record_clear(&rfa_shape_proven, &proven);
	if (!rc)
		rc = rfa_configuration_keep(ctx, &proven.configuration, err);
	if (rc)
		return rc;
	if (!ran(ctx))
		return rfa_ctx_prove(
		    ctx, &proven, "nothing ran before: there is nothing to go back to", facts, err);
	if (stays_as_it_is(ctx))
		return rfa_ctx_prove(ctx, &proven,
				     "the same runs already: no point to go back to is made", facts,
				     err);
	rfa_record_clear(&rfa_shape_point, &point);
	rc = pin_now(ctx, before->images, &point, err);
	if (!rc)
		rc = write_specs(ctx, &point, err);
	point.of_project = before->of_project;
	point.configuration = before_it(ctx, proven.configuration);
	point.pinned = before->pinned;
	point.pins = before->pins;
	proven.point = &point;
	return rc ? rc : rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_pin_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

static int unpin_desired(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc && !before_of_ref(ctx, image->pin))
			rc = put_back(ctx, image->pin, err);
	return rc;
}

int rfa_pin_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image *image;
	char path[512];
	int rc = 0;

	if (ran(ctx))
		RFA_EACH (image, ctx->own->images->images) {
			const char *pin = rfa_image_pin(ctx->pool, image->identity, ctx->run);

			if (!rc)
				rc = put_back(ctx, pin, err);
		}
	if (!rc)
		rc = rfa_pool_check(ctx->pool, err);
	if (!rc)
		rc = unpin_desired(ctx, err);
	if (rc)
		return rc;
	specs_path(ctx, path, sizeof(path));
	rc = ctx->host->files->remove(ctx->host, path, err);
	return rc || !rfa_ctx_stack_here(ctx)->compose ? rc
						       : rfa_configuration_drop(ctx, ctx->run, err);
}

/* Load. */

/* *wrong: why the desired image is not there under its pin; NULL: it is the one that was sent. */
static int check_loaded(struct rfa_ctx *ctx, const struct rfa_image *image, const char **wrong,
			struct rfa_error *err)
{
	json_t *inspect = NULL;
	char identity[65] = "";
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, image->pin, &inspect, err);

	if (!rc && inspect)
		rc = rfa_image_identity(inspect, identity, err);
	json_decref(inspect);
	*wrong = !identity[0]                             ? "it is not listed"
		 : strcmp(identity, image->identity) != 0 ? "its content differs"
							  : NULL;
	return rc;
}

/* Are all desired images there, under their pins, and are they the ones that were sent? */
static int all_loaded(struct rfa_ctx *ctx, int *all, char *lacking, size_t size,
		      struct rfa_error *err)
{
	const struct rfa_image *image;

	*all = 0;
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		const char *wrong;
		int rc = check_loaded(ctx, image, &wrong, err);

		if (rc)
			return rc;
		if (wrong) {
			snprintf(lacking, size, "%s (%s)", image->key, wrong);
			return 0;
		}
	}
	*all = 1;
	return 0;
}

static int load(struct rfa_ctx *ctx, const char *archive, const char *about, struct rfa_error *err)
{
	struct rfa_ctx_key key;

	return ctx->host->engine->image_load(ctx->host, rfa_ctx_key(ctx, &key, "load", about),
					     archive, err);
}

/*
 * The containerd store can say OK and hide an image whose omitted layer it has under another
 * digest; the classic one refuses cleanly. Either way the base is sent once, and then it must do.
 */
static int load_everything(struct rfa_ctx *ctx, struct rfa_error *err)
{
	static const char *const archive = "images-all";
	struct rfa_archive made;
	uint64_t sent = 0;
	int rc;

	rfa_ctx_say(ctx, RFA_EVENT_NOTE,
		    "the target's engine does not find the layers that it has: "
		    "sending all of them");
	rc = rfa_transfer_export(ctx, archive, NULL, &made, err);
	if (!rc)
		rc = rfa_transfer_relay(ctx, RFA_SOURCE, archive, (uint64_t)made.bytes, &sent, err);
	return rc ? rc : load(ctx, archive, archive, err);
}

/* What the engine has pulled has a name with a digest only, which holds it until then. */
static int pin_pulled(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_texts *missing = &ctx->own->missing;
	size_t i;
	int rc = 0;

	for (i = 0; i < missing->n && !rc; i++) {
		const struct rfa_image *image = rfa_desired_of(ctx, missing->at[i]);

		if (image && *image->digest)
			rc =
			    tag(ctx, "pin", rfa_image_by_digest(ctx->pool, image), image->pin, err);
	}
	return rc;
}

/* What a backup has stored has the name that it was stored under. */
static int pin_stored(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		const char *stored = rfa_image_stored_as(ctx->pool, image);

		if (!rc && strcmp(stored, image->pin) != 0 &&
		    rfa_texts_have(&ctx->own->missing, image->key))
			rc = tag(ctx, "pin", stored, image->pin, err);
	}
	return rc;
}

/* The names under which they were stored come with the archive. */
static int drop_stored(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc)
			rc = put_back(ctx, rfa_image_stored_as(ctx->pool, image), err);
	return rc;
}

/* Loading an image that is there changes nothing, so it may be repeated. */
int rfa_load_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_archive *exported = ctx->proven[RFA_SOURCE]->exported;
	struct rfa_proven proven;
	char lacking[256] = "";
	int all = 0;
	int rc;

	if (!ctx->own->missing.n)
		return rfa_ctx_skip(facts, "the target has every image", err);
	rc = rfa_pulled_there(ctx) ? pin_pulled(ctx, err) : load(ctx, "images", NULL, err);
	if (!rc && rfa_from_vault(ctx))
		rc = pin_stored(ctx, err);
	if (!rc)
		rc = all_loaded(ctx, &all, lacking, sizeof(lacking), err);
	if ((rc == -RFA_EREMOTE || (!rc && !all)) && exported && exported->omitted > 0) {
		rc = load_everything(ctx, err);
		if (!rc)
			rc = all_loaded(ctx, &all, lacking, sizeof(lacking), err);
	}
	if (rc)
		return rc;
	if (!all) {
		rfa_fail(err, RFA_EMISMATCH, "docker",
			 "after loading, the image of %s is not the one that was sent", lacking);
		return rfa_error_where(err, "%s", ctx->host->name);
	}
	rfa_record_clear(&rfa_shape_proven, &proven);
	return rfa_ctx_prove(
	    ctx, &proven, "images, layers and configuration are those that were meant", facts, err);
}

int rfa_load_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	char lacking[256];
	int all = 0;
	int rc = all_loaded(ctx, &all, lacking, sizeof(lacking), err);

	(void)facts;
	*seen = all ? RFA_PROBE_DONE : RFA_PROBE_NOT_DONE;
	return rc;
}

int rfa_load_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	int rc = rfa_from_vault(ctx) ? drop_stored(ctx, err) : 0;

	return rc ? rc : unpin_desired(ctx, err);
}

/* What was only tried out goes again; an image whose last name goes is gone. */
int rfa_unload_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	int rc = unpin_desired(ctx, err);

	return rc ? rc : rfa_ctx_says(facts, "what was not there before is gone", err);
}

int rfa_unload_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Tag. */

/* Does the ref name the desired image on the target? */
static int ref_is(struct rfa_ctx *ctx, const struct rfa_image *image, int *is,
		  struct rfa_error *err)
{
	const struct rfa_object_name names[] = { { RFA_IMAGE, image->pin },
						 { RFA_IMAGE, image->ref } };
	json_t *both = NULL;
	int rc = ctx->host->engine->inspect_all(ctx->host, names, 2, &both, err);
	const char *want = rfa_facts_str(json_array_get(both, 0), "Id", NULL);
	const char *have = rfa_facts_str(json_array_get(both, 1), "Id", NULL);

	*is = want && have && !strcmp(want, have);
	json_decref(both);
	return rc;
}

int rfa_tag_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image *image;

	(void)facts;
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		int is = 0;
		int rc = ref_is(ctx, image, &is, err);

		if (!rc && !is)
			rc = tag(ctx, "tag", image->pin, image->ref, err);
		if (rc)
			return rc;
	}
	return 0;
}

int rfa_tag_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image *image;

	(void)facts;
	*seen = RFA_PROBE_DONE;
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		int is = 0;
		int rc = ref_is(ctx, image, &is, err);

		if (rc)
			return rc;
		if (!is)
			*seen = RFA_PROBE_NOT_DONE; /* running again completes it */
	}
	return 0;
}

int rfa_tag_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc)
			rc = put_back(ctx, image->ref, err);
	return rc;
}
