/* Platforms: which image a machine can run. */
#ifndef RFA_TRANSPORTS_REGISTRY_PLATFORM_H
#define RFA_TRANSPORTS_REGISTRY_PLATFORM_H

#include "transports/registry/registry.h"

/*
 * Fills in a platform in the words of images: "x86_64" is amd64, "aarch64" is arm64, "armhf" is
 * arm/v7; arm64 has v8 and arm has v7 if nothing is said. What does not fit is cut.
 */
void rfa_platform_set(struct rfa_registry_platform *out, const char *os, const char *architecture,
		      const char *variant);
/*
 * How well an image of platform `has` runs on `wants`, both set by the function above: 0: not at
 * all; the newest variant that the machine has got is best.
 */
int rfa_platform_rank(const struct rfa_registry_platform *wants,
		      const struct rfa_registry_platform *has);
/* Appends "linux/arm/v7", printable. */
void rfa_platform_put(struct rfa_buf *out, const struct rfa_registry_platform *platform);

#endif
