/*
 * Where an image is in what `docker save` wrote. Three forms are in the world:
 *
 * classic store, docker 25 on    index.json names a manifest made for the archive (of one image or
 * another, so it is made anew here), manifest.json
 * the config (whose digest is the image's id) and the layers, each a blob named by its diff id
 * containerd store               index.json names the image's own manifest or index (its digest is
 *                                the image's id), blobs are as they were pulled, mostly gzip'd
 * classic store, before 25       manifest.json only: <config>.json and <id>/layer.tar; a layer that
 *                                comes twice is a symlink
 *
 * The formats: OCI image-spec 1.1 (image-layout, manifest, image-index), moby's image spec 1.2.
 */
#include "transports/host/saved.h"

#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/facts.h"

#define JSON_MAX (8u << 20)
#define LAYERS_MAX 512u
#define NESTING_MAX 4

#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"

static int corrupt(const char *what, struct rfa_error *err)
{
	return rfa_fail(err, RFA_ECORRUPT, "docker", "the saved images make no sense: %s", what);
}

/* 1 for "sha256:" and 64 hexadecimal digits. */
static int is_digest(const char *text)
{
	return text && strncmp(text, "sha256:", 7) == 0 && strlen(text) == 71 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

static const struct rfa_tar_entry *blob(const struct rfa_archive_source *source, const char *digest)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	return rfa_tar_find(source->tar, name);
}

/* Content of a file in the saved archive, checked against `digest` unless that is NULL. */
static int read_json(const struct rfa_archive_source *source, const struct rfa_tar_entry *entry,
		     const char *digest, json_t **out, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(JSON_MAX);
	char hex[RFA_DIGEST_HEX];
	int rc;

	if (entry->size > JSON_MAX)
		return corrupt("a description is too long", err);
	rc = source->read(source->user, entry->offset, (size_t)entry->size, &text, err);
	if (rc == 0 && text.len != entry->size)
		rc = corrupt("a file is shorter than its header says", err);
	if (rc == 0 && digest) {
		rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, hex);
		if (strcmp(hex, digest + 7) != 0)
			rc = corrupt("a file's digest is not the one in its name", err);
	}
	if (rc == 0)
		rc = rfa_facts_parse(out, rfa_buf_str(&text), text.len, "a saved description", err);
	rfa_buf_release(&text);
	return rc;
}

static int file_json(const struct rfa_archive_source *source, const char *name, json_t **out,
		     struct rfa_error *err)
{
	const struct rfa_tar_entry *entry = rfa_tar_find(source->tar, name);

	*out = NULL;
	return entry ? read_json(source, entry, NULL, out, err) : 0;
}

static int is_index(const json_t *descriptor)
{
	const char *type = rfa_facts_str(descriptor, "mediaType", "");

	return strcmp(type, "application/vnd.oci.image.index.v1+json") == 0 ||
	       strcmp(type, "application/vnd.docker.distribution.manifest.list.v2+json") == 0;
}

/* Of the manifests in an index, the one for the host's platform whose blob is there. Borrowed. */
static const json_t *choose(const struct rfa_archive_source *source, const json_t *index)
{
	const json_t *other = NULL;
	json_t *m;
	size_t i;

	json_array_foreach (json_object_get(index, "manifests"), i, m) {
		const char *digest = rfa_facts_str(m, "digest", NULL);
		json_t *notes = json_object_get(m, "annotations");

		/* Attestations pose as images of an unknown platform. */
		if (!is_digest(digest) || !blob(source, digest) ||
		    json_object_get(notes, "vnd.docker.reference.type"))
			continue;
		if (strcmp(rfa_facts_str(m, "platform/os", ""), source->os) == 0 &&
		    strcmp(rfa_facts_str(m, "platform/architecture", ""), source->arch) == 0)
			return m;
		if (!other && !json_object_get(m, "platform"))
			other = m;
	}
	return other;
}

/* Copies digest and type of a descriptor of a manifest. */
static int keep_manifest(struct rfa_saved_image *out, const struct rfa_archive_source *source,
			 const json_t *descriptor, struct rfa_error *err)
{
	const char *digest = rfa_facts_str(descriptor, "digest", "");
	const char *type = rfa_facts_str(descriptor, "mediaType", TYPE_MANIFEST);

	if (!is_digest(digest) || strlen(type) >= sizeof(out->manifest_type))
		return corrupt("a manifest has no digest", err);
	out->manifest = blob(source, digest);
	if (!out->manifest)
		return corrupt("a manifest is missing", err);
	(void)snprintf(out->manifest_digest, sizeof(out->manifest_digest), "%s", digest);
	(void)snprintf(out->manifest_type, sizeof(out->manifest_type), "%s", type);
	out->manifest_size = out->manifest->size;
	return 0;
}

/* From an index.json entry to the manifest of our platform, through indexes within indexes. */
static int descend(struct rfa_saved_image *out, const struct rfa_archive_source *source,
		   const json_t *descriptor, struct rfa_error *err)
{
	json_t *index = NULL, *held = NULL;
	int depth, rc = 0;

	for (depth = 0; rc == 0 && is_index(descriptor); depth++) {
		const char *digest = rfa_facts_str(descriptor, "digest", "");
		const struct rfa_tar_entry *entry = is_digest(digest) ? blob(source, digest) : NULL;

		if (!entry || depth == NESTING_MAX) {
			rc = corrupt("an index is missing", err);
			break;
		}
		rc = read_json(source, entry, digest, &index, err);
		if (rc == 0)
			descriptor = choose(source, index);
		json_decref(held); /* the descriptor before lived in it */
		held = index;
		index = NULL;
		if (rc == 0 && !descriptor)
			rc = corrupt("no image for the host's platform", err);
	}
	if (rc == 0)
		rc = keep_manifest(out, source, descriptor, err);
	json_decref(held);
	return rc;
}

static int alloc_layers(struct rfa_saved_image *out, size_t n, struct rfa_error *err)
{
	if (n > LAYERS_MAX)
		return corrupt("an image has too many layers", err);
	out->layers = calloc(n ? n : 1, sizeof(*out->layers));
	if (!out->layers)
		return rfa_fail_nomem(err);
	out->n = n;
	return 0;
}

/* Config and layers, as the image's own manifest names them. */
static int by_manifest(struct rfa_saved_image *out, const struct rfa_archive_source *source,
		       const json_t *manifest, struct rfa_error *err)
{
	const json_t *layers = json_object_get(manifest, "layers");
	const char *config = rfa_facts_str(manifest, "config/digest", "");
	size_t i;
	int rc;

	if (!is_digest(config) || !json_is_array(layers))
		return corrupt("a manifest names no config or no layers", err);
	(void)snprintf(out->config_digest, sizeof(out->config_digest), "%s", config);
	out->config = blob(source, config);
	rc = alloc_layers(out, json_array_size(layers), err);
	for (i = 0; rc == 0 && i < out->n; i++) {
		const char *digest = rfa_facts_str(json_array_get(layers, i), "digest", "");

		if (!is_digest(digest))
			return corrupt("a manifest names a layer without digest", err);
		(void)snprintf(out->layers[i].digest, sizeof(out->layers[i].digest), "%s", digest);
		out->layers[i].entry = blob(source, digest);
	}
	return rc;
}

/* Layers by their path in manifest.json; their digests are the config's diff ids. */
static int by_paths(struct rfa_saved_image *out, const struct rfa_archive_source *source,
		    const json_t *row, struct rfa_error *err)
{
	const json_t *layers = json_object_get(row, "Layers");
	size_t i;
	int rc = alloc_layers(out, json_array_size(layers), err);

	for (i = 0; rc == 0 && i < out->n; i++) {
		const char *path = json_string_value(json_array_get(layers, i));

		if (!path)
			return corrupt("manifest.json names no layers", err);
		out->layers[i].entry = rfa_tar_find(source->tar, path);
	}
	return rc;
}

static int take_diff_ids(struct rfa_saved_image *out, const struct rfa_archive_source *source,
			 struct rfa_error *err)
{
	json_t *config = NULL, *ids;
	size_t i;
	int rc;

	if (!out->config)
		return corrupt("an image's config is missing", err);
	rc = read_json(source, out->config, out->config_digest, &config, err);
	ids = rfa_facts_at(config, "rootfs/diff_ids");
	if (rc == 0 && json_array_size(ids) != out->n)
		rc = corrupt("config and manifest name different numbers of layers", err);
	for (i = 0; rc == 0 && i < out->n; i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		if (!is_digest(id))
			rc = corrupt("a diff id is none", err);
		else
			(void)snprintf(out->layers[i].diff_id, sizeof(out->layers[i].diff_id), "%s",
				       id);
	}
	json_decref(config);
	return rc;
}

/* How long a layer is; -1: it was not saved, and its row does not say. */
static json_int_t layer_size(const struct rfa_saved_layer *layer, const json_t *row)
{
	const json_t *sources = json_object_get(row, "LayerSources");

	return layer->entry ? (json_int_t)layer->entry->size
			    : rfa_facts_int(json_object_get(sources, layer->diff_id), "size", -1);
}

/*
 * A manifest for an image that has none: its layers are plain tars named by their diff ids. It
 * names those as well that were left out where it was saved.
 */
static int make_manifest(struct rfa_saved_image *out, const json_t *row, struct rfa_error *err)
{
	json_t *layers = json_array(), *manifest = NULL;
	char hex[RFA_DIGEST_HEX];
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < out->n; i++) {
		struct rfa_saved_layer *layer = &out->layers[i];

		(void)snprintf(layer->digest, sizeof(layer->digest), "%s", layer->diff_id);
		if (layer_size(layer, row) < 0)
			rc = corrupt("a layer is missing", err);
		else if (json_array_append_new(
			     layers, json_pack("{s:s, s:s, s:I}", "mediaType", TYPE_LAYER, "digest",
					       layer->digest, "size", layer_size(layer, row))))
			rc = rfa_fail_nomem(err);
	}
	if (rc == 0) {
		manifest = json_pack("{s:i, s:s, s:{s:s, s:s, s:I}, s:O}", "schemaVersion", 2,
				     "mediaType", TYPE_MANIFEST, "config", "mediaType", TYPE_CONFIG,
				     "digest", out->config_digest, "size",
				     (json_int_t)out->config->size, "layers", layers);
		rc = manifest ? rfa_facts_encode(manifest, &out->made, err) : rfa_fail_nomem(err);
	}
	if (rc == 0) {
		rfa_digest_of(RFA_SHA256, rfa_buf_str(&out->made), out->made.len, hex);
		(void)snprintf(out->manifest_digest, sizeof(out->manifest_digest), "sha256:%s",
			       hex);
		(void)snprintf(out->manifest_type, sizeof(out->manifest_type), "%s", TYPE_MANIFEST);
		out->manifest_size = out->made.len;
	}
	json_decref(manifest);
	json_decref(layers);
	return rc;
}

/* The manifest.json row whose config has this digest. Borrowed; NULL: none. */
static const json_t *row_of(const json_t *rows, const char *id)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *path = rfa_facts_str(row, "Config", "");
		const char *base = strrchr(path, '/');

		base = base ? base + 1 : path;
		if (strncmp(base, id + 7, 64) == 0 &&
		    (base[64] == '\0' || strcmp(base + 64, ".json") == 0))
			return row;
	}
	return NULL;
}

static const json_t *named(const json_t *index, const char *id)
{
	json_t *m;
	size_t i;

	json_array_foreach (json_object_get(index, "manifests"), i, m)
		if (strcmp(rfa_facts_str(m, "digest", ""), id) == 0)
			return m;
	return NULL;
}

int rfa_saved_find(struct rfa_saved_image *out, const struct rfa_archive_source *source,
		   const char *id, struct rfa_error *err)
{
	json_t *index = NULL, *rows = NULL, *manifest = NULL;
	const json_t *descriptor, *row;
	int rc;

	memset(out, 0, sizeof(*out));
	out->made = (struct rfa_buf)RFA_BUF_INIT(JSON_MAX);
	if (!is_digest(id))
		return rfa_fail(err, RFA_EINTERNAL, "docker", "an image to save has no whole id");
	rc = file_json(source, "index.json", &index, err);
	if (rc == 0)
		rc = file_json(source, "manifest.json", &rows, err);
	if (rc != 0)
		goto done;
	descriptor = named(index, id);
	row = row_of(rows, id);
	if (descriptor) {
		rc = descend(out, source, descriptor, err);
		if (rc == 0)
			rc = read_json(source, out->manifest, out->manifest_digest, &manifest, err);
	} else if (!row) {
		rc = index || rows ? rfa_fail(err, RFA_ENOTFOUND, "docker",
					      "image %s is not among the saved ones", id)
				   : corrupt("neither index.json nor manifest.json is there", err);
	}
	if (rc != 0)
		goto done;
	/*
	 * What docker 25 on the classic store makes for an archive is not kept: of several images
	 * without a name its index lists any one, so the same request would give other bytes.
	 */
	if (manifest) {
		rc = by_manifest(out, source, manifest, err);
	} else {
		(void)snprintf(out->config_digest, sizeof(out->config_digest), "%s", id);
		out->config = rfa_tar_find(source->tar, rfa_facts_str(row, "Config", ""));
		rc = by_paths(out, source, row, err);
	}
	if (rc == 0)
		rc = take_diff_ids(out, source, err);
	if (rc == 0 && !manifest)
		rc = make_manifest(out, row, err);
done:
	json_decref(index);
	json_decref(rows);
	json_decref(manifest);
	return rc;
}

void rfa_saved_release(struct rfa_saved_image *image)
{
	rfa_buf_release(&image->made);
	rfa_buf_release(&image->config_made);
	free(image->layers);
	image->layers = NULL;
}
