/* Images for registries: layers, configuration, manifest, index, made of nothing. */
#ifndef RFA_TESTS_HARNESS_OCI_H
#define RFA_TESTS_HARNESS_OCI_H

#include <stddef.h>

enum { OCI_LAYERS = 2 };

struct oci_blob {
	char digest[72];
	char type[96];
	char *data; /* owned */
	size_t len;
};

struct oci_image {
	char architecture[16], variant[8];
	struct oci_blob layers[OCI_LAYERS], config, manifest;
	char diff_ids[OCI_LAYERS][72];
};

/* A blob of these bytes. */
void oci_blob_set(struct oci_blob *blob, const char *type, const void *data, size_t len);
/* An image whose layers, compressed, have so many bytes and one more each; docker: with Docker's
 * media types. */
void oci_image_make(struct oci_image *image, const char *architecture, const char *variant,
		    size_t layer_bytes, int docker);
/* The index of some images, with an attestation, which is no image. */
void oci_index_make(struct oci_blob *index, const struct oci_image *images, size_t n, int docker);
void oci_image_release(struct oci_image *image);

#endif
