/*
 * An image archive that every engine loads, composed from what `docker save` wrote, without moving
 * the bytes of a layer: the result is a list of segments, some of them ours, most of them ranges of
 * the saved file. Pure: reads through a callback. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_ARCHIVE_H
#define RFA_TRANSPORTS_HOST_ARCHIVE_H

#include <jansson.h>

#include "transports/host/saved.h"

struct rfa_archive_segment {
	int saved;             /* 1: a range of the saved file; 0: of `frame` */
	uint64_t offset, size; /* within it */
};

struct rfa_archive {
	struct rfa_buf frame;                 /* all that is ours */
	struct rfa_archive_segment *segments; /* owned */
	size_t n, cap;
	uint64_t bytes;         /* of the whole archive */
	size_t layers, omitted; /* different layers in it, and left out */
};

/*
 * Composes an archive of images that were found somewhere, one for each of request["images"], in
 * their order; of the request "name" of each and "omit" count, as in host_engine.h (image_export).
 * A segment that is `saved` is a range of whatever the layers' entries tell places in. *out is made
 * anew; release it in every case. Errors: INTERNAL (the request), TOOBIG.
 */
int rfa_archive_write(struct rfa_archive *out, const struct rfa_saved_image images[],
		      const json_t *request, struct rfa_error *err);
/*
 * Composes the archive for a request as in host.h (image_export). The same bytes every time for
 * the same request and saved images. Errors: NOTFOUND (an image is not in the saved file), CORRUPT
 * (it is no archive of images, or a digest is wrong), INTERNAL (the request), TOOBIG.
 * *out is made anew; release it in every case.
 */
int rfa_archive_compose(struct rfa_archive *out, const struct rfa_archive_source *source,
			const json_t *request, struct rfa_error *err);
void rfa_archive_release(struct rfa_archive *archive);

#endif
