/* Blobs of a registry: from any byte on, broken off, false, from elsewhere. */
#include "tests/contract/registry_fixture.h"

/* Blobs. */

struct sink {
	struct rfa_buf bytes;
	struct rfa_registry_check *check; /* NULL: none */
	size_t most;                      /* then it fails; 0: never */
};

static int sink_take(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct sink *s = user;

	if (s->most && s->bytes.len >= s->most)
		return rfa_fail(err, RFA_ENOSPACE, "test", "full");
	if (s->check)
		rfa_registry_check_add(s->check, data, len);
	return rfa_buf_add(&s->bytes, data, len) ? rfa_buf_check(&s->bytes, err) : 0;
}

/* Fetches a layer of the amd64 image. What came is compared with what it is. */
static int fetch_into(void **state, struct sink *sink, uint64_t from, uint64_t *got,
		      struct rfa_error *err)
{
	struct fake_registry *f = fake(state);
	const struct oci_blob *layer = &f->images[0].layers[0];
	struct rfa_registry *r = client_of(f->web.port, &deploy, NULL);
	struct rfa_registry_part part = { FAKE_REPOSITORY, layer->digest, layer->len, from,
					  sink_take,       sink };
	int rc;

	rfa_error_clear(err);
	*got = 99;
	rc = rfa_registry_fetch(r, &part, got, err);
	assert_int_equal(*got, sink->bytes.len);
	if (!f->shared->spoil && sink->bytes.len)
		assert_memory_equal(sink->bytes.data, layer->data + from, sink->bytes.len);
	rfa_registry_free(r);
	return rc;
}

static int fetch(void **state, uint64_t from, uint64_t *got, struct rfa_error *err)
{
	struct sink sink = { RFA_BUF_INIT(1 << 20), NULL, 0 };
	int rc = fetch_into(state, &sink, from, got, err);

	rfa_buf_release(&sink.bytes);
	return rc;
}

static void a_blob_comes_from_any_byte_on(void **state)
{
	static const enum fake_blob ways[] = { FAKE_RANGES, FAKE_NO_RANGES };
	static const uint64_t starts[] = { 0, 1, 50000, 99999, 100000 };
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;
	uint64_t got;
	size_t i, n;

	for (i = 0; i < 2; i++)
		for (n = 0; n < 5; n++) {
			s->blob = ways[i];
			assert_code(fetch(state, starts[n], &got, &err), 0);
			assert_int_equal(got, 100000 - starts[n]);
		}
	assert_says(s->log, "range=bytes=50000-\n");
	assert_says_not(s->log, "bytes=100000-");
}

static void a_blob_that_broke_off_goes_on(void **state)
{
	struct fake_registry *f = fake(state);
	const struct oci_blob *layer = &f->images[0].layers[0];
	struct rfa_registry_check check;
	struct sink sink = { RFA_BUF_INIT(1 << 20), &check, 0 };
	struct rfa_registry *r = client_of(f->web.port, NULL, NULL);
	struct rfa_registry_part part = { FAKE_REPOSITORY, layer->digest, layer->len, 0,
					  sink_take,       &sink };
	struct rfa_error err;
	unsigned calls = 0;
	uint64_t got;

	f->shared->blob = FAKE_CUT;
	rfa_registry_check_begin(&check);
	while (part.from < part.size) {
		int rc = rfa_registry_fetch(r, &part, &got, &err);

		assert_true(++calls < 40);
		assert_int_equal(rc, -RFA_ELOST);
		assert_int_equal(err.severity, RFA_RETRY);
		part.from += got;
		if (part.size - part.from < 100)
			f->shared->blob = FAKE_RANGES;
		if (f->shared->blob == FAKE_RANGES) {
			assert_code(rfa_registry_fetch(r, &part, &got, &err), 0);
			part.from += got;
		}
	}
	assert_true(calls > 5);
	assert_int_equal(sink.bytes.len, layer->len);
	assert_code(rfa_registry_check_end(&check, layer->digest, layer->len, &err), 0);
	rfa_buf_release(&sink.bytes);
	rfa_registry_free(r);
}

static void blobs_that_lie(void **state)
{
	static const struct {
		enum fake_blob blob;
		uint64_t from;
		int rc;
		const char *says;
	} cases[] = {
		{ FAKE_LONG, 0, -RFA_EMISMATCH, "100000" },
		{ FAKE_LONG, 10, -RFA_EMISMATCH, "100000" },
		{ FAKE_SHORT, 0, -RFA_EMISMATCH, "has 99999 bytes" },
		{ FAKE_OTHER_PART, 10, -RFA_EPROTOCOL, "another part" },
		{ FAKE_BEYOND, 10, -RFA_EMISMATCH, "not more than 10 bytes" },
	};
	struct fake_shared *s = fake(state)->shared;
	struct rfa_error err;
	uint64_t got;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s->blob = cases[i].blob;
		assert_code(fetch(state, cases[i].from, &got, &err), cases[i].rc);
		assert_says(err.msg, cases[i].says);
		assert_true(got <= 100000 - cases[i].from);
	}
}

static void the_bytes_of_a_blob_are_checked(void **state)
{
	const struct oci_blob *layer = &fake(state)->images[0].layers[0];
	struct rfa_registry_check check;
	struct sink sink = { RFA_BUF_INIT(1 << 20), &check, 0 };
	struct rfa_error err;
	uint64_t got;

	fake(state)->shared->spoil = 2;
	rfa_registry_check_begin(&check);
	assert_code(fetch_into(state, &sink, 0, &got, &err), 0);
	assert_code(rfa_registry_check_end(&check, layer->digest, layer->len, &err),
		    -RFA_EMISMATCH);
	assert_says(err.msg, layer->digest);
	assert_says(err.msg, "has the digest sha256:");
	rfa_registry_check_begin(&check);
	rfa_registry_check_add(&check, "x", 1);
	assert_code(rfa_registry_check_end(&check, layer->digest, layer->len, &err),
		    -RFA_EMISMATCH);
	assert_says(err.msg, "has 1 bytes");
	rfa_buf_release(&sink.bytes);
}

static void a_sink_ends_it(void **state)
{
	struct sink sink = { RFA_BUF_INIT(1 << 20), NULL, 1 };
	struct rfa_error err;
	uint64_t got;

	assert_code(fetch_into(state, &sink, 0, &got, &err), -RFA_ENOSPACE);
	assert_string_equal(err.msg, "full");
	assert_true(got > 0 && got < 100000);
	rfa_buf_release(&sink.bytes);
}

/* Redirects. */

static void storage_elsewhere_gets_no_login(void **state)
{
	struct fake_registry *f = fake(state);
	struct fake_shared *s = f->shared;
	struct rfa_error err;
	uint64_t got;

	snprintf(s->redirect, sizeof(s->redirect),
		 "http://127.0.0.1:%u/signed?key=", f->other.port);
	s->auth = FAKE_BASIC;
	assert_code(fetch(state, 70, &got, &err), 0);
	assert_int_equal(got, 100000 - 70);
	assert_says(s->log, "elsewhere GET /signed?key=/v2/shop/app/blobs/sha256:");
	assert_says(strstr(s->log, "elsewhere"), "auth= range=bytes=70-\n");
	s->auth = FAKE_BEARER;
	assert_code(fetch(state, 0, &got, &err), 0);
	assert_says_not(strstr(s->log, "elsewhere"), "elsewhere GET /signed auth=B");
	/* It refuses: no login of ours has to do with that, and its link is not shown. */
	snprintf(s->redirect, sizeof(s->redirect), "http://127.0.0.1:%u/gone?key=", f->other.port);
	assert_code(fetch(state, 0, &got, &err), -RFA_EUNREACHABLE);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_says(err.msg, "answered 403");
	assert_says_not(err.msg, "key=");
}

static void redirects_end(void **state)
{
	struct fake_registry *f = fake(state);
	struct fake_shared *s = f->shared;
	struct rfa_error err;
	unsigned asked = 0;
	const char *at;
	uint64_t got;

	snprintf(s->redirect, sizeof(s->redirect), "http://127.0.0.1:%u/loop?", f->other.port);
	assert_code(fetch(state, 0, &got, &err), -RFA_EPROTOCOL);
	assert_says(err.msg, "more than 3 times");
	for (at = s->log; (at = strstr(at, "elsewhere GET /loop")); at++)
		asked++;
	assert_int_equal(asked, 3);
	snprintf(s->redirect, sizeof(s->redirect), "ftp://127.0.0.1/");
	assert_code(fetch(state, 0, &got, &err), -RFA_EPROTOCOL);
	snprintf(s->redirect, sizeof(s->redirect), "http://[/");
	assert_code(fetch(state, 0, &got, &err), -RFA_EPROTOCOL);
	assert_int_equal(got, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_blob_comes_from_any_byte_on),
		TEST(a_blob_that_broke_off_goes_on),
		TEST(blobs_that_lie),
		TEST(the_bytes_of_a_blob_are_checked),
		TEST(a_sink_ends_it),
		TEST(storage_elsewhere_gets_no_login),
		TEST(redirects_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
