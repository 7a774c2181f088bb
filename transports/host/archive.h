/*
 * An image archive that every engine loads, composed from what `docker save` wrote, without moving
 * the bytes of a layer: the result is a list of segments, some of them ours, most of them ranges of
 * the saved file. Pure: reads through a callback. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_ARCHIVE_H
#define RFA_TRANSPORTS_HOST_ARCHIVE_H

#include <jansson.h>

#include "transports/host/tar.h"

struct rfa_archive_source {
	const struct rfa_tar *tar; /* the index of the saved file */
	/* Appends `size` bytes of the saved file at `offset`. */
	int (*read)(void *user, uint64_t offset, size_t size, struct rfa_buf *out,
		    struct rfa_error *err);
	void *user;
	const char *os, *arch; /* which image of a multi-platform one is meant */
};

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
 * Composes the archive for a request as in host.h (image_export). The same bytes every time for
 * the same request and saved images. Errors: NOTFOUND (an image is not in the saved file), CORRUPT
 * (it is no archive of images, or a digest is wrong), INTERNAL (the request), TOOBIG.
 * *out is made anew; release it in every case.
 */
int rfa_archive_compose(struct rfa_archive *out, const struct rfa_archive_source *source,
			const json_t *request, struct rfa_error *err);
void rfa_archive_release(struct rfa_archive *archive);

/* Content of a file in the saved archive; *size is its length, at most max. */
int rfa_archive_json(const struct rfa_archive_source *source, const struct rfa_tar_entry *entry,
		     const char *digest, json_t **out, struct rfa_error *err);

/*
 * One image in the saved archive, whatever form that has. Found by rfa_saved_find(), in saved.c.
 */
struct rfa_saved_layer {
	char digest[72];                   /* "sha256:…" of the blob, as the manifest names it */
	char diff_id[72];                  /* "sha256:…" of its content, uncompressed */
	const struct rfa_tar_entry *entry; /* borrowed; NULL: not in the archive */
};

struct rfa_saved_image {
	char config_digest[72];
	const struct rfa_tar_entry *config; /* borrowed */
	/* Its own manifest, kept so that its digest stays; NULL: it had none, `made` is one. */
	const struct rfa_tar_entry *manifest; /* borrowed */
	struct rfa_buf made;
	char manifest_digest[72];
	char manifest_type[96]; /* media type */
	uint64_t manifest_size;
	struct rfa_saved_layer *layers; /* owned */
	size_t n;
};

/* Looks up an image by its id. Release *out in every case. */
int rfa_saved_find(struct rfa_saved_image *out, const struct rfa_archive_source *source,
		   const char *id, struct rfa_error *err);
void rfa_saved_release(struct rfa_saved_image *image);

#endif
