/* Archives composed of what registries say, what engines say of a pull, and base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/base64.h"
#include "tests/harness/oci.h"
#include "transports/host/registry_archive.h"
#include "transports/host/registry_image.h"
#include "transports/host/remote_error.h"

/* An image as the client of registries tells it. */
static void told(struct rfa_registry_image *out, const struct oci_image *is, const char *type)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	snprintf(out->manifest, sizeof(out->manifest), "%s", is->manifest.digest);
	snprintf(out->manifest_type, sizeof(out->manifest_type), "%s", is->manifest.type);
	snprintf(out->config, sizeof(out->config), "%s", is->config.digest);
	out->manifest_doc = (struct rfa_buf)RFA_BUF_INIT(65536);
	out->config_doc = (struct rfa_buf)RFA_BUF_INIT(65536);
	assert_int_equal(rfa_buf_add(&out->manifest_doc, is->manifest.data, is->manifest.len), 0);
	assert_int_equal(rfa_buf_add(&out->config_doc, is->config.data, is->config.len), 0);
	out->layers = calloc(OCI_LAYERS, sizeof(*out->layers));
	assert_non_null(out->layers);
	for (out->n = i = 0; i < OCI_LAYERS; i++, out->n++) {
		struct rfa_registry_layer *layer = &out->layers[i];

		snprintf(layer->digest, sizeof(layer->digest), "%s", is->layers[i].digest);
		snprintf(layer->diff_id, sizeof(layer->diff_id), "%s", is->diff_ids[i]);
		snprintf(layer->media_type, sizeof(layer->media_type), "%s",
			 type ? type : is->layers[i].type);
		layer->size = is->layers[i].len;
		out->layer_bytes += layer->size;
	}
}

struct two {
	struct oci_image is[2];
	struct rfa_registry_image told[2];
};

/* The second image has the first one's lower layer, too. */
static void make(struct two *t, const char *type)
{
	size_t i;

	oci_image_make(&t->is[0], "amd64", "", 3000, 0);
	oci_image_make(&t->is[1], "arm64", "", 5000, 1);
	for (i = 0; i < 2; i++)
		told(&t->told[i], &t->is[i], type);
	t->told[1].layers[0] = t->told[0].layers[0];
}

static void release(struct two *t)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		oci_image_release(&t->is[i]);
		rfa_buf_release(&t->told[i].manifest_doc);
		rfa_buf_release(&t->told[i].config_doc);
		free(t->told[i].layers);
	}
}

static json_t *request(const char *omit)
{
	json_t *out = json_pack("{s:s, s:[{s:s},{s:s}], s:[]}", "name", "images", "images", "name",
				"localhost/rfa-pin:1", "name", "localhost/rfa-pin:2", "omit");

	assert_non_null(out);
	if (omit)
		json_array_append_new(json_object_get(out, "omit"), json_string(omit));
	return out;
}

/* The pieces are the archive, and each fetched one follows the header of a file of its name. */
static void check_pieces(const struct rfa_registry_archive *a, const struct two *t, size_t layers)
{
	uint64_t sum = 0;
	size_t i, fetched = 0;

	for (i = 0; i < a->n; i++) {
		const struct rfa_host_piece *piece = &a->pieces[i], *before;
		const struct rfa_registry_layer *layer;
		char name[100];

		sum += piece->size;
		if (piece->text)
			continue;
		fetched++;
		layer = &t->told[a->from[i].image].layers[a->from[i].layer];
		assert_string_equal(piece->digest, layer->digest);
		assert_int_equal(piece->size, layer->size);
		before = &a->pieces[i - 1];
		assert_non_null(before->text);
		assert_true(before->size >= 512 && (sum - piece->size) % 512 == 0);
		snprintf(name, sizeof(name), "blobs/sha256/%s", layer->digest + 7);
		assert_string_equal((const char *)before->text + before->size - 512, name);
	}
	assert_int_equal(sum, a->archive.bytes);
	assert_int_equal(sum % 512, 0);
	assert_int_equal(fetched, layers);
	assert_int_equal(a->archive.layers, layers);
}

static void what_is_ours(const struct rfa_registry_archive *a, struct rfa_buf *out)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->pieces[i].text)
			assert_int_equal(
			    rfa_buf_add(out, a->pieces[i].text, (size_t)a->pieces[i].size), 0);
}

static int holds(const struct rfa_buf *text, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i + len <= text->len; i++)
		if (!memcmp(text->data + i, data, len))
			return 1;
	return 0;
}

static void an_archive_is_of_two_images(void **state)
{
	struct two t;
	struct rfa_registry_archive a, again;
	struct rfa_buf one = RFA_BUF_INIT(1 << 20), two = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *asked = request(NULL);
	size_t i;

	(void)state;
	make(&t, NULL);
	assert_int_equal(rfa_registry_archive_make(&a, t.told, asked, &err), 0);
	check_pieces(&a, &t, 3);
	assert_int_equal(a.archive.omitted, 0);
	assert_false(a.zstd);
	what_is_ours(&a, &one);
	/* The registry's own documents, byte by byte: their digests stay. */
	for (i = 0; i < 2; i++) {
		assert_true(holds(&one, t.is[i].manifest.data, t.is[i].manifest.len));
		assert_true(holds(&one, t.is[i].config.data, t.is[i].config.len));
	}
	assert_true(holds(&one, t.is[1].manifest.type, strlen(t.is[1].manifest.type)));
	assert_int_equal(rfa_registry_archive_make(&again, t.told, asked, &err), 0);
	what_is_ours(&again, &two);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.data, two.data, one.len);
	rfa_registry_archive_release(&again);
	rfa_registry_archive_release(&a);
	rfa_buf_release(&one);
	rfa_buf_release(&two);
	json_decref(asked);
	release(&t);
}

static void a_layer_stays_out(void **state)
{
	struct two t;
	struct rfa_registry_archive a;
	struct rfa_buf ours = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	char name[100];
	json_t *asked;

	(void)state;
	make(&t, NULL);
	asked = request(t.told[0].layers[0].diff_id);
	assert_int_equal(rfa_registry_archive_make(&a, t.told, asked, &err), 0);
	check_pieces(&a, &t, 2);
	assert_int_equal(a.archive.omitted, 1);
	/* It stays named. */
	what_is_ours(&a, &ours);
	snprintf(name, sizeof(name), "\"blobs/sha256/%s\"", t.told[0].layers[0].digest + 7);
	assert_true(holds(&ours, name, strlen(name)));
	rfa_registry_archive_release(&a);
	rfa_buf_release(&ours);
	json_decref(asked);
	release(&t);
}

static void layers_are_packed_as_engines_know_it(void **state)
{
	struct two t;
	struct rfa_registry_archive a;
	struct rfa_error err;
	json_t *asked = request(NULL);

	(void)state;
	make(&t, "application/vnd.oci.image.layer.v1.tar+zstd");
	assert_int_equal(rfa_registry_archive_make(&a, t.told, asked, &err), 0);
	assert_true(a.zstd);
	rfa_registry_archive_release(&a);
	release(&t);
	make(&t, "application/vnd.example.\033[2J");
	assert_int_equal(rfa_registry_archive_make(&a, t.told, asked, &err), -RFA_EUNSUPPORTED);
	assert_non_null(strstr(err.msg, "vnd.example."));
	assert_null(strchr(err.msg, '\033'));
	rfa_registry_archive_release(&a);
	release(&t);
	json_decref(asked);
}

static void platforms_and_names_are_read(void **state)
{
	static const char *const bad[] = {
		"", "linux", "linux/", "/amd64", "linux//v7", "a/b/c/d"
	};
	struct rfa_registry_platform p;
	struct rfa_registry_name name;
	struct rfa_error err;
	size_t i;

	(void)state;
	assert_int_equal(rfa_registry_platform_of(&p, "linux/arm/v7", &err), 0);
	assert_string_equal(p.os, "linux");
	assert_string_equal(p.architecture, "arm");
	assert_string_equal(p.variant, "v7");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rfa_registry_platform_of(&p, bad[i], &err), -RFA_ECONFIG);
	assert_int_equal(rfa_registry_name_of(&name, "registry.example:5000/a/b:1", &err), 0);
	assert_string_equal(name.place.domain, "registry.example:5000");
	assert_string_equal(name.place.path, "a/b");
	assert_string_equal(name.reference, "1");
	assert_false(name.by_digest);
	assert_int_equal(rfa_registry_name_of(&name, "alpine", &err), 0);
	assert_string_equal(name.place.domain, "docker.io");
	assert_string_equal(name.reference, "latest");
}

/* As Docker 26.1.5 has said it, with either store. */
static void engines_say_why_a_pull_failed(void **state)
{
	static const struct {
		const char *line;
		enum rfa_code code;
		const char *domain;
	} cases[] = {
		{ "Error response from daemon: Get \"https://10.0.0.1:5001/v2/\": tls: failed to "
		  "verify certificate: x509: certificate signed by unknown authority",
		  RFA_EHOSTKEY, "registry" },
		{ "Error response from daemon: Get \"https://10.0.0.1:5002/v2/\": http: server "
		  "gave HTTP response to HTTPS client",
		  RFA_EREMOTE, "registry" },
		{ "Error response from daemon: Get \"https://nosuch.example:5000/v2/\": dial tcp: "
		  "lookup nosuch.example on [::1]:53: read udp [::1]:49310->[::1]:53: read: "
		  "connection refused",
		  RFA_EUNREACHABLE, "registry" },
		{ "Error response from daemon: failed to resolve reference \"10.0.0.1:5000/x@"
		  "sha256:00\": failed to do request: Head \"https://10.0.0.1:5000/v2/x\": dial "
		  "tcp "
		  "10.0.0.1:5000: connect: network is unreachable",
		  RFA_EUNREACHABLE, "registry" },
		{ "Error response from daemon: manifest for registry.example/x@sha256:00 not "
		  "found: manifest unknown: manifest unknown",
		  RFA_ENOTFOUND, "registry" },
		{ "Error response from daemon: failed to resolve reference \"10.0.0.1:5000/x@"
		  "sha256:00\": 10.0.0.1:5000/x@sha256:00: not found",
		  RFA_ENOTFOUND, "registry" },
		{ "Error response from daemon: Head \"https://10.0.0.1:5000/v2/x/manifests/1\": no "
		  "basic auth credentials",
		  RFA_EAUTH, "registry" },
		{ "Error response from daemon: pull access denied for x, repository does not exist "
		  "or may require 'docker login': denied: requested access to the resource is "
		  "denied",
		  RFA_EAUTH, "registry" },
		{ "Error response from daemon: toomanyrequests: You have reached your pull rate "
		  "limit.",
		  RFA_ERATELIMIT, "registry" },
		{ "Error response from daemon: no matching manifest for linux/s390x in the "
		  "manifest list entries",
		  RFA_EUNSUPPORTED, "registry" },
		{ "filesystem layer verification failed for digest sha256:00", RFA_EMISMATCH,
		  "registry" },
		{ "write /var/lib/docker/tmp/GetImageBlob1: no space left on device", RFA_ENOSPACE,
		  "host" },
		{ "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the "
		  "docker daemon running?",
		  RFA_EUNREACHABLE, "host" },
		{ "Error response from daemon: something else", RFA_EREMOTE, "host" },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *line = cases[i].line;
		int rc = rfa_remote_pull(line, strlen(line), "registry.example/x@sha256:00",
					 "pulling x", &err);

		if (rc != -(int)cases[i].code || strcmp(err.domain, cases[i].domain) != 0)
			fail_msg("%s (%s): %s", rfa_code_word((enum rfa_code) - rc), err.domain,
				 line);
		assert_int_equal(strncmp(err.msg, "pulling x: ", 11), 0);
	}
}

/* Words of errors in a name say nothing about what went wrong: REF is blank where errors are told.
 */
static void a_name_is_no_error(void **state)
{
#define DIGEST "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *ref, *line;
		enum rfa_code code;
	} cases[] = {
		{ "registry.example:5000/shop/certificate" DIGEST,
		  "Error response from daemon: manifest for registry.example:5000/shop/certificate"
		  "@sha256:0123 not found: manifest unknown: manifest unknown",
		  RFA_ENOTFOUND },
		{ "registry.example:5000/certificate/unauthorized" DIGEST,
		  "Error response from daemon: Get \"https://registry.example:5000/v2/certificate/"
		  "unauthorized/manifests/sha256:01\": dial tcp 10.0.0.1:5000: connect: no route "
		  "to "
		  "host",
		  RFA_EUNREACHABLE },
		{ "registry.example/unauthorized" DIGEST,
		  "Error response from daemon: failed to resolve reference \"registry.example/"
		  "unauthorized" DIGEST "\": registry.example/unauthorized" DIGEST ": not found",
		  RFA_ENOTFOUND },
		{ "docker.io/library/certificate" DIGEST,
		  "Error response from daemon: pull access denied for certificate, repository does "
		  "not exist or may require 'docker login'",
		  RFA_EAUTH },
		{ "docker.io/library/toomanyrequests" DIGEST,
		  "Error response from daemon: manifest for toomanyrequests" DIGEST " not found",
		  RFA_ENOTFOUND },
		{ "shop/toomanyrequests" DIGEST,
		  "Error response from daemon: pull access denied for shop/toomanyrequests, "
		  "repository does not exist",
		  RFA_EAUTH },
		/* The token service is asked for a scope, in which the name is encoded. */
		{ "registry.example/shop/certificate" DIGEST,
		  "Error response from daemon: Get "
		  "\"https://tokens.example/token?scope=repository%3A"
		  "shop%2Fcertificate%3Apull&service=x\": net/http: request canceled while waiting "
		  "for connection",
		  RFA_EUNREACHABLE },
		{ "registry.example/certificate" DIGEST,
		  "failed to authorize: repository:certificate:pull: insufficient_scope",
		  RFA_EAUTH },
		{ "registry.example/shop/certificate" DIGEST,
		  "no access to repository%3Ashop%2fcertificate%3Apull: 403 Forbidden", RFA_EAUTH },
		{ "certificate.example:5000/x" DIGEST,
		  "Error response from daemon: Get \"https://certificate.example:5000/v2/\": dial "
		  "tcp: lookup certificate.example on 127.0.0.1:53: no such host",
		  RFA_EUNREACHABLE },
		{ "timeout:5000/x" DIGEST,
		  "Error response from daemon: timeout:5000/x: tls: failed to verify: x509: "
		  "signed by unknown authority",
		  RFA_EHOSTKEY },
		/* What happens to be called as the error is no name there. */
		{ "registry.example/unauthorized" DIGEST,
		  "Error response from daemon: unauthorized: who are you?", RFA_EAUTH },
		{ "registry.example/certificate" DIGEST,
		  "Error response from daemon: tls: bad certificate", RFA_EHOSTKEY },
		{ "registry.example/a" DIGEST, "Error response from daemon: toomanyrequests: a lot",
		  RFA_ERATELIMIT },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *line = cases[i].line;
		int rc = rfa_remote_pull(line, strlen(line), cases[i].ref, "pulling x", &err);

		if (rc != -(int)cases[i].code)
			fail_msg("%s: %s", rfa_code_word((enum rfa_code) - rc), line);
	}
	/* The words themselves are told as they came. */
	assert_non_null(strstr(err.msg, "toomanyrequests: a lot"));
	assert_int_equal(
	    rfa_remote_pull(cases[0].line, strlen(cases[0].line), cases[0].ref, "x", &err),
	    -RFA_ENOTFOUND);
	assert_non_null(strstr(err.msg, "shop/certificate"));
#undef DIGEST
}

/* RFC 4648, 10. */
static void base64_is_as_the_standard_has_it(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	char out[RFA_BASE64_SIZE(6)];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		rfa_base64(out, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(out, pairs[i][1]);
		assert_int_equal(strlen(out) + 1, RFA_BASE64_SIZE(strlen(pairs[i][0])));
	}
	rfa_base64(out, "\xff\xef\xbe", 3);
	assert_string_equal(out, "/+++");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_is_of_two_images),
		cmocka_unit_test(a_layer_stays_out),
		cmocka_unit_test(layers_are_packed_as_engines_know_it),
		cmocka_unit_test(platforms_and_names_are_read),
		cmocka_unit_test(engines_say_why_a_pull_failed),
		cmocka_unit_test(a_name_is_no_error),
		cmocka_unit_test(base64_is_as_the_standard_has_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("archives of registries", tests, NULL, NULL);
}
