/* What the tests of the registry client share: a false registry, and clients of it. */
#ifndef RFA_TESTS_CONTRACT_REGISTRY_FIXTURE_H
#define RFA_TESTS_CONTRACT_REGISTRY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/fakeregistry.h"
#include "tests/harness/slow.h"
#include "transports/registry/registry.h"

#define assert_code(rc, want)                                                            \
	do {                                                                             \
		int rc_ = (rc);                                                          \
		if (rc_ != (want))                                                       \
			fail_msg("%d instead of %d: %s [%s]", rc_, (int)(want), err.msg, \
				 err.hint);                                              \
	} while (0)
#define assert_says(text, part)                                       \
	do {                                                          \
		if (!strstr(text, part))                              \
			fail_msg("\"%s\" is not in: %s", part, text); \
	} while (0)
#define assert_says_not(text, part)                               \
	do {                                                      \
		if (strstr(text, part))                           \
			fail_msg("\"%s\" is in: %s", part, text); \
	} while (0)

__attribute__((unused)) static const struct rfa_registry_login deploy = { FAKE_USER, FAKE_SECRET };
__attribute__((unused)) static const struct rfa_registry_platform amd64 = { "linux", "amd64", "" };

static inline struct fake_registry *fake(void **state)
{
	return *state;
}

static inline struct rfa_registry *client_of(unsigned port, const struct rfa_registry_login *login,
					     struct rfa_transport *transport)
{
	struct rfa_registry_options options = { .transport = transport,
						.login = login,
						.idle_timeout_ms = slow_ms(20000) };
	struct rfa_registry *r = NULL;
	struct rfa_error err;
	char domain[64];

	snprintf(domain, sizeof(domain), "127.0.0.1:%u", port);
	options.domain = domain;
	if (rfa_registry_open(&r, &options, &err))
		fail_msg("%s", err.msg);
	return r;
}

/* What was resolved is that image, byte by byte. */
static inline void check_image(const struct rfa_registry_image *got, const struct oci_image *is)
{
	size_t i;

	assert_string_equal(got->manifest, is->manifest.digest);
	assert_string_equal(got->manifest_type, is->manifest.type);
	assert_string_equal(got->config, is->config.digest);
	assert_int_equal(got->n, OCI_LAYERS);
	for (i = 0; i < OCI_LAYERS; i++) {
		assert_string_equal(got->layers[i].digest, is->layers[i].digest);
		assert_string_equal(got->layers[i].diff_id, is->diff_ids[i]);
		assert_string_equal(got->layers[i].media_type, is->layers[i].type);
		assert_int_equal(got->layers[i].size, is->layers[i].len);
	}
	assert_int_equal(got->layer_bytes, is->layers[0].len + is->layers[1].len);
	assert_int_equal(got->manifest_doc.len, is->manifest.len);
	assert_memory_equal(got->manifest_doc.data, is->manifest.data, is->manifest.len);
	assert_int_equal(got->config_doc.len, is->config.len);
	assert_memory_equal(got->config_doc.data, is->config.data, is->config.len);
}

static inline int set_up(void **state)
{
	static struct fake_registry f;

	fake_registry_start(&f);
	*state = &f;
	return 0;
}

static inline int tear_down(void **state)
{
	fake_registry_stop(*state);
	return 0;
}

static inline int anew(void **state)
{
	fake_registry_reset(*state);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, anew)

#endif
