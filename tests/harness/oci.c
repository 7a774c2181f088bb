/* Images for registries. */
#include "tests/harness/oci.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "fsm/base/buf.h"
#include "fsm/base/digest.h"

void oci_blob_set(struct oci_blob *blob, const char *type, const void *data, size_t len)
{
	free(blob->data);
	blob->data = malloc(len + 1);
	assert_non_null(blob->data);
	memcpy(blob->data, data, len);
	blob->data[len] = '\0';
	blob->len = len;
	snprintf(blob->type, sizeof(blob->type), "%s", type);
	snprintf(blob->digest, sizeof(blob->digest), "sha256:");
	rfa_digest_of(RFA_SHA256, data, len, blob->digest + 7);
}

static void set_text(struct oci_blob *blob, const char *type, struct rfa_buf *text)
{
	assert_false(text->failed);
	oci_blob_set(blob, type, text->data, text->len);
	rfa_buf_release(text);
}

static void put_descriptor(struct rfa_buf *out, const struct oci_blob *blob, const char *more)
{
	rfa_buf_printf(out, "{\"mediaType\":\"%s\",\"size\":%zu,\"digest\":\"%s\"%s}", blob->type,
		       blob->len, blob->digest, more);
}

static void little(unsigned char *at, size_t bytes, unsigned long n)
{
	for (; bytes; bytes--, n >>= 8)
		*at++ = (unsigned char)n;
}

/* A gzip file of `len` bytes in all: what is in it is stored as it is (RFC 1951, 3.2.4). */
static void make_layer(struct oci_blob *layer, const char *type, size_t len, uint64_t seed,
		       char diff_id[72])
{
	static const unsigned char head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
	const size_t blocks = (len - 18) / (65535 + 5) + 1, in = len - 18 - 5 * blocks;
	unsigned char *data = malloc(in), *out = malloc(len), *at = out;
	size_t i, n;

	assert_non_null(data);
	assert_non_null(out);
	for (i = 0; i < in; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		data[i] = (unsigned char)(seed >> 56);
	}
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	for (i = 0; i < in; i += n) {
		n = in - i < 65535 ? in - i : 65535;
		*at++ = i + n == in;
		little(at, 2, n);
		little(at + 2, 2, ~n);
		memcpy(at + 4, data + i, n);
		at += 4 + n;
	}
	little(at, 4, crc32(0, data, (unsigned)in));
	little(at + 4, 4, in);
	assert_int_equal(at + 8 - out, len);
	oci_blob_set(layer, type, out, len);
	memcpy(diff_id, "sha256:", 7);
	rfa_digest_of(RFA_SHA256, data, in, diff_id + 7);
	free(data);
	free(out);
}

void oci_image_make(struct oci_image *image, const char *architecture, const char *variant,
		    size_t layer_bytes, int docker)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	size_t i;

	memset(image, 0, sizeof(*image));
	snprintf(image->architecture, sizeof(image->architecture), "%s", architecture);
	snprintf(image->variant, sizeof(image->variant), "%s", variant);
	rfa_buf_printf(&text, "{\"os\":\"linux\",\"architecture\":\"%s\"", architecture);
	if (*variant)
		rfa_buf_printf(&text, ",\"variant\":\"%s\"", variant);
	rfa_buf_puts(&text, ",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (i = 0; i < OCI_LAYERS; i++) {
		make_layer(&image->layers[i],
			   docker ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
				  : "application/vnd.oci.image.layer.v1.tar+gzip",
			   layer_bytes + i, i + (unsigned char)architecture[0], image->diff_ids[i]);
		rfa_buf_printf(&text, "%s\"%s\"", i ? "," : "", image->diff_ids[i]);
	}
	rfa_buf_puts(&text, "]}}");
	set_text(&image->config,
		 docker ? "application/vnd.docker.container.image.v1+json"
			: "application/vnd.oci.image.config.v1+json",
		 &text);
	rfa_buf_printf(&text, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":",
		       docker ? "application/vnd.docker.distribution.manifest.v2+json"
			      : "application/vnd.oci.image.manifest.v1+json");
	put_descriptor(&text, &image->config, "");
	rfa_buf_puts(&text, ",\"layers\":[");
	for (i = 0; i < OCI_LAYERS; i++) {
		rfa_buf_puts(&text, i ? "," : "");
		put_descriptor(&text, &image->layers[i], "");
	}
	rfa_buf_puts(&text, "]}");
	set_text(&image->manifest,
		 docker ? "application/vnd.docker.distribution.manifest.v2+json"
			: "application/vnd.oci.image.manifest.v1+json",
		 &text);
}

void oci_index_make(struct oci_blob *index, const struct oci_image *images, size_t n, int docker)
{
	const char *type = docker ? "application/vnd.docker.distribution.manifest.list.v2+json"
				  : "application/vnd.oci.image.index.v1+json";
	struct rfa_buf text = RFA_BUF_INIT(65536);
	char platform[128];
	size_t i;

	rfa_buf_printf(&text, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[", type);
	for (i = 0; i < n; i++) {
		snprintf(platform, sizeof(platform),
			 ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"%s%s%s}",
			 images[i].architecture, *images[i].variant ? ",\"variant\":\"" : "",
			 images[i].variant, *images[i].variant ? "\"" : "");
		put_descriptor(&text, &images[i].manifest, platform);
		rfa_buf_puts(&text, ",");
	}
	put_descriptor(&text, &images[0].manifest,
		       ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}");
	rfa_buf_puts(&text, "]}");
	set_text(index, type, &text);
}

void oci_image_release(struct oci_image *image)
{
	size_t i;

	for (i = 0; i < OCI_LAYERS; i++)
		free(image->layers[i].data);
	free(image->config.data);
	free(image->manifest.data);
	memset(image, 0, sizeof(*image));
}
