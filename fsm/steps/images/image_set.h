/*
 * Image sets: what a stack runs, in words that hold on every host (fsm/model/image.h).
 *
 * ref       of a reference with a digest, the tag that says the same ("app:1" for
 *           "app:1@sha256:…", "app:sha256-…" for "app@sha256:…"), since only a registry can give
 *           an image a digest: what the digest promises, identity proves
 * identity  SHA-256 over platform, layers and configuration: equal on every engine and store for
 *           the same image, while `.Id` is a manifest's digest on the containerd store
 * ends      its container has done what it was for and ended (rfa_host_ended_well)
 * pin       a tag that no engine ever looks for elsewhere. "localhost/rfa-pin:<32 digits of
 *           identity>": under this name an image travels, whoever brings it. Of a rollback point's
 *           image "…-<run>" of the run that made the point: it keeps the image from being pruned,
 *           and is the point's alone, so that whatever else needs the image (another stack,
 *           somebody with a ledger of his own) has a tag of its own
 */
#ifndef RFA_FSM_STEPS_IMAGES_IMAGE_SET_H
#define RFA_FSM_STEPS_IMAGES_IMAGE_SET_H

#include "fsm/steps/common/ctx.h"
#include "fsm/steps/common/observe.h"

#define RFA_PIN_REPOSITORY "localhost/rfa-pin"
/* The pin of an image; run "": that under which it travels. */
const char *rfa_image_pin(struct rfa_pool *pool, const char *identity, const char *run);
/* 1 if a tag is such a pin, of either kind, whoever made it. */
int rfa_image_is_pin(const char *tag);
/* The run whose rollback point a pin keeps the image for; "" of any other tag. Borrowed. */
const char *rfa_image_pin_run(const char *tag);

/* The tag that a container was made from, by its inspect object; "" for NULL. */
const char *rfa_observed_ref(struct rfa_pool *pool, const json_t *inspect);
/* The image that a container runs. inspect: the image's own inspect object. */
int rfa_image_describe(const struct rfa_observed *container, const json_t *inspect,
		       struct rfa_pool *pool, struct rfa_image *out, struct rfa_error *err);
/* What of it the image's own inspect object says: id, identity, pin, layers, size. */
int rfa_image_fill(const json_t *inspect, struct rfa_pool *pool, struct rfa_image *out,
		   struct rfa_error *err);
/* The identity of an image's inspect object. */
int rfa_image_identity(const json_t *inspect, char out[65], struct rfa_error *err);
/*
 * The version that images amount to, cut to fit: the tag that all their refs have, else
 * "set-<12 digits>" of the identities, in whatever order they are listed.
 */
int rfa_image_set_version(const struct rfa_image_list *images, char *out, size_t size,
			  struct rfa_error *err);

/*
 * version_gates.c: 0, or REFUSED, which names the run that brought another image under the tag. The
 * version may be NULL: then nothing is known of it.
 */
int rfa_version_check(struct rfa_ctx *ctx, const struct rfa_version *version,
		      const struct rfa_image *image, struct rfa_error *err);

/* Adds what the run does not bring: it stays what it is on the target. */
void rfa_image_set_complete(struct rfa_ctx *ctx, struct rfa_image_set *set);

/* The image that the run brings for a container or service; NULL: none. */
const struct rfa_image *rfa_desired_of(const struct rfa_ctx *ctx, const char *key);
/* 1 if a container of this image has done what it was for; it is not started once more. */
int rfa_image_is_done(const struct rfa_image *image, const json_t *container);
/* How its container on the step's host looked before the run; of several the first; NULL: none. */
const struct rfa_container *rfa_before_of(const struct rfa_ctx *ctx, const char *key);
/* How many containers of the key there were before the run; running: that ran. */
size_t rfa_count_before(const struct rfa_ctx *ctx, const char *key, int running);

/*
 * The stack's containers, and the images of those that are there: out->containers, out->images.
 * They are called by the version of `known` if they are just these (NULL: nothing is known), else
 * by rfa_image_set_version(). seen: the containers themselves.
 */
int rfa_observe_images(struct rfa_host *host, const struct rfa_stack *stack,
		       const struct rfa_image_set *known, struct rfa_pool *pool,
		       struct rfa_proven *out, struct rfa_observed_list *seen,
		       struct rfa_error *err);

/* Where the images of a run come from. */

/* 1 if that is a registry. */
int rfa_from_registry(const struct rfa_ctx *ctx);
/* The name that an image has in the archive of a backup. */
const char *rfa_image_stored_as(struct rfa_pool *pool, const struct rfa_image *image);
/* 1 if the target's own engine pulls them; else they arrive as an archive. */
int rfa_pulled_there(const struct rfa_ctx *ctx);
/* "registry.example:5000/shop/web@sha256:…": the name under which a registry has it. */
const char *rfa_image_by_digest(struct rfa_pool *pool, const struct rfa_image *image);

#endif
