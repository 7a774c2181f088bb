/*
 * Where an image is in what `docker save` wrote. Pure: reads through a callback. Private to
 * transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_SAVED_H
#define RFA_TRANSPORTS_HOST_SAVED_H

#include "transports/host/tar.h"

struct rfa_archive_source {
	const struct rfa_tar *tar; /* the index of the saved file */
	/* Appends `size` bytes of the saved file at `offset`. */
	int (*read)(void *user, uint64_t offset, size_t size, struct rfa_buf *out,
		    struct rfa_error *err);
	void *user;
	const char *os, *arch; /* which image of a multi-platform one is meant */
};

/*
 * One image in the saved archive, whatever form that has.
 */
struct rfa_saved_layer {
	char digest[72];                   /* "sha256:…" of the blob, as the manifest names it */
	char diff_id[72];                  /* "sha256:…" of its content, uncompressed */
	const struct rfa_tar_entry *entry; /* borrowed; NULL: not in the archive */
};

struct rfa_saved_image {
	char config_digest[72];
	const struct rfa_tar_entry *config; /* borrowed; NULL: it is config_made */
	struct rfa_buf config_made;
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
