/* Images on the target: kept for a way back, loaded, named. None of it touches what runs. */
#include <stdio.h>
#include <string.h>

#include "fsm/steps/goods.h"
#include "fsm/steps/spec.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/transfer.h"

/* ---- tags that this run makes -----------------------------------------------------------------
 */

/* What ref pointed at before the run; NULL: nothing. */
static const char *before_of_ref(const struct rfa_ctx *ctx, const char *ref)
{
	json_t *refs = rfa_ctx_fact(ctx, "target.look", "refs");

	return json_string_value(json_object_get(refs, ref));
}

enum { UNTAG_ATTEMPTS = 3 };

static int untag(struct rfa_ctx *ctx, const char *ref, struct rfa_error *err)
{
	struct rfa_host *host = ctx->hosts[RFA_TARGET];
	struct rfa_ctx_key key;
	int rc = host->ops->image_untag(host, rfa_ctx_key(ctx, &key, "untag", ref), ref, err);

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
	struct rfa_ctx_key key;
	const char *id = NULL;
	json_t *holder = NULL;
	int rc = rfa_image_id(ctx->hosts[RFA_TARGET], ref, &holder, &id, err);

	if (rc < 0)
		return rc;
	rc = 0;
	if (!before && id)
		rc = untag(ctx, ref, err);
	else if (before && (!id || strcmp(before, id) != 0))
		rc = ctx->hosts[RFA_TARGET]->ops->image_tag(
		    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "retag", ref), before, ref, err);
	json_decref(holder);
	return rc;
}

/* ---- keep: what runs now can be brought back --------------------------------------------------
 */

/* The containers as they are, with the images' defaults: secrets and all, so only on the host. */
static int gather_specs(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *containers = json_object();
	json_t *units = NULL;
	json_t *unit;
	char nonce[40];
	size_t i;
	int rc = rfa_units(ctx->hosts[RFA_TARGET], rfa_ctx_stack(ctx), &units, err);

	if (!containers && !rc)
		rc = rfa_fail_nomem(err);
	if (rc)
		goto done;
	json_array_foreach (units, i, unit) {
		const char *image_id = rfa_facts_str(unit, "inspect/Image", NULL);
		json_t *image = NULL;

		if (!image_id || strcmp(rfa_facts_str(unit, "shape", ""), "run") != 0)
			continue;
		rc = rfa_inspect_or_null(ctx->hosts[RFA_TARGET], RFA_IMAGE, image_id, &image, err);
		if (!rc)
			rc = rfa_facts_set(containers, rfa_facts_str(unit, "key", ""),
					   json_pack("{s:O, s:O?}", "container",
						     json_object_get(unit, "inspect"), "image",
						     json_object_get(image, "Config")),
					   err);
		json_decref(image);
		if (rc)
			goto done;
	}
	/* The digest goes into the ledger: it must not let anyone try out passwords. */
	snprintf(nonce, sizeof(nonce), "%016llx%016llx",
		 (unsigned long long)ctx->clock->random(ctx->clock),
		 (unsigned long long)ctx->clock->random(ctx->clock));
	*out = json_pack("{s:i, s:s, s:O}", "format", 1, "nonce", nonce, "containers", containers);
	if (!*out)
		rc = rfa_fail_nomem(err);
done:
	json_decref(units);
	json_decref(containers);
	return rc;
}

static void specs_path(const struct rfa_ctx *ctx, char *out, size_t size)
{
	snprintf(out, size, "%s/points/%s/%s.json", ctx->hosts[RFA_TARGET]->state_dir,
		 rfa_facts_str(ctx->plan_json, "stack", ""), ctx->run);
}

static int write_specs(struct rfa_ctx *ctx, json_t *point, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
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
		rc = ctx->hosts[RFA_TARGET]->ops->file_write(ctx->hosts[RFA_TARGET], path, 0600,
							     rfa_buf_str(&text), text.len, err);
	if (!rc)
		rc = rfa_facts_set(point, "specs",
				   json_pack("{s:s, s:s}", "file", path, "sha256", digest), err);
	json_decref(specs);
	rfa_buf_release(&text);
	return rc;
}

static int keep_tag(struct rfa_ctx *ctx, const char *image, const char *keep, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	const char *id = NULL;
	json_t *holder = NULL;
	int rc = rfa_image_id(ctx->host, keep, &holder, &id, err);

	/* An earlier run's, or an earlier attempt's. */
	if (rc > 0 && !strcmp(id, image))
		rc = 0;
	else if (rc >= 0)
		rc = ctx->host->ops->image_tag(ctx->host, rfa_ctx_key(ctx, &key, "keep", keep),
						 image, keep, err);
	json_decref(holder);
	return rc;
}

/* Tags what runs now with tags of the point's own. *out is new: the point. */
static int keep_now(struct rfa_ctx *ctx, const json_t *now, json_t **out, struct rfa_error *err)
{
	json_t *point = json_deep_copy(now);
	json_t *good;
	size_t i;
	int rc = point ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_facts_at(point, "images"), i, good) {
		char keep[RFA_KEEP_MAX];

		rfa_keep_tag(rfa_facts_str(good, "identity", ""), ctx->run, keep);
		if (!rc)
			rc = rfa_facts_set(good, "keep", json_string(keep), err);
		if (!rc)
			rc = keep_tag(ctx, rfa_facts_str(good, "id", ""), keep, err);
	}
	if (rc)
		json_decref(point);
	else
		*out = point;
	return rc;
}

/* Tagging again and writing the file again change nothing, so it may be repeated. */
int rfa_keep_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *now = rfa_ctx_fact(ctx, "target.look", "goods");
	json_t *present = rfa_ctx_fact(ctx, "target.look", "present");
	json_t *point = NULL;
	json_t *good;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *id = json_string_value(
		    json_object_get(present, rfa_facts_str(good, "identity", "")));

		rc = id ? keep_tag(ctx, id, rfa_facts_str(good, "keep", ""), err) : 0;
		if (rc)
			return rc;
	}
	if (!json_array_size(rfa_facts_at(now, "images")))
		return rfa_facts_set(
		    facts, "says",
		    json_string("nothing ran before: there is nothing to go back to"), err);
	rc = keep_now(ctx, now, &point, err);
	if (!rc)
		rc = write_specs(ctx, point, err);
	if (!rc && rfa_ctx_fact(ctx, "target.look", "pins"))
		rc = rfa_facts_set(point, "pins",
				   json_incref(rfa_ctx_fact(ctx, "target.look", "pins")), err);
	if (!rc)
		rc = rfa_facts_set(facts, "point", json_incref(point), err);
	json_decref(point);
	return rc;
}

int rfa_keep_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

static int untag_keeps(struct rfa_ctx *ctx, const json_t *images, struct rfa_error *err)
{
	json_t *good;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)images, i, good) {
		const char *keep = rfa_facts_str(good, "keep", "");
		int rc = before_of_ref(ctx, keep) ? 0 : put_back(ctx, keep, err);

		if (rc)
			return rc;
	}
	return 0;
}

int rfa_keep_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	char path[512];
	json_t *good;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "goods/images"), i, good) {
		char keep[RFA_KEEP_MAX];

		rfa_keep_tag(rfa_facts_str(good, "identity", ""), ctx->run, keep);
		if (!rc)
			rc = put_back(ctx, keep, err);
	}
	if (!rc)
		rc = untag_keeps(ctx, rfa_facts_at(rfa_wanted(ctx), "images"), err);
	if (rc)
		return rc;
	specs_path(ctx, path, sizeof(path));
	return ctx->hosts[RFA_TARGET]->ops->file_remove(ctx->hosts[RFA_TARGET], path, err);
}

/* ---- load --------------------------------------------------------------------------------------
 */

/* Are all wanted images there, under their keep tags, and are they the ones that were sent? */
static int all_loaded(struct rfa_ctx *ctx, int *all, char *lacking, size_t size,
		      struct rfa_error *err)
{
	json_t *good;
	size_t i;

	*all = 0;
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *keep = rfa_facts_str(good, "keep", "");
		json_t *image = NULL;
		char identity[65] = "";
		int rc = rfa_inspect_or_null(ctx->hosts[RFA_TARGET], RFA_IMAGE, keep, &image, err);

		if (!rc && image)
			rc = rfa_image_identity(image, identity, err);
		json_decref(image);
		if (rc)
			return rc;
		if (strcmp(identity, rfa_facts_str(good, "identity", "")) != 0) {
			snprintf(lacking, size, "%s (%s)", rfa_facts_str(good, "key", ""),
				 identity[0] ? "its content differs" : "it is not listed");
			return 0;
		}
	}
	*all = 1;
	return 0;
}

/*
 * The containerd store can say OK and hide an image whose omitted layer it has under another
 * digest; the classic one refuses cleanly. Either way the base is sent once, and then it must do.
 */
static int load_everything(struct rfa_ctx *ctx, struct rfa_error *err)
{
	static const char *const archive = "images-all";
	struct rfa_ctx_key key;
	struct rfa_archive made;
	uint64_t sent = 0;
	int rc;

	rfa_ctx_say(ctx, RFA_EVENT_NOTE,
		    "the target's engine does not find the layers that it has: "
		    "sending all of them");
	rc = rfa_transfer_export(ctx, archive, NULL, &made, err);
	if (!rc)
		rc = rfa_transfer_relay(ctx, archive, (uint64_t)made.bytes, &sent, err);
	if (!rc)
		rc = ctx->hosts[RFA_TARGET]->ops->image_load(
		    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "load", archive), archive, err);
	return rc;
}

/* Loading an image that is there changes nothing, so it may be repeated. */
int rfa_load_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_archive *exported = ctx->proven[RFA_SOURCE]->exported;
	int omitted = exported && exported->omitted > 0;
	struct rfa_ctx_key key;
	char lacking[256] = "";
	int all = 0;
	int rc;

	if (!json_array_size(rfa_ctx_fact(ctx, "target.look", "missing")))
		return rfa_ctx_skip(facts, "the target has every image", err);
	rc = ctx->hosts[RFA_TARGET]->ops->image_load(
	    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "load", NULL), "images", err);
	if (!rc)
		rc = all_loaded(ctx, &all, lacking, sizeof(lacking), err);
	if ((rc == -RFA_EREMOTE || (!rc && !all)) && omitted) {
		rc = load_everything(ctx, err);
		if (!rc)
			rc = all_loaded(ctx, &all, lacking, sizeof(lacking), err);
	}
	if (rc)
		return rc;
	if (!all) {
		rfa_fail(err, RFA_EMISMATCH, "docker",
			 "after loading, the image of %s is not the one that was sent", lacking);
		return rfa_error_where(err, "%s", ctx->hosts[RFA_TARGET]->name);
	}
	return rfa_facts_set(facts, "says",
			     json_string("images, layers and configuration are the source's"), err);
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
	return untag_keeps(ctx, rfa_facts_at(rfa_wanted(ctx), "images"), err);
}

/* ---- tag ---------------------------------------------------------------------------------------
 */

/* Does the ref name the wanted image on the target? */
static int ref_is(struct rfa_ctx *ctx, const json_t *good, int *is, struct rfa_error *err)
{
	const struct rfa_object_name names[] = {
		{ RFA_IMAGE, rfa_facts_str(good, "keep", "") },
		{ RFA_IMAGE, rfa_facts_str(good, "ref", "") },
	};
	json_t *both = NULL;
	int rc = ctx->host->ops->inspect_all(ctx->host, names, 2, &both, err);
	const char *want = rfa_facts_str(json_array_get(both, 0), "Id", NULL);
	const char *have = rfa_facts_str(json_array_get(both, 1), "Id", NULL);

	*is = want && have && !strcmp(want, have);
	json_decref(both);
	return rc;
}

int rfa_tag_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	json_t *good;
	size_t i;

	(void)facts;
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		const char *ref = rfa_facts_str(good, "ref", "");
		struct rfa_ctx_key key;
		int is = 0;
		int rc = ref_is(ctx, good, &is, err);

		if (!rc && !is)
			rc = ctx->hosts[RFA_TARGET]->ops->image_tag(
			    ctx->hosts[RFA_TARGET], rfa_ctx_key(ctx, &key, "tag", ref),
			    rfa_facts_str(good, "keep", ""), ref, err);
		if (rc)
			return rc;
	}
	return 0;
}

int rfa_tag_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	json_t *good;
	size_t i;

	(void)facts;
	*seen = RFA_PROBE_DONE;
	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		int is = 0;
		int rc = ref_is(ctx, good, &is, err);

		if (rc)
			return rc;
		if (!is)
			*seen = RFA_PROBE_NOT_DONE; /* running again completes it */
	}
	return 0;
}

int rfa_tag_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	json_t *good;
	size_t i;

	json_array_foreach (rfa_facts_at(rfa_wanted(ctx), "images"), i, good) {
		int rc = put_back(ctx, rfa_facts_str(good, "ref", ""), err);

		if (rc)
			return rc;
	}
	return 0;
}
