/* Images of registries in the words of hosts. */
#include "transports/host/registry_image.h"

#include <string.h>

#include "fsm/base/facts.h"

/* What came from elsewhere, as an error shows it. */
#define SHOWN_MAX 120

static int wrong(const char *text, const char *what, struct rfa_error *err)
{
	struct rfa_buf shown = RFA_BUF_INIT(1024);

	(void)rfa_buf_put_printable(&shown, text, strlen(text), SHOWN_MAX);
	(void)rfa_fail(err, RFA_ECONFIG, "registry", "\"%s\" is no %s", rfa_buf_str(&shown), what);
	rfa_buf_release(&shown);
	return -RFA_ECONFIG;
}

int rfa_registry_name_of(struct rfa_registry_name *out, const char *ref, struct rfa_error *err)
{
	struct rfa_imageref parsed;

	memset(out, 0, sizeof(*out));
	if (!rfa_imageref_parse(&parsed, ref) || !rfa_imageref_place(&out->place, &parsed))
		return wrong(ref, "name of an image in a registry", err);
	out->by_digest = *parsed.digest != '\0';
	(void)snprintf(out->reference, sizeof(out->reference), "%s",
		       *parsed.digest ? parsed.digest
		       : *parsed.tag  ? parsed.tag
				      : "latest");
	return 0;
}

/* Takes a word up to the next slash, or to the end. 1 if it fits, and is one. */
static int word(const char **at, char *out, size_t size)
{
	size_t n = strcspn(*at, "/");

	if (!n || n >= size)
		return 0;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n + ((*at)[n] == '/');
	return 1;
}

int rfa_registry_platform_of(struct rfa_registry_platform *out, const char *text,
			     struct rfa_error *err)
{
	const char *at = text;

	memset(out, 0, sizeof(*out));
	if (!word(&at, out->os, sizeof(out->os)) ||
	    !word(&at, out->architecture, sizeof(out->architecture)) ||
	    (*at && !word(&at, out->variant, sizeof(out->variant))) || *at)
		return wrong(text, "platform (such as linux/amd64)", err);
	return 0;
}

static json_t *layers_of(const struct rfa_registry_image *image)
{
	json_t *layers = json_array();
	size_t i;

	for (i = 0; layers && i < image->n; i++) {
		const struct rfa_registry_layer *layer = &image->layers[i];

		if (json_array_append_new(
			layers, json_pack("{s:s, s:s, s:I, s:s}", "digest", layer->digest,
					  "diff_id", layer->diff_id, "size",
					  (json_int_t)layer->size, "type", layer->media_type))) {
			json_decref(layers);
			layers = NULL;
		}
	}
	return layers;
}

/* What `docker inspect` would show of it. */
static json_t *inspect_of(const struct rfa_registry_image *image, json_t *config)
{
	const char *variant = rfa_facts_str(config, "variant", "");
	json_t *ran = json_object_get(config, "config");
	json_t *diffs = rfa_facts_at(config, "rootfs/diff_ids");

	return json_pack("{s:s, s:s, s:s, s:s*, s:o, s:{s:s, s:O?}, s:I}", "Id", image->config,
			 "Os", rfa_facts_str(config, "os", ""), "Architecture",
			 rfa_facts_str(config, "architecture", ""), "Variant",
			 *variant ? variant : NULL, "Config",
			 json_is_object(ran) ? json_incref(ran) : json_object(), "RootFS", "Type",
			 "layers", "Layers", diffs, "Size", (json_int_t)image->layer_bytes);
}

int rfa_registry_image_json(const struct rfa_registry_image *image, json_t **out,
			    struct rfa_error *err)
{
	json_t *config = NULL, *made;
	int rc = rfa_facts_parse(&config, rfa_buf_str(&image->config_doc), image->config_doc.len,
				 "the configuration of an image", err);

	if (rc)
		return rc;
	made = json_pack("{s:s*, s:s, s:I, s:o, s:o}", "index", *image->index ? image->index : NULL,
			 "manifest", image->manifest, "bytes",
			 (json_int_t)(image->layer_bytes + image->config_doc.len), "layers",
			 layers_of(image), "image", inspect_of(image, config));
	json_decref(config);
	if (!made)
		return rfa_fail_nomem(err);
	*out = made;
	return 0;
}
