/*
 * Goods: what a stack runs, host-independent: {"version", "images":[GOOD…]} with GOOD =
 * {"key","shape","ref","id","identity","keep","layers":[…],"size","ends"}.
 *
 * key       the container's name, or the Compose service's
 * shape     "run" or "compose"
 * ref       what the container was made from; of a reference with a digest, the tag that says the
 *           same ("app:1" for "app:1@sha256:…", "app:sha256-…" for "app@sha256:…"), since only a
 *           registry can give an image a digest: what the digest promises, identity proves
 * identity  SHA-256 over platform, layers and configuration: equal on every engine and store for
 *           the same image, while `.Id` is a manifest's digest on the containerd store
 * ends      true: its container has done what it was for and ended (rfa_host_ended_well); else
 *           absent
 * keep      a tag that no engine ever looks for elsewhere. "localhost/rfa-keep:<32 digits of
 *           identity>": under this name an image travels, whoever brings it. Of a rollback point's
 *           image "…-<run>" of the run that made the point: it keeps the image from being pruned,
 *           and is the point's alone, so that whatever else needs the image (another stack,
 *           somebody with a ledger of his own) has a tag of its own
 */
#ifndef RFA_FSM_STEPS_GOODS_H
#define RFA_FSM_STEPS_GOODS_H

#include "fsm/steps/image_set.h"

#define RFA_KEEP_REPOSITORY "localhost/rfa-keep"
enum { RFA_KEEP_MAX = 160 };
/* The tag of an image; run "": that under which it travels. */
void rfa_keep_tag(const char *identity, const char *run, char out[RFA_KEEP_MAX]);

/*
 * The stack on one host, an entry a container: {"key","shape","container","inspect":{…}|null}. A
 * Compose service has one for each of its containers, by their numbers; one that is null if it has
 * none.
 */
int rfa_units(struct rfa_host *host, const json_t *stack, json_t **out, struct rfa_error *err);

/* The `ref` of a container's inspect object, cut to fit; "" for NULL. */
void rfa_unit_ref(const json_t *inspect, char *out, size_t size);
/* What a container's identity-giving image is: a GOOD; *out is new. image: its inspect object. */
int rfa_good_of(const json_t *unit, const json_t *image, json_t **out, struct rfa_error *err);
/*
 * The version that a list of GOODs amounts to, copied and cut to fit: the tag that all their refs
 * have, else "set-<12 digits>" of the identities, in whatever order they are listed.
 */
void rfa_goods_version(const json_t *images, char *out, size_t size);

/* The GOOD (or unit) of a list that has this key, the first of several; NULL: none. Borrowed.
 */
json_t *rfa_by_key(const json_t *list, const char *key);
/* What the run wants on the target: from source.look, or the plan's rollback point. */
json_t *rfa_wanted(const struct rfa_ctx *ctx);
/* The wanted GOOD of a unit; NULL if the source has none. */
json_t *rfa_wanted_of(const struct rfa_ctx *ctx, const char *key);
/* How the unit looked before the run (target.look), or NULL; of several containers the first. */
json_t *rfa_unit_before(const struct rfa_ctx *ctx, const char *key);

#endif
