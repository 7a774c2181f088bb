/* Images of registries in the words of hosts. Pure. Private to transports/host. */
#ifndef RFA_TRANSPORTS_HOST_REGISTRY_IMAGE_H
#define RFA_TRANSPORTS_HOST_REGISTRY_IMAGE_H

#include <jansson.h>

#include "fsm/base/imageref.h"
#include "transports/host/host_registry.h"
#include "transports/registry/registry.h"

/* Where a reference leads: a repository, and what is asked of it. */
struct rfa_registry_name {
	struct rfa_imageref_place place;
	char reference[144]; /* its digest, else its tag, else "latest" */
	int by_digest;
};

/* Errors: CONFIG: no registry can have it. */
int rfa_registry_name_of(struct rfa_registry_name *out, const char *ref, struct rfa_error *err);
/* "linux/arm/v7". Errors: CONFIG. */
int rfa_registry_platform_of(struct rfa_registry_platform *out, const char *text,
			     struct rfa_error *err);
/* *out (new): as host_registry.h (resolve) has it. Errors: PROTOCOL: the configuration is no JSON.
 */
int rfa_registry_image_json(const struct rfa_registry_image *image, json_t **out,
			    struct rfa_error *err);

#endif
