/*
 * An image archive composed of what registries say of images.
 *
 * archive.c composes archives of ranges of one saved file. Here that file is thought up: all layers
 * of all images lie in it, one after the other, so the place of a range tells the layer.
 */
#include "transports/host/registry_archive.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

#define DOCUMENT_MAX (8u << 20)

/* The file that is thought up. */
struct shelf {
	const struct rfa_registry_image *images;
	size_t n_images;
	struct rfa_tar_entry *entries;  /* owned; a layer each, their places rise */
	struct rfa_registry_from *from; /* owned; of each entry */
	size_t n;
	struct rfa_saved_image *saved; /* owned; of each image */
};

static void release(struct shelf *s)
{
	size_t i;

	for (i = 0; s->saved && i < s->n_images; i++)
		rfa_saved_release(&s->saved[i]);
	free(s->saved);
	free(s->entries);
	free(s->from);
}

static int alloc(struct shelf *s, struct rfa_error *err)
{
	size_t layers = 0, i;

	for (i = 0; i < s->n_images; i++)
		layers += s->images[i].n;
	s->entries = calloc(layers + 1, sizeof(*s->entries));
	s->from = calloc(layers + 1, sizeof(*s->from));
	s->saved = calloc(s->n_images + 1, sizeof(*s->saved));
	return s->entries && s->from && s->saved ? 0 : rfa_fail_nomem(err);
}

/* Puts the image's layers behind what is on the shelf already. */
static int put_layers(struct shelf *s, size_t at, struct rfa_error *err)
{
	const struct rfa_registry_image *image = &s->images[at];
	struct rfa_saved_image *saved = &s->saved[at];
	size_t i;

	saved->layers = calloc(image->n ? image->n : 1, sizeof(*saved->layers));
	if (!saved->layers)
		return rfa_fail_nomem(err);
	for (saved->n = image->n, i = 0; i < image->n; i++, s->n++) {
		const struct rfa_registry_layer *layer = &image->layers[i];
		const struct rfa_tar_entry *last = s->n ? &s->entries[s->n - 1] : NULL;

		/* No two touch, so that they stay two. */
		s->entries[s->n].offset = last ? last->offset + last->size + 1 : 0;
		s->entries[s->n].size = layer->size;
		s->from[s->n] = (struct rfa_registry_from){ at, i };
		saved->layers[i].entry = &s->entries[s->n];
		(void)snprintf(saved->layers[i].digest, sizeof(saved->layers[i].digest), "%s",
			       layer->digest);
		(void)snprintf(saved->layers[i].diff_id, sizeof(saved->layers[i].diff_id), "%s",
			       layer->diff_id);
	}
	return 0;
}

static int put_image(struct shelf *s, size_t at, struct rfa_error *err)
{
	const struct rfa_registry_image *image = &s->images[at];
	struct rfa_saved_image *saved = &s->saved[at];
	int rc;

	saved->made = (struct rfa_buf)RFA_BUF_INIT(DOCUMENT_MAX);
	saved->config_made = (struct rfa_buf)RFA_BUF_INIT(DOCUMENT_MAX);
	(void)rfa_buf_add(&saved->made, image->manifest_doc.data, image->manifest_doc.len);
	(void)rfa_buf_add(&saved->config_made, image->config_doc.data, image->config_doc.len);
	(void)snprintf(saved->config_digest, sizeof(saved->config_digest), "%s", image->config);
	(void)snprintf(saved->manifest_digest, sizeof(saved->manifest_digest), "%s",
		       image->manifest);
	(void)snprintf(saved->manifest_type, sizeof(saved->manifest_type), "%s",
		       image->manifest_type);
	saved->manifest_size = image->manifest_doc.len;
	rc = rfa_buf_check(&saved->made, err);
	if (rc == 0)
		rc = rfa_buf_check(&saved->config_made, err);
	return rc ? rc : put_layers(s, at, err);
}

/* How a layer is packed, by its type. */
static int check_type(struct rfa_registry_archive *out, const struct rfa_registry_layer *layer,
		      struct rfa_error *err)
{
	static const char *const loads[] = {
		"application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.diff.tar.gzip",
	};
	static const char *const zstd[] = {
		"application/vnd.oci.image.layer.v1.tar+zstd",
		"application/vnd.docker.image.rootfs.diff.tar.zstd",
	};
	struct rfa_buf shown = RFA_BUF_INIT(1024);
	size_t i;

	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (strcmp(layer->media_type, loads[i]) == 0)
			return 0;
	for (i = 0; i < sizeof(zstd) / sizeof(zstd[0]); i++)
		if (strcmp(layer->media_type, zstd[i]) == 0) {
			out->zstd = 1;
			return 0;
		}
	(void)rfa_buf_put_printable(&shown, layer->media_type, strlen(layer->media_type), 90);
	(void)rfa_fail(err, RFA_EUNSUPPORTED, "registry",
		       "layer %s is of the type \"%s\", which no engine loads", layer->digest,
		       rfa_buf_str(&shown));
	rfa_buf_release(&shown);
	return -RFA_EUNSUPPORTED;
}

/* The segment as a piece. */
static int add_piece(struct rfa_registry_archive *out, const struct shelf *s,
		     const struct rfa_archive_segment *segment, struct rfa_error *err)
{
	struct rfa_host_piece *piece = &out->pieces[out->n];
	size_t i = 0;

	piece->size = segment->size;
	if (!segment->saved) {
		piece->text = rfa_buf_str(&out->archive.frame) + segment->offset;
		out->n++;
		return 0;
	}
	while (i < s->n && s->entries[i].offset != segment->offset)
		i++;
	if (i == s->n || s->entries[i].size != segment->size)
		return rfa_fail(err, RFA_EINTERNAL, "registry", "a layer has no place");
	out->from[out->n++] = s->from[i];
	piece->digest = s->images[s->from[i].image].layers[s->from[i].layer].digest;
	return check_type(out, &s->images[s->from[i].image].layers[s->from[i].layer], err);
}

int rfa_registry_archive_make(struct rfa_registry_archive *out,
			      const struct rfa_registry_image images[], const json_t *request,
			      struct rfa_error *err)
{
	struct shelf s = { .images = images,
			   .n_images = json_array_size(json_object_get(request, "images")) };
	size_t i;
	int rc = alloc(&s, err);

	memset(out, 0, sizeof(*out));
	for (i = 0; rc == 0 && i < s.n_images; i++)
		rc = put_image(&s, i, err);
	if (rc == 0)
		rc = rfa_archive_write(&out->archive, s.saved, request, err);
	if (rc == 0) {
		out->pieces = calloc(out->archive.n + 1, sizeof(*out->pieces));
		out->from = calloc(out->archive.n + 1, sizeof(*out->from));
		rc = out->pieces && out->from ? 0 : rfa_fail_nomem(err);
	}
	for (i = 0; rc == 0 && i < out->archive.n; i++)
		rc = add_piece(out, &s, &out->archive.segments[i], err);
	release(&s);
	return rc;
}

void rfa_registry_archive_release(struct rfa_registry_archive *archive)
{
	rfa_archive_release(&archive->archive);
	free(archive->pieces);
	free(archive->from);
	archive->pieces = NULL;
	archive->from = NULL;
	archive->n = 0;
}
