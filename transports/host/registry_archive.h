/*
 * An image archive that every engine loads, composed of what registries say of images: the frame
 * is ours, the layers are fetched as they are. Pure. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_REGISTRY_ARCHIVE_H
#define RFA_TRANSPORTS_HOST_REGISTRY_ARCHIVE_H

#include "transports/host/archive.h"
#include "transports/host/host_fetch.h"
#include "transports/registry/registry.h"

/* Which layer of which image a piece is; of our own pieces nothing is said. */
struct rfa_registry_from {
	size_t image, layer;
};

struct rfa_registry_archive {
	struct rfa_archive archive;     /* bytes, layers, omitted */
	struct rfa_host_piece *pieces;  /* owned; they point into `archive` and the images */
	struct rfa_registry_from *from; /* owned; of each piece */
	size_t n;
	int zstd; /* 1: a layer is compressed by zstd */
};

/*
 * images: one for each of request["images"], in their order; borrowed as long as the archive is
 * there. The archive of the same images and request is the same, byte for byte. Release *out in
 * every case. Errors: INTERNAL (the request), UNSUPPORTED: a layer is nothing that an engine loads.
 */
int rfa_registry_archive_make(struct rfa_registry_archive *out,
			      const struct rfa_registry_image images[], const json_t *request,
			      struct rfa_error *err);
void rfa_registry_archive_release(struct rfa_registry_archive *archive);

#endif
