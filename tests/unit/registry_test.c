/* What a registry says, read without one: challenges, platforms, manifests, dates, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"
#include "fsm/base/wipe.h"
#include "transports/http_text.h"
#include "transports/registry/challenge.h"
#include "transports/registry/manifest.h"
#include "transports/registry/platform.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void challenges_are_read(void **state)
{
	static const struct {
		const char *header;
		int rc;
		enum rfa_registry_auth auth;
		const char *realm, *service, *scope;
	} cases[] = {
		{ "Basic realm=\"x\"", 0, RFA_REGISTRY_BASIC, "x", "", "" },
		{ "basic", 0, RFA_REGISTRY_BASIC, "", "", "" },
		{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a:pull\"", 0,
		  RFA_REGISTRY_BEARER, "https://a/t", "s", "repository:a:pull" },
		{ "BEARER Realm = a , SERVICE=\"q\\\"x\"", 0, RFA_REGISTRY_BEARER, "a", "q\"x",
		  "" },
		{ "Basic realm=\"x\", Bearer realm=\"r\"", 0, RFA_REGISTRY_BEARER, "r", "", "" },
		{ "Bearer realm=\"r\", Basic realm=\"x\"", 0, RFA_REGISTRY_BEARER, "r", "", "" },
		{ "Negotiate, Basic realm=\"a, Bearer realm=b\"", 0, RFA_REGISTRY_BASIC,
		  "a, Bearer realm=b", "", "" },
		{ "Bearer realm=\"r\",error=\"insufficient_scope\"", 0, RFA_REGISTRY_BEARER, "r",
		  "", "" },
		/* Without a realm there is nobody to ask. */
		{ "Bearer service=\"s\"", 0, RFA_REGISTRY_OPEN, "", "", "" },
		{ "Negotiate", 0, RFA_REGISTRY_OPEN, "", "", "" },
		{ "", 0, RFA_REGISTRY_OPEN, "", "", "" },
		{ "Bearer realm=\"r", -1, RFA_REGISTRY_OPEN, "", "", "" },
		{ "Bearer realm=", -1, RFA_REGISTRY_OPEN, "", "", "" },
		{ "Bearer realm=\"r\\", -1, RFA_REGISTRY_OPEN, "", "", "" },
		{ "=\"x\"", -1, RFA_REGISTRY_OPEN, "", "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_registry_challenge c = { RFA_REGISTRY_OPEN, "", "", "" };
		char *exact = strdup(cases[i].header); /* so that a byte too far is seen */

		if (rfa_registry_challenge_read(&c, exact) != cases[i].rc ||
		    c.auth != cases[i].auth || strcmp(c.realm, cases[i].realm) != 0 ||
		    strcmp(c.service, cases[i].service) != 0 ||
		    strcmp(c.scope, cases[i].scope) != 0)
			fail_msg("%s: %d, %s, %s, %s", exact, (int)c.auth, c.realm, c.service,
				 c.scope);
		free(exact);
	}
}

static void a_challenge_that_is_too_long_is_none(void **state)
{
	struct rfa_registry_challenge c = { RFA_REGISTRY_OPEN, "", "", "" };
	char header[4096];

	(void)state;
	memset(header, 'a', sizeof(header) - 1);
	memcpy(header, "Bearer realm=", 13);
	header[sizeof(header) - 1] = '\0';
	assert_int_equal(rfa_registry_challenge_read(&c, header), -1);
	assert_int_equal(c.auth, RFA_REGISTRY_OPEN);
}

static void platforms_are_compared(void **state)
{
	static const struct {
		const char *wants[3], *has[3];
		int rank;
	} cases[] = {
		{ { "linux", "amd64", "" }, { "linux", "amd64", "" }, 1000 },
		{ { "linux", "x86_64", "" }, { "linux", "amd64", "v1" }, 1000 },
		{ { "linux", "amd64", "" }, { "linux", "amd64", "v2" }, 0 },
		{ { "linux", "amd64", "v3" }, { "linux", "amd64", "v2" }, 3 },
		{ { "linux", "amd64", "" }, { "windows", "amd64", "" }, 0 },
		{ { "linux", "aarch64", "" }, { "linux", "arm64", "v8" }, 1000 },
		{ { "linux", "arm64", "8" }, { "linux", "arm64", "" }, 1000 },
		{ { "linux", "arm", "" }, { "linux", "arm", "v6" }, 7 },
		{ { "linux", "arm", "v6" }, { "linux", "arm", "v7" }, 0 },
		{ { "linux", "armhf", "" }, { "linux", "arm", "v7" }, 1000 },
		{ { "linux", "arm", "v7" }, { "linux", "arm", "vx" }, 0 },
		{ { "linux", "s390x", "" }, { "linux", "s390x", "" }, 1000 },
		{ { "linux", "s390x", "" }, { "linux", "ppc64le", "" }, 0 },
	};
	struct rfa_registry_platform wants, has;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rfa_platform_set(&wants, cases[i].wants[0], cases[i].wants[1], cases[i].wants[2]);
		rfa_platform_set(&has, cases[i].has[0], cases[i].has[1], cases[i].has[2]);
		if (rfa_platform_rank(&wants, &has) != cases[i].rank)
			fail_msg("case %zu: %d", i, rfa_platform_rank(&wants, &has));
	}
}

static json_t *json(const char *text)
{
	struct rfa_error err;
	json_t *out = NULL;

	if (rfa_facts_parse(&out, text, strlen(text), "test", &err))
		fail_msg("%s", err.msg);
	return out;
}

static void kinds_of_documents(void **state)
{
#define D "application/vnd.docker.distribution."
#define O "application/vnd.oci.image."
	static const struct {
		const char *doc, *type;
		int rc, is_index;
	} cases[] = {
		{ "{\"mediaType\":\"" O "index.v1+json\",\"manifests\":[]}", O "index.v1+json", 0,
		  1 },
		{ "{\"manifests\":[]}", D "manifest.list.v2+json; charset=utf-8", 0, 1 },
		{ "{\"layers\":[]}", D "manifest.v2+json", 0, 0 },
		{ "{\"layers\":[]}", "", 0, 0 },
		{ "{\"manifests\":[]}", "application/json", 0, 1 },
		{ "{\"mediaType\":\"" O "manifest.v1+json\",\"layers\":[]}", "text/plain", 0, 0 },
		/* One that is both, or another than it says. */
		{ "{\"manifests\":[],\"layers\":[]}", O "index.v1+json", -RFA_EPROTOCOL, 0 },
		{ "{}", O "index.v1+json", -RFA_EPROTOCOL, 0 },
		{ "[]", O "index.v1+json", -RFA_EPROTOCOL, 0 },
		{ "{\"mediaType\":\"" O "manifest.v1+json\",\"layers\":[]}", O "index.v1+json",
		  -RFA_EPROTOCOL, 0 },
		{ "{\"layers\":[]}", O "index.v1+json", -RFA_EPROTOCOL, 0 },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", "", -RFA_EUNSUPPORTED, 0 },
		{ "{\"layers\":[]}", D "manifest.v1+prettyjws", -RFA_EUNSUPPORTED, 0 },
		{ "{\"layers\":[]}", "text/html", -RFA_EUNSUPPORTED, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *doc = json(cases[i].doc);
		struct rfa_error err;
		int is_index = 0;
		char type[96];
		int rc = rfa_manifest_kind(doc, cases[i].type, &is_index, type, &err);

		if (rc != cases[i].rc || (!rc && (is_index != cases[i].is_index || !*type)))
			fail_msg("case %zu: %d, %d: %s", i, rc, is_index, rc ? err.msg : type);
		json_decref(doc);
	}
}

static int read_manifest(const char *text, struct rfa_error *err)
{
	struct rfa_registry_image image = { 0 };
	struct rfa_registry_descriptor config;
	json_t *doc = json(text);
	int rc = rfa_manifest_read(doc, &image, &config, err);

	rfa_registry_image_release(&image);
	json_decref(doc);
	return rc;
}

static void manifests_that_nobody_can_use(void **state)
{
#define CONFIG                                                                                   \
	"{\"config\":{\"mediaType\":\"" O "config.v1+json\",\"size\":2,\"digest\":\"sha256:" HEX \
	"\"}"
#define LAYER(size) \
	"{\"mediaType\":\"" O "layer.v1.tar\",\"size\":" size ",\"digest\":\"sha256:" HEX "\"}"
	static const struct {
		const char *doc;
		int rc;
		const char *says;
	} cases[] = {
		{ CONFIG ",\"layers\":[" LAYER("5") "]}", 0, "" },
		{ "{\"layers\":[]}", -RFA_EPROTOCOL, "without a digest" },
		{ CONFIG ",\"layers\":[" LAYER("-1") "]}", -RFA_EPROTOCOL, "without a size" },
		{ CONFIG ",\"layers\":[" LAYER("1.5") "]}", -RFA_EPROTOCOL, "without a size" },
		{ CONFIG ",\"layers\":[" LAYER("9223372036854775807") "," LAYER("1") "]}",
		  -RFA_EPROTOCOL, "more bytes" },
		{ CONFIG ",\"layers\":[7]}", -RFA_EPROTOCOL, "without a digest" },
		{ CONFIG ",\"layers\":[{\"mediaType\":\"" O "layer.v1.tar\",\"size\":1,"
			 "\"digest\":\"sha256:../../x\"}]}",
		  -RFA_EPROTOCOL, "without a digest" },
		{ CONFIG ",\"layers\":[{\"mediaType\":\"x/\\u001by\",\"size\":1,\"digest\":"
			 "\"sha256:" HEX "\"}]}",
		  -RFA_EUNSUPPORTED, "x/\\x1by" },
		{ "{\"config\":{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\","
		  "\"size\":2,\"digest\":\"sha256:" HEX "\"},\"layers\":[]}",
		  -RFA_EUNSUPPORTED, "helm" },
		{ "{\"config\":{\"mediaType\":\"" O "config.v1+json\",\"size\":2,\"digest\":"
		  "\"sha512:" HEX HEX "\"},\"layers\":[]}",
		  -RFA_EUNSUPPORTED, "SHA-512" },
		{ "{\"config\":{\"mediaType\":\"" O "config.v1+json\",\"size\":99999999,\"digest\":"
		  "\"sha256:" HEX "\"},\"layers\":[]}",
		  -RFA_ETOOBIG, "99999999" },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rfa_error_clear(&err);
		if (read_manifest(cases[i].doc, &err) != cases[i].rc ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("case %zu: %s", i, err.msg);
	}
}

static void the_best_variant_is_chosen(void **state)
{
#define ENTRY(arch, variant, digit)                                                       \
	"{\"mediaType\":\"" O "manifest.v1+json\",\"size\":1,\"digest\":\"sha256:" digit  \
	"123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"platform\":" \
	"{\"os\":\"linux\",\"architecture\":\"" arch "\",\"variant\":\"" variant "\"}}"
	json_t *index = json("{\"manifests\":[" ENTRY("arm", "v5", "5") "," ENTRY(
	    "arm", "v6", "6") "," ENTRY("amd64", "", "a") "," ENTRY("arm", "v8", "8") "]}");
	static const struct {
		const char *architecture, *variant;
		char first; /* of the digest; 0: none */
	} cases[] = {
		{ "arm", "v7", '6' }, { "arm", "", '6' },    { "arm", "v5", '5' },
		{ "arm", "v8", '8' }, { "x86_64", "", 'a' }, { "riscv64", "", 0 },
	};
	struct rfa_registry_descriptor found;
	struct rfa_registry_platform wants;
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc;

		rfa_platform_set(&wants, "linux", cases[i].architecture, cases[i].variant);
		rc = rfa_manifest_choose(index, &wants, &found, &err);
		assert_int_equal(rc, cases[i].first ? 0 : -RFA_EUNSUPPORTED);
		if (cases[i].first)
			assert_int_equal(found.digest[7], cases[i].first);
	}
	assert_non_null(strstr(err.msg, "no image for linux/riscv64, only for linux/arm/v5, "
					"linux/arm/v6, linux/amd64/v1, linux/arm/v8"));
	json_decref(index);
}

static void places_of_images(void **state)
{
	static const struct {
		const char *reference, *domain, *path; /* NULL: none */
	} cases[] = {
		{ "alpine", "docker.io", "library/alpine" },
		{ "alpine:3.20", "docker.io", "library/alpine" },
		{ "shop/app:1", "docker.io", "shop/app" },
		{ "docker.io/alpine", "docker.io", "library/alpine" },
		{ "index.docker.io/shop/app", "docker.io", "shop/app" },
		{ "localhost/app", "localhost", "app" },
		{ "localhost:5000/a/b/c:1", "localhost:5000", "a/b/c" },
		{ "registry.example/app@sha256:" HEX, "registry.example", "app" },
		{ "registry:5000/app", "registry:5000", "app" },
		{ "Registry/app", "Registry", "app" },
		{ "[::1]:5000/app", "[::1]:5000", "app" },
		{ "registry/app", "docker.io", "registry/app" },
		{ "a.b__c-d--e", "docker.io", "library/a.b__c-d--e" },
		{ "sha256:" HEX, NULL, NULL },
		{ "App", NULL, NULL },
		{ "shop/App", NULL, NULL },
		{ "h.example/a/../b", NULL, NULL },
		{ "h.example/a//b", NULL, NULL },
		{ "h.example/a_.b", NULL, NULL },
		{ "h.example/.a", NULL, NULL },
		{ "h.example/a-", NULL, NULL },
		{ "h.example:x/a", NULL, NULL },
		{ "h.example:/a", NULL, NULL },
		{ "[::1/a", NULL, NULL },
		{ "[x]:5/a", NULL, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_imageref ref;
		struct rfa_imageref_place place;
		int ok = rfa_imageref_parse(&ref, cases[i].reference) &&
			 rfa_imageref_place(&place, &ref);

		if (ok != !!cases[i].domain || (ok && (strcmp(place.domain, cases[i].domain) != 0 ||
						       strcmp(place.path, cases[i].path) != 0)))
			fail_msg("%s: %d %s %s", cases[i].reference, ok, ok ? place.domain : "",
				 ok ? place.path : "");
	}
}

static void redirects_and_dates(void **state)
{
	static const struct {
		const char *location, *url; /* NULL: none */
	} cases[] = {
		{ "/x?y=1#z", "https://h.example:5/x?y=1" },
		{ "x", "https://h.example:5/v2/x" },
		{ "https://u:p@other.example/x", "https://other.example/x" },
		{ "//other.example/x", "https://other.example/x" },
		{ "https://", NULL },
	};
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_buf out = RFA_BUF_INIT(1024);
		int rc = rfa_http_join(&out, "https://h.example:5/v2/a", cases[i].location, &err);

		assert_int_equal(rc, cases[i].url ? 0 : -RFA_EPROTOCOL);
		if (cases[i].url)
			assert_string_equal(rfa_buf_str(&out), cases[i].url);
		rfa_buf_release(&out);
	}
	assert_int_equal(rfa_http_retry_after("120", 0), 120);
	assert_int_equal(rfa_http_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 500), 60);
	assert_int_equal(rfa_http_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 90000), 0);
	assert_int_equal(rfa_http_retry_after("soon", 0), -1);
	assert_int_equal(rfa_http_retry_after("", 0), -1);
	assert_int_equal(rfa_http_retry_after("99999999999999999999", 0), -1);
}

static void loopback_is_known(void **state)
{
	(void)state;
	assert_true(rfa_http_is_loopback("localhost"));
	assert_true(rfa_http_is_loopback("127.9.9.9"));
	assert_true(rfa_http_is_loopback("::1"));
	assert_false(rfa_http_is_loopback("127.0.0.1.example"));
	assert_false(rfa_http_is_loopback("10.0.0.1"));
	assert_false(rfa_http_is_loopback("::2"));
	assert_false(rfa_http_is_loopback("localhost.example"));
}

static void a_wiped_buffer_was_never_moved(void **state)
{
	struct rfa_buf buf = RFA_BUF_INIT(8192);
	const char *at;
	size_t i;

	(void)state;
	assert_int_equal(rfa_wipe_reserve(&buf, 4000), 0);
	assert_int_equal(buf.len, 0);
	assert_true(buf.cap > 4000);
	at = buf.data;
	for (i = 0; i < 4000; i++)
		assert_int_equal(rfa_buf_putc(&buf, 's'), 0);
	assert_ptr_equal(at, buf.data);
	rfa_wipe_buf(&buf);
	assert_null(buf.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read),
		cmocka_unit_test(a_challenge_that_is_too_long_is_none),
		cmocka_unit_test(platforms_are_compared),
		cmocka_unit_test(kinds_of_documents),
		cmocka_unit_test(manifests_that_nobody_can_use),
		cmocka_unit_test(the_best_variant_is_chosen),
		cmocka_unit_test(places_of_images),
		cmocka_unit_test(redirects_and_dates),
		cmocka_unit_test(loopback_is_known),
		cmocka_unit_test(a_wiped_buffer_was_never_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
