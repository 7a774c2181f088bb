/* The documents of a registry, read without I/O. */
#include "transports/registry/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsm/base/facts.h"
#include "transports/registry/inside.h"
#include "transports/registry/platform.h"

#define DOCKER "application/vnd.docker."
#define OCI "application/vnd.oci.image."
#define DOCKER_INDEX DOCKER "distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST DOCKER "distribution.manifest.v2+json"
#define OCI_INDEX OCI "index.v1+json"
#define OCI_MANIFEST OCI "manifest.v1+json"

enum { LAYERS_MAX = 1000 };

const char rfa_manifest_accept[] =
    "Accept: " OCI_INDEX ", " DOCKER_INDEX ", " OCI_MANIFEST ", " DOCKER_MANIFEST;

static int nonsense(struct rfa_error *err, const char *text)
{
	return rfa_fail(err, RFA_EPROTOCOL, "registry", "%s", text);
}

static int is_one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(text, *list))
			return 1;
	return 0;
}

enum kind { NOTHING, INDEX, MANIFEST, OLD, OTHER };

static enum kind kind_of_type(const char *type)
{
	static const char *const indexes[] = { DOCKER_INDEX, OCI_INDEX, NULL };
	static const char *const manifests[] = { DOCKER_MANIFEST, OCI_MANIFEST, NULL };
	static const char *const nothing[] = { "", "application/json", "application/octet-stream",
					       "text/plain", NULL };

	if (is_one_of(type, indexes))
		return INDEX;
	if (is_one_of(type, manifests))
		return MANIFEST;
	if (is_one_of(type, nothing))
		return NOTHING;
	return strncmp(type, DOCKER "distribution.manifest.v1+", 45) ? OTHER : OLD;
}

/* A media type without its parameters, in small letters. */
static void take_type(char out[96], const char *text)
{
	size_t len = strcspn(text, "; \t");
	size_t i;

	snprintf(out, 96, "%.*s", (int)(len < 95 ? len : 95), text);
	for (i = 0; out[i]; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
}

int rfa_manifest_kind(const json_t *doc, const char *content_type, int *is_index, char type[96],
		      struct rfa_error *err)
{
	int has_entries = json_is_array(json_object_get(doc, "manifests"));
	int has_layers = json_is_array(json_object_get(doc, "layers"));
	char own[96];
	enum kind said, told;

	take_type(own, rfa_facts_str(doc, "mediaType", ""));
	take_type(type, content_type);
	said = kind_of_type(own);
	told = kind_of_type(type);
	if (said == OLD || told == OLD || rfa_facts_int(doc, "schemaVersion", 2) == 1) {
		rfa_fail(err, RFA_EUNSUPPORTED, "registry",
			 "its manifest has the format of before 2016 (schema 1)");
		return rfa_error_hint(err, "push the image again with a newer Docker");
	}
	if (said == OTHER || told == OTHER)
		return rfa_fail(err, RFA_EUNSUPPORTED, "registry",
				"it is no image, but of the type %s",
				RFA_SHOWN(said == OTHER ? own : type));
	/* One document that can be read in two ways is an attack (CVE-2021-41190). */
	if (said != NOTHING && told != NOTHING && said != told)
		return nonsense(err, "its manifest says that it is another kind than the registry "
				     "says");
	if (has_entries == has_layers)
		return nonsense(err, "its manifest has neither layers nor entries, or both");
	if (said == NOTHING)
		said = told != NOTHING ? told : has_entries ? INDEX : MANIFEST;
	if (has_entries != (said == INDEX))
		return nonsense(err, "its manifest is of another kind than it says");
	*is_index = said == INDEX;
	if (*own)
		memcpy(type, own, sizeof(own));
	else if (told == NOTHING)
		snprintf(type, 96, "%s", *is_index ? OCI_INDEX : OCI_MANIFEST);
	return 0;
}

static int take_descriptor(const json_t *from, struct rfa_registry_descriptor *out,
			   struct rfa_error *err)
{
	const char *digest = rfa_facts_str(from, "digest", "");
	int64_t size = rfa_facts_int(from, "size", -1);

	take_type(out->media_type, rfa_facts_str(from, "mediaType", ""));
	if (!rfa_registry_is_digest(digest)) {
		if (!strncmp(digest, "sha512:", 7))
			return rfa_fail(err, RFA_EUNSUPPORTED, "registry",
					"its digests are SHA-512; rfa reads SHA-256");
		return nonsense(err, "its manifest has an entry without a digest");
	}
	if (size < 0)
		return nonsense(err, "its manifest has an entry without a size");
	memcpy(out->digest, digest, RFA_REGISTRY_DIGEST);
	out->size = (uint64_t)size;
	return 0;
}

/* The platform of an entry of an index; 0: it is none of an image (attestations have none). */
static int take_platform(const json_t *entry, struct rfa_registry_platform *out)
{
	const char *os = rfa_facts_str(entry, "platform/os", "");
	const char *architecture = rfa_facts_str(entry, "platform/architecture", "");
	char type[96];

	take_type(type, rfa_facts_str(entry, "mediaType", ""));
	if (!*os || !*architecture || !strcmp(os, "unknown") ||
	    (kind_of_type(type) != MANIFEST && kind_of_type(type) != NOTHING))
		return 0;
	rfa_platform_set(out, os, architecture, rfa_facts_str(entry, "platform/variant", ""));
	return 1;
}

static void list_platforms(const json_t *entries, struct rfa_buf *out)
{
	struct rfa_registry_platform one;
	const json_t *entry;
	size_t i;

	json_array_foreach (entries, i, entry) {
		if (!take_platform(entry, &one))
			continue;
		if (out->len > 200) {
			(void)rfa_buf_puts(out, ", …");
			break;
		}
		(void)rfa_buf_puts(out, out->len ? ", " : "");
		rfa_platform_put(out, &one);
	}
}

static int not_offered(const struct rfa_registry_platform *wants, const char *has,
		       struct rfa_error *err)
{
	struct rfa_buf name = RFA_BUF_INIT(512);

	rfa_platform_put(&name, wants);
	rfa_fail(err, RFA_EUNSUPPORTED, "registry", "there is no image for %s, only for %s",
		 rfa_buf_str(&name), *has ? has : "nothing that rfa knows");
	rfa_error_hint(err, "build and push it for %s, too", rfa_buf_str(&name));
	rfa_buf_release(&name);
	return -(int)RFA_EUNSUPPORTED;
}

int rfa_manifest_choose(const json_t *index, const struct rfa_registry_platform *wants,
			struct rfa_registry_descriptor *out, struct rfa_error *err)
{
	const json_t *entries = json_object_get(index, "manifests");
	struct rfa_buf has = RFA_BUF_INIT(512);
	struct rfa_registry_platform one;
	const json_t *entry, *best = NULL;
	int rank = 0;
	size_t i;
	int rc;

	json_array_foreach (entries, i, entry) {
		int its = take_platform(entry, &one) ? rfa_platform_rank(wants, &one) : 0;

		if (its > rank) {
			rank = its;
			best = entry;
		}
	}
	if (best)
		return take_descriptor(best, out, err);
	list_platforms(entries, &has);
	rc = not_offered(wants, rfa_buf_str(&has), err);
	rfa_buf_release(&has);
	return rc;
}

static int is_layer(const char *type)
{
	static const char *const known[] = { DOCKER "image.rootfs.diff.tar.gzip",
					     DOCKER "image.rootfs.diff.tar",
					     DOCKER "image.rootfs.diff.tar.zstd",
					     OCI "layer.v1.tar",
					     OCI "layer.v1.tar+gzip",
					     OCI "layer.v1.tar+zstd",
					     NULL };

	return is_one_of(type, known);
}

static int take_layer(const json_t *from, struct rfa_registry_image *image, struct rfa_error *err)
{
	struct rfa_registry_layer *layer = &image->layers[image->n];
	struct rfa_registry_descriptor one;
	int rc = take_descriptor(from, &one, err);

	if (rc)
		return rc;
	if (!is_layer(one.media_type))
		return rfa_fail(err, RFA_EUNSUPPORTED, "registry",
				"it has a layer of the type %s, which rfa cannot bring",
				RFA_SHOWN(one.media_type));
	if (one.size > INT64_MAX - image->layer_bytes)
		return nonsense(err, "its layers have more bytes than there are");
	memcpy(layer->digest, one.digest, sizeof(layer->digest));
	memcpy(layer->media_type, one.media_type, sizeof(layer->media_type));
	layer->size = one.size;
	image->layer_bytes += one.size;
	image->n++;
	return 0;
}

int rfa_manifest_read(const json_t *manifest, struct rfa_registry_image *image,
		      struct rfa_registry_descriptor *config, struct rfa_error *err)
{
	static const char *const configs[] = { DOCKER "container.image.v1+json",
					       OCI "config.v1+json", NULL };
	const json_t *layers = json_object_get(manifest, "layers");
	const json_t *one;
	size_t i;
	int rc = take_descriptor(json_object_get(manifest, "config"), config, err);

	if (rc)
		return rc;
	if (!is_one_of(config->media_type, configs))
		return rfa_fail(err, RFA_EUNSUPPORTED, "registry",
				"it is no image of containers, but of the type %s",
				RFA_SHOWN(config->media_type));
	if (config->size > RFA_REGISTRY_DOCUMENT_MAX)
		return rfa_fail(err, RFA_ETOOBIG, "registry",
				"its configuration is said to have %llu bytes; rfa reads %zu",
				(unsigned long long)config->size, RFA_REGISTRY_DOCUMENT_MAX);
	if (json_array_size(layers) > LAYERS_MAX)
		return nonsense(err, "it has more than 1000 layers");
	memcpy(image->config, config->digest, sizeof(image->config));
	image->layers = calloc(json_array_size(layers) + 1, sizeof(*image->layers));
	if (!image->layers)
		return rfa_fail_nomem(err);
	json_array_foreach (layers, i, one) {
		rc = take_layer(one, image, err);
		if (rc)
			return rc;
	}
	return 0;
}

int rfa_manifest_configure(const json_t *config, const struct rfa_registry_platform *wants,
			   struct rfa_registry_image *image, struct rfa_error *err)
{
	const json_t *ids = rfa_facts_at(config, "rootfs/diff_ids");
	struct rfa_buf has = RFA_BUF_INIT(512);
	size_t i;
	int rc = 0;

	rfa_platform_set(&image->platform, rfa_facts_str(config, "os", ""),
			 rfa_facts_str(config, "architecture", ""),
			 rfa_facts_str(config, "variant", ""));
	if (!rfa_platform_rank(wants, &image->platform)) {
		rfa_platform_put(&has, &image->platform);
		rc = not_offered(wants, rfa_buf_str(&has), err);
		rfa_buf_release(&has);
		return rc;
	}
	if (json_array_size(ids) != image->n)
		return rfa_fail(err, RFA_EPROTOCOL, "registry",
				"its manifest has %zu layers, its configuration %zu", image->n,
				json_array_size(ids));
	for (i = 0; i < image->n; i++) {
		const char *id = json_string_value(json_array_get(ids, i));

		if (!id || !rfa_registry_is_digest(id))
			return nonsense(err, "its configuration has a layer without a digest");
		memcpy(image->layers[i].diff_id, id, RFA_REGISTRY_DIGEST);
	}
	return 0;
}
