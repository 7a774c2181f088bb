/* The documents of a registry, read: indexes, manifests, configurations. */
#ifndef RFA_TRANSPORTS_REGISTRY_MANIFEST_H
#define RFA_TRANSPORTS_REGISTRY_MANIFEST_H

#include <jansson.h>

#include "transports/registry/registry.h"

/* A content descriptor (OCI image specification). */
struct rfa_registry_descriptor {
	char digest[RFA_REGISTRY_DIGEST];
	char media_type[96];
	uint64_t size;
};

/* What may come for a tag; the header that asks for them. */
extern const char rfa_manifest_accept[];

/*
 * *is_index: whether a document is an index (or Docker's manifest list) or a manifest; *type: its
 * media type. Both its own words and the header count. Errors: UNSUPPORTED (an old or another
 * format), PROTOCOL: they disagree, or it is both at once.
 */
int rfa_manifest_kind(const json_t *doc, const char *content_type, int *is_index, char type[96],
		      struct rfa_error *err) RFA_MUST_USE;
/* The best entry of an index for a platform. Errors: UNSUPPORTED, with the platforms that it has.
 */
int rfa_manifest_choose(const json_t *index, const struct rfa_registry_platform *wants,
			struct rfa_registry_descriptor *out, struct rfa_error *err) RFA_MUST_USE;
/* Layers and configuration of a manifest: fills in `image` but for what the configuration says. */
int rfa_manifest_read(const json_t *manifest, struct rfa_registry_image *image,
		      struct rfa_registry_descriptor *config, struct rfa_error *err) RFA_MUST_USE;
/*
 * The rest of it, from the configuration. Errors: UNSUPPORTED: it is for another platform;
 * PROTOCOL: it has not as many diff ids as the manifest has layers.
 */
int rfa_manifest_configure(const json_t *config, const struct rfa_registry_platform *wants,
			   struct rfa_registry_image *image, struct rfa_error *err) RFA_MUST_USE;

#endif
