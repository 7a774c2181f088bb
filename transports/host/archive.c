/*
 * An image archive that every engine loads, composed from what `docker save` wrote.
 *
 * The form is a hybrid: an OCI layout (oci-layout, index.json, blobs), which the containerd store
 * reads, and manifest.json, which the classic store reads. The layers that are left out stay named
 * in both; an engine that has them looks no further.
 */
#include "transports/host/archive.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"

#define IMAGES_MAX 256u
#define FRAME_MAX (64u << 20)

#define LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
struct making {
	struct rfa_archive *out;
	const json_t *omit;
	json_t *written;  /* object: digest → true, of all blobs written */
	json_t *left_out; /* the same of the layers that were not */
	const struct rfa_saved_image *images;
	char (*names)[256]; /* owned; "repository:tag" */
	size_t n;
};

/* Adds a segment; it grows the last one if it continues that. */
static int segment(struct rfa_archive *a, int saved, uint64_t offset, uint64_t size,
		   struct rfa_error *err)
{
	struct rfa_archive_segment *last = a->n ? &a->segments[a->n - 1] : NULL;

	a->bytes += size;
	if (last && last->saved == saved && last->offset + last->size == offset) {
		last->size += size;
		return 0;
	}
	if (a->n == a->cap) {
		size_t cap = a->cap ? 2 * a->cap : 64;
		struct rfa_archive_segment *grown = realloc(a->segments, cap * sizeof(*grown));

		if (!grown)
			return rfa_fail_nomem(err);
		a->segments = grown;
		a->cap = cap;
	}
	a->segments[a->n++] = (struct rfa_archive_segment){ saved, offset, size };
	return 0;
}

/* Makes a segment of what was appended to the frame since it had `from` bytes. */
static int framed(struct rfa_archive *a, size_t from, struct rfa_error *err)
{
	int rc = rfa_buf_check(&a->frame, err);

	return rc == 0 && a->frame.len > from ? segment(a, 0, from, a->frame.len - from, err) : rc;
}

static int add_text(struct rfa_archive *a, const char *name, const char *text, size_t len,
		    struct rfa_error *err)
{
	size_t from = a->frame.len;
	int rc = rfa_tar_header(&a->frame, name, '0', len, err);

	if (rc == 0) {
		(void)rfa_buf_add(&a->frame, text, len);
		(void)rfa_tar_padding(&a->frame, len);
		rc = framed(a, from, err);
	}
	return rc;
}

static int add_saved(struct rfa_archive *a, const char *name, const struct rfa_tar_entry *entry,
		     struct rfa_error *err)
{
	size_t from = a->frame.len;
	int rc = rfa_tar_header(&a->frame, name, '0', entry->size, err);

	if (rc == 0)
		rc = framed(a, from, err);
	if (rc == 0 && entry->size)
		rc = segment(a, 1, entry->offset, entry->size, err);
	from = a->frame.len;
	(void)rfa_tar_padding(&a->frame, entry->size);
	return rc == 0 ? framed(a, from, err) : rc;
}

/* 1 if the digest is in the set now for the first time; -1: no memory. */
static int first_time(json_t *set, const char *digest)
{
	if (json_object_get(set, digest))
		return 0;
	return json_object_set_new(set, digest, json_true()) ? -1 : 1;
}

/* A blob, written once. `text` is its content if it is ours. */
static int add_blob(struct making *m, const char *digest, const struct rfa_tar_entry *entry,
		    const struct rfa_buf *text, struct rfa_error *err)
{
	int first = first_time(m->written, digest);
	char name[96];

	if (first <= 0)
		return first < 0 ? rfa_fail_nomem(err) : 0;
	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	return entry ? add_saved(m->out, name, entry, err)
		     : add_text(m->out, name, rfa_buf_str(text), text->len, err);
}

static int add_layer(struct making *m, const struct rfa_saved_layer *layer, struct rfa_error *err)
{
	int known, rc;

	if (rfa_facts_has_text(m->omit, layer->diff_id)) {
		known = first_time(m->left_out, layer->diff_id);
		m->out->omitted += known > 0;
		return known < 0 ? rfa_fail_nomem(err) : 0;
	}
	if (!layer->entry)
		return rfa_fail(err, RFA_ECORRUPT, "docker", "layer %s was not saved",
				layer->digest);
	known = json_object_get(m->written, layer->digest) != NULL;
	rc = add_blob(m, layer->digest, layer->entry, NULL, err);
	m->out->layers += !known;
	return rc;
}

static int add_image(struct making *m, const struct rfa_saved_image *image, struct rfa_error *err)
{
	size_t i;
	int rc = add_blob(m, image->config_digest, image->config, &image->config_made, err);

	if (rc == 0)
		rc = add_blob(m, image->manifest_digest, image->manifest, &image->made, err);
	for (i = 0; rc == 0 && i < image->n; i++)
		rc = add_layer(m, &image->layers[i], err);
	return rc;
}

static int index_json(const struct making *m, struct rfa_buf *out, struct rfa_error *err)
{
	json_t *manifests = json_array(), *index;
	size_t i;
	int rc = 0;

	for (i = 0; i < m->n && rc == 0; i++) {
		const struct rfa_saved_image *image = &m->images[i];

		if (json_array_append_new(
			manifests, json_pack("{s:s, s:s, s:I, s:{s:s, s:s}}", "mediaType",
					     image->manifest_type, "digest", image->manifest_digest,
					     "size", (json_int_t)image->manifest_size,
					     "annotations", "io.containerd.image.name", m->names[i],
					     "org.opencontainers.image.ref.name",
					     strrchr(m->names[i], ':') + 1)))
			rc = rfa_fail_nomem(err);
	}
	index = json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType",
			  "application/vnd.oci.image.index.v1+json", "manifests", manifests);
	if (rc == 0)
		rc = index ? rfa_facts_encode(index, out, err) : rfa_fail_nomem(err);
	json_decref(index);
	return rc;
}

static int manifest_json(const struct making *m, struct rfa_buf *out, struct rfa_error *err)
{
	json_t *rows = json_array(), *layers;
	char path[96];
	size_t i, k;
	int rc = rows ? 0 : rfa_fail_nomem(err);

	for (i = 0; i < m->n && rc == 0; i++) {
		const struct rfa_saved_image *image = &m->images[i];

		layers = json_array();
		for (k = 0; k < image->n && rc == 0; k++) {
			(void)snprintf(path, sizeof(path), "blobs/sha256/%s",
				       image->layers[k].digest + 7);
			if (json_array_append_new(layers, json_string(path)))
				rc = rfa_fail_nomem(err);
		}
		(void)snprintf(path, sizeof(path), "blobs/sha256/%s", image->config_digest + 7);
		if (json_array_append_new(rows,
					  json_pack("{s:s, s:[s], s:o}", "Config", path, "RepoTags",
						    m->names[i], "Layers", layers)))
			rc = rfa_fail_nomem(err);
	}
	if (rc == 0)
		rc = rfa_facts_encode(rows, out, err);
	json_decref(rows);
	return rc;
}

/*
 * The containerd store lists an image only under a name that begins with a domain
 * (distribution/reference); no domain is made up for one that has none.
 */
static int has_domain(const char *name)
{
	const char *slash = strchr(name, '/');
	size_t first = slash ? (size_t)(slash - name) : 0;

	return slash && (memchr(name, '.', first) || memchr(name, ':', first) ||
			 (first == 9 && memcmp(name, "localhost", 9) == 0));
}

/* A name is a repository and a tag; without one, "latest" is meant. Digests name no tag. */
static int take_name(const char *name, char out[256], struct rfa_error *err)
{
	struct rfa_imageref ref;

	if (!rfa_imageref_parse(&ref, name) || !has_domain(ref.name) || *ref.digest ||
	    snprintf(out, 256, "%s:%s", ref.name, *ref.tag ? ref.tag : "latest") >= 256)
		return rfa_fail(err, RFA_EINTERNAL, "docker",
				"an image to save is named domain/repository:tag, not '%s'", name);
	return 0;
}

/* The images of a request, or how many there are; INTERNAL: none, or too many. */
static int count(const json_t *request, size_t *n, struct rfa_error *err)
{
	*n = json_array_size(json_object_get(request, "images"));
	if (*n == 0 || *n > IMAGES_MAX)
		return rfa_fail(err, RFA_EINTERNAL, "docker",
				"no images to save, or too many (%zu)", *n);
	return 0;
}

static int take_names(struct making *m, const json_t *request, struct rfa_error *err)
{
	const json_t *list = json_object_get(request, "images");
	size_t n, i;
	int rc = count(request, &n, err);

	if (rc == 0 && !(m->names = calloc(n, sizeof(*m->names))))
		rc = rfa_fail_nomem(err);
	for (i = 0; i < n && rc == 0; i++)
		rc =
		    take_name(rfa_facts_str(json_array_get(list, i), "name", ""), m->names[i], err);
	m->n = n;
	return rc;
}

static int write_all(struct making *m, struct rfa_error *err)
{
	static const char zeros[2 * RFA_TAR_BLOCK];
	struct rfa_archive *a = m->out;
	struct rfa_buf text = RFA_BUF_INIT(FRAME_MAX);
	size_t from = a->frame.len, i;
	int rc = rfa_tar_header(&a->frame, "blobs/", '5', 0, err);

	if (rc == 0)
		rc = rfa_tar_header(&a->frame, "blobs/sha256/", '5', 0, err);
	if (rc == 0)
		rc = framed(a, from, err);
	if (rc == 0)
		rc = add_text(a, "oci-layout", LAYOUT, sizeof(LAYOUT) - 1, err);
	if (rc == 0)
		rc = index_json(m, &text, err);
	if (rc == 0)
		rc = add_text(a, "index.json", rfa_buf_str(&text), text.len, err);
	for (i = 0; i < m->n && rc == 0; i++)
		rc = add_image(m, &m->images[i], err);
	rfa_buf_clear(&text);
	if (rc == 0)
		rc = manifest_json(m, &text, err);
	if (rc == 0)
		rc = add_text(a, "manifest.json", rfa_buf_str(&text), text.len, err);
	from = a->frame.len;
	(void)rfa_buf_add(&a->frame, zeros, sizeof(zeros));
	if (rc == 0)
		rc = framed(a, from, err);
	rfa_buf_release(&text);
	return rc;
}

int rfa_archive_write(struct rfa_archive *out, const struct rfa_saved_image images[],
		      const json_t *request, struct rfa_error *err)
{
	struct making m = { .out = out, .images = images };
	int rc;

	memset(out, 0, sizeof(*out));
	out->frame = (struct rfa_buf)RFA_BUF_INIT(FRAME_MAX);
	m.omit = json_object_get(request, "omit");
	m.written = json_object();
	m.left_out = json_object();
	rc = m.written && m.left_out ? take_names(&m, request, err) : rfa_fail_nomem(err);
	if (rc == 0)
		rc = write_all(&m, err);
	free(m.names);
	json_decref(m.written);
	json_decref(m.left_out);
	return rc;
}

int rfa_archive_compose(struct rfa_archive *out, const struct rfa_archive_source *source,
			const json_t *request, struct rfa_error *err)
{
	const json_t *list = json_object_get(request, "images");
	struct rfa_saved_image *images = NULL;
	size_t n, found = 0;
	int rc = count(request, &n, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0 && !(images = calloc(n, sizeof(*images))))
		rc = rfa_fail_nomem(err);
	while (found < n && rc == 0) {
		const json_t *row = json_array_get(list, found);

		rc = rfa_saved_find(&images[found++], source, rfa_facts_str(row, "id", ""), err);
	}
	if (rc == 0)
		rc = rfa_archive_write(out, images, request, err);
	while (found)
		rfa_saved_release(&images[--found]);
	free(images);
	return rc;
}

void rfa_archive_release(struct rfa_archive *archive)
{
	rfa_buf_release(&archive->frame);
	free(archive->segments);
	archive->segments = NULL;
	archive->n = archive->cap = 0;
}
