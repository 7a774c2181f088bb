/*
 * Images from registries: for the simulated host, the shell host over a fake docker and a false
 * registry, and a real engine beside a real registry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/base/quote.h"
#include "fsm/steps/images/image_set.h"
#include "tests/contract/host_contract.h"
#include "tests/contract/host_fixture.h"
#include "tests/harness/slow.h"

#define PLATFORM "linux/amd64"
#define CHUNK 65536u

static struct host_registry *registry;

static const struct rfa_registry_access *access_of(void)
{
	return &registry->access;
}

/* "registry.example:5000/shop/app:1", or with "@" and a digest. */
static const char *ref_of(const char *rest, char out[512])
{
	snprintf(out, 512, "%s%s", registry->repository, rest);
	return out;
}
#define REF(rest) ref_of(rest, (char[512]){ 0 })

static json_t *resolved(struct fixture *x, const char *ref)
{
	json_t *out = NULL;

	assert_ok(x->h->registry->resolve(x->h, access_of(), ref, PLATFORM, &out, &x->err));
	return out;
}

/* The reference of tag 1, by digest. */
static const char *pinned(struct fixture *x, char out[512])
{
	json_t *image = resolved(x, REF(":1"));

	snprintf(out, 512, "%s@%s", registry->repository, rfa_facts_str(image, "manifest", "?"));
	json_decref(image);
	return out;
}
#define PINNED pinned(x, (char[512]){ 0 })

static void identity_of(struct fixture *x, const json_t *inspect, char out[65])
{
	assert_ok(rfa_image_identity(inspect, out, &x->err));
}

/* The image that the host has under a name is that of tag 1. */
static void is_the_image(struct fixture *x, const char *name)
{
	json_t *said = resolved(x, REF(":1")), *seen = NULL;
	char wanted[65], is[65];

	assert_ok(x->h->engine->inspect(x->h, RFA_IMAGE, name, &seen, &x->err));
	identity_of(x, json_object_get(said, "image"), wanted);
	identity_of(x, seen, is);
	assert_string_equal(is, wanted);
	json_decref(said);
	json_decref(seen);
}

static json_t *request_for(struct fixture *x, const char *archive, const char *pin)
{
	return json_pack("{s:s, s:[{s:s, s:s, s:s}], s:[]}", "name", archive, "images", "ref",
			 PINNED, "name", pin, "platform", PLATFORM, "omit");
}

static void progress(void *user, uint64_t done, uint64_t total)
{
	uint64_t *seen = user;

	assert_true(done <= total);
	seen[0] = done;
	seen[1] = total;
}

static int64_t layer_count(struct fixture *x)
{
	json_t *image = resolved(x, REF(":1"));
	int64_t n = (int64_t)json_array_size(json_object_get(image, "layers"));

	json_decref(image);
	return n;
}

static int fetch(struct fixture *x, const json_t *request, int64_t *fetched)
{
	uint64_t seen[2] = { 0, 0 };
	json_t *out = NULL;
	int rc;

	rfa_error_clear(&x->err);
	rc = x->h->registry->fetch(x->h, x->run, access_of(), 1, request, progress, seen, &out,
				   &x->err);
	if (!rc) {
		*fetched = rfa_facts_int(out, "fetched", -1);
		assert_string_equal(rfa_facts_str(out, "archive", ""),
				    rfa_facts_str(request, "name", "-"));
		assert_int_equal(rfa_facts_int(out, "bytes", -1), seen[1]);
		assert_int_equal(seen[0], seen[1]);
		assert_int_equal(rfa_facts_int(out, "layers", -1) +
				     rfa_facts_int(out, "omitted", -1),
				 layer_count(x));
		assert_int_equal(rfa_facts_int(out, "omitted", -1),
				 json_array_size(json_object_get(request, "omit")));
	}
	json_decref(out);
	return rc;
}

/* What lies in the spool. New; *size: of all of it. */
static json_t *chunks(struct fixture *x, const char *archive, uint64_t *size)
{
	json_t *out = NULL;

	assert_ok(x->h->runs->spool_digests(x->h, x->run, archive, CHUNK, UINT64_C(1) << 40, &out,
					    size, &x->err));
	return out;
}

static uint64_t size_of(struct fixture *x, const char *archive)
{
	uint64_t size = 0;

	json_decref(chunks(x, archive, &size));
	return size;
}

static void overwrite(struct fixture *x, const char *archive, uint64_t offset)
{
	struct rfa_stream *s = NULL;
	size_t put = 0;

	assert_ok(x->h->runs->spool_write(x->h, x->run, archive, offset, &s, &x->err));
	assert_ok(s->ops->write(s, "damaged", 7, &put, &x->err));
	assert_int_equal(put, 7);
	assert_ok(rfa_host_stream_end(x->h, &s, 0, NULL, &x->err));
}

/* Bytes of all layers. */
static int64_t layer_bytes(struct fixture *x)
{
	json_t *image = resolved(x, REF(":1")), *layer;
	int64_t sum = 0;
	size_t i;

	json_array_foreach (json_object_get(image, "layers"), i, layer)
		sum += rfa_facts_int(layer, "size", 0);
	json_decref(image);
	return sum;
}

static void drop(struct fixture *x, const char *ref)
{
	assert_ok(x->h->engine->image_untag(x->h, KEY("untag"), ref, &x->err));
}

static void a_registry_answers(void **state)
{
	struct fixture *x = begin(state, "answers");
	struct rfa_registry_access other = *access_of();

	assert_int_equal(rfa_host_offers(x->h, RFA_HOST_REGISTRY, &x->err), 0);
	assert_ok(x->h->registry->ping(x->h, access_of(), &x->err));
	other.domain = registry->nobody;
	assert_fails(UNREACHABLE, x->h->registry->ping(x->h, &other, &x->err));
	end(x);
}

static void a_reference_means_an_image(void **state)
{
	struct fixture *x = begin(state, "means");
	json_t *by_tag = resolved(x, REF(":1")), *by_digest = resolved(x, PINNED), *layer, *none;
	json_t *layers = json_object_get(by_tag, "layers");
	size_t i;

	none = NULL;
	assert_true(json_array_size(layers) >= 2);
	assert_true(rfa_facts_int(by_tag, "bytes", 0) >= layer_bytes(x));
	json_array_foreach (layers, i, layer) {
		assert_int_equal(strlen(rfa_facts_str(layer, "digest", "")), 71);
		assert_string_equal(rfa_facts_str(layer, "diff_id", ""),
				    json_string_value(json_array_get(
					rfa_facts_at(by_tag, "image/RootFS/Layers"), i)));
		assert_true(rfa_facts_str(layer, "type", "")[0]);
	}
	assert_string_equal(rfa_facts_str(by_tag, "image/Os", ""), "linux");
	assert_string_equal(rfa_facts_str(by_tag, "image/Architecture", ""), "amd64");
	assert_int_equal(strlen(rfa_facts_str(by_tag, "image/Id", "")), 71);
	assert_true(json_is_object(rfa_facts_at(by_tag, "image/Config")));
	assert_true(
	    json_equal(json_object_get(by_tag, "image"), json_object_get(by_digest, "image")));
	assert_true(json_equal(layers, json_object_get(by_digest, "layers")));
	assert_fails(NOTFOUND, x->h->registry->resolve(x->h, access_of(), REF(":nobody"), PLATFORM,
						       &none, &x->err));
	assert_fails(UNSUPPORTED, x->h->registry->resolve(x->h, access_of(), REF(":1"),
							  "linux/s390x", &none, &x->err));
	assert_fails(CONFIG, x->h->registry->resolve(x->h, access_of(), "-f \033[2J", PLATFORM,
						     &none, &x->err));
	assert_null(strchr(x->err.msg, '\033'));
	assert_fails(INTERNAL, x->h->registry->resolve(x->h, access_of(), "elsewhere.example/a:1",
						       PLATFORM, &none, &x->err));
	assert_null(none);
	json_decref(by_tag);
	json_decref(by_digest);
	end(x);
}

static void what_is_fetched_is_that_image(void **state)
{
	struct fixture *x = begin(state, "fetched");
	json_t *asked = request_for(x, "images", "localhost/rfa-pin:fetched"), *one, *two, *said;
	uint64_t size = 0, again = 0;
	int64_t fetched = -1;

	assert_ok(fetch(x, asked, &fetched));
	assert_int_equal(fetched, layer_bytes(x));
	assert_ok(x->h->engine->image_load(x->h, KEY("load"), "images", &x->err));
	is_the_image(x, "localhost/rfa-pin:fetched");

	/* All is there; and the same request is the same bytes. */
	assert_ok(fetch(x, asked, &fetched));
	assert_int_equal(fetched, 0);
	one = chunks(x, "images", &size);
	json_object_set_new(asked, "name", json_string("again"));
	assert_ok(fetch(x, asked, &fetched));
	two = chunks(x, "again", &again);
	assert_int_equal(size, again);
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);

	/* What the engine has already, does not have to come. */
	said = resolved(x, REF(":1"));
	one = json_array_get(json_object_get(said, "layers"), 0);
	json_array_append(json_object_get(asked, "omit"), json_object_get(one, "diff_id"));
	json_object_set_new(asked, "name", json_string("less"));
	json_object_set_new(json_array_get(json_object_get(asked, "images"), 0), "name",
			    json_string("localhost/rfa-pin:less"));
	assert_ok(fetch(x, asked, &fetched));
	assert_int_equal(fetched, layer_bytes(x) - rfa_facts_int(one, "size", 0));
	assert_ok(x->h->engine->image_load(x->h, KEY("load"), "less", &x->err));
	is_the_image(x, "localhost/rfa-pin:less");

	/* An archive of another length is not written over. */
	json_object_set_new(asked, "name", json_string("images"));
	assert_fails(EXISTS, fetch(x, asked, &fetched));
	assert_int_equal(size_of(x, "images"), size);

	json_object_set_new(json_array_get(json_object_get(asked, "images"), 0), "ref",
			    json_string(REF(":1")));
	assert_fails(INTERNAL, fetch(x, asked, &fetched));
	drop(x, "localhost/rfa-pin:less");
	drop(x, "localhost/rfa-pin:fetched");
	json_decref(said);
	json_decref(asked);
	end(x);
}

static void what_broke_off_goes_on(void **state)
{
	struct fixture *x = begin(state, "cut");
	json_t *asked = request_for(x, "images", "localhost/rfa-pin:cut");
	int64_t fetched = -1, lay, sum = 0;
	int cuts = 0;

	if (!registry->cut) {
		json_decref(asked);
		end(x);
		skip();
	}
	registry->cut(registry, 1);
	for (; cuts < 3; cuts++) {
		uint64_t before = size_of(x, "images");

		assert_int_not_equal(fetch(x, asked, &fetched), 0);
		assert_int_equal(x->err.code, RFA_ELOST);
		/* It is kept, and each time there is more. */
		assert_true(size_of(x, "images") > before);
	}
	registry->cut(registry, 0);
	lay = (int64_t)size_of(x, "images");
	assert_ok(fetch(x, asked, &fetched));
	sum = lay + fetched;
	assert_true(fetched < layer_bytes(x));
	assert_true(sum * 100 <= (int64_t)size_of(x, "images") * 105);
	assert_ok(x->h->engine->image_load(x->h, KEY("load"), "images", &x->err));
	is_the_image(x, "localhost/rfa-pin:cut");
	drop(x, "localhost/rfa-pin:cut");
	json_decref(asked);
	end(x);
}

static void what_was_damaged_is_mended(void **state)
{
	struct fixture *x = begin(state, "damaged");
	json_t *asked = request_for(x, "images", "localhost/rfa-pin:damaged"), *good, *is;
	json_t *said = resolved(x, REF(":1"));
	int64_t all = layer_bytes(x), fetched = -1;
	uint64_t size = 0, now = 0;

	assert_ok(fetch(x, asked, &fetched));
	good = chunks(x, "images", &size);
	/* In a layer: it is the one that is fetched again. */
	overwrite(x, "images", size - (uint64_t)all / 2);
	assert_ok(fetch(x, asked, &fetched));
	assert_true(fetched > 0 && fetched < all);
	is = chunks(x, "images", &now);
	assert_true(json_equal(is, good));
	json_decref(is);
	/* In what is rfa's own: nothing is. */
	overwrite(x, "images", 3);
	assert_ok(fetch(x, asked, &fetched));
	assert_int_equal(fetched, 0);
	is = chunks(x, "images", &now);
	assert_true(json_equal(is, good));
	json_decref(is);
	/* The part of a layer that lies there is wrong. */
	if (registry->cut) {
		json_object_set_new(asked, "name", json_string("part"));
		registry->cut(registry, 1);
		assert_int_not_equal(fetch(x, asked, &fetched), 0);
		registry->cut(registry, 0);
		overwrite(x, "part", size_of(x, "part") - 1000);
		assert_ok(fetch(x, asked, &fetched));
		is = chunks(x, "part", &now);
		assert_true(json_equal(is, good));
		json_decref(is);
	}
	json_decref(good);
	json_decref(said);
	json_decref(asked);
	end(x);
}

static void what_lies_is_refused(void **state)
{
	struct fixture *x = begin(state, "lies");
	json_t *asked = request_for(x, "images", "localhost/rfa-pin:lies"), *out = NULL;
	json_t *pull = json_pack("{s:s}", "ref", PINNED);
	int64_t fetched = -1;

	if (!registry->lie) {
		json_decref(asked);
		json_decref(pull);
		end(x);
		skip();
	}
	registry->lie(registry, 1);
	assert_fails(MISMATCH, fetch(x, asked, &fetched));
	assert_fails(MISMATCH, x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL,
						    NULL, &out, &x->err));
	assert_null(out);
	registry->lie(registry, 0);
	assert_ok(fetch(x, asked, &fetched));
	assert_int_equal(fetched, layer_bytes(x));
	assert_ok(x->h->engine->image_load(x->h, KEY("load"), "images", &x->err));
	is_the_image(x, "localhost/rfa-pin:lies");
	drop(x, "localhost/rfa-pin:lies");
	json_decref(pull);
	json_decref(asked);
	end(x);
}

static void refused(struct fixture *x, const struct rfa_registry_access *who, const char *ref)
{
	json_t *pull = json_pack("{s:s}", "ref", ref), *out = NULL;
	json_t *asked = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "name", "images", "images", "ref",
				  ref, "name", "localhost/rfa-pin:refused", "platform", PLATFORM);

	assert_fails(AUTH, x->h->registry->resolve(x->h, who, REF(":1"), PLATFORM, &out, &x->err));
	assert_fails(AUTH,
		     x->h->registry->fetch(x->h, x->run, who, 1, asked, NULL, NULL, &out, &x->err));
	assert_fails(AUTH,
		     x->h->registry->pull(x->h, KEY("pull"), who, pull, NULL, NULL, &out, &x->err));
	if (who->secret) {
		assert_null(strstr(x->err.msg, who->secret));
		assert_null(strstr(x->err.hint, who->secret));
	}
	assert_null(out);
	json_decref(asked);
	json_decref(pull);
}

static void a_login_counts(void **state)
{
	struct fixture *x = begin(state, "login");
	struct rfa_registry_access nobody = *access_of(), wrong = *access_of();
	char ref[512];

	if (!registry->lock) {
		end(x);
		skip();
	}
	pinned(x, ref);
	registry->lock(registry, 1);
	nobody.user = nobody.secret = NULL;
	wrong.secret = "another-secret";
	assert_ok(x->h->registry->ping(x->h, &nobody, &x->err));
	refused(x, &nobody, ref);
	refused(x, &wrong, ref);
	json_decref(resolved(x, ref));
	registry->lock(registry, 0);
	end(x);
}

/* Nothing of the login is in the files of this machine that rfa may have written. */
static void left_nowhere(struct fixture *x)
{
	struct rfa_buf line = RFA_BUF_INIT(8192);
	static const char *const words[] = { "s3cret", "czNjcmV0", "OnMzY3JldC", "pzM2NyZX" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		rfa_buf_clear(&line);
		(void)rfa_buf_puts(&line, "! find ");
		(void)rfa_quote(&line, x->h->state_dir);
		(void)rfa_buf_printf(&line, " %s -type f -exec grep -lF ", registry->calls);
		(void)rfa_quote(&line, words[i]);
		(void)rfa_buf_puts(&line, " {} + | grep .");
		if (system(rfa_buf_str(&line)))
			fail_msg("the login was left: %s", words[i]);
	}
	rfa_buf_clear(&line);
	(void)rfa_buf_printf(&line,
			     "test ! -e /dev/shm/rfa-secret-%s && test ! -e /run/rfa-secret-%s",
			     x->run, x->run);
	if (system(rfa_buf_str(&line)))
		fail_msg("the directory of a login was left");
	rfa_buf_release(&line);
}

static void an_engine_pulls(void **state)
{
	struct fixture *x = begin(state, "pulls");
	const struct rfa_job_key k = key(x, "pull");
	json_t *pull = json_pack("{s:s, s:s}", "ref", PINNED, "platform", PLATFORM), *out = NULL,
	       *again = NULL, *seen = NULL;
	struct rfa_registry_access other = *access_of();
	uint64_t seen_bytes[2] = { 0, 0 };
	json_t *said;
	char ref[512], nobody[600];

	snprintf(ref, sizeof(ref), "%s", rfa_facts_str(pull, "ref", ""));
	if (registry->lock)
		registry->lock(registry, 1);
	said = resolved(x, ref);
	json_object_set(pull, "layers", json_object_get(said, "layers"));
	json_decref(said);
	assert_ok(
	    x->h->registry->pull(x->h, &k, access_of(), pull, progress, seen_bytes, &out, &x->err));
	assert_true(seen_bytes[1] > 0);
	assert_int_equal(seen_bytes[0], seen_bytes[1]);
	assert_true(json_is_string(json_object_get(out, "log")));
	is_the_image(x, ref);
	assert_ok(x->h->engine->inspect(x->h, RFA_IMAGE, ref, &seen, &x->err));
	assert_string_equal(rfa_facts_str(seen, "Id", ""), rfa_facts_str(out, "id", "-"));
	json_decref(seen);
	/* It is done once, and whoever asks again is told the same; and it can be done again. */
	seen_bytes[0] = 0;
	assert_ok(x->h->registry->pull(x->h, &k, access_of(), pull, progress, seen_bytes, &again,
				       &x->err));
	assert_int_equal(seen_bytes[0], seen_bytes[1]);
	assert_true(json_equal(again, out));
	json_decref(again);
	if (x->world->local)
		left_nowhere(x);
	assert_ok(x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL, NULL, &again,
				       &x->err));
	assert_string_equal(rfa_facts_str(again, "id", ""), rfa_facts_str(out, "id", "-"));
	json_decref(again);
	json_decref(out);
	out = NULL;

	/* Noes. */
	json_object_set_new(pull, "platform", json_string("linux/s390x"));
	assert_fails(UNSUPPORTED, x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL,
						       NULL, &out, &x->err));
	json_object_del(pull, "platform");
	snprintf(nobody, sizeof(nobody), "%s@sha256:%064d", registry->repository, 1);
	json_object_set_new(pull, "ref", json_string(nobody));
	assert_fails(NOTFOUND, x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL,
						    NULL, &out, &x->err));
	json_object_set_new(pull, "ref", json_string(REF(":1")));
	assert_fails(INTERNAL, x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL,
						    NULL, &out, &x->err));
	snprintf(nobody, sizeof(nobody), "%s/shop/app@sha256:%064d", registry->nobody, 1);
	json_object_set_new(pull, "ref", json_string(nobody));
	other.domain = registry->nobody;
	assert_fails(UNREACHABLE, x->h->registry->pull(x->h, KEY("pull"), &other, pull, NULL, NULL,
						       &out, &x->err));
	assert_null(out);
	if (x->world->local)
		left_nowhere(x);
	if (registry->lock)
		registry->lock(registry, 0);
	json_decref(pull);
	end(x);
}

/* Pulls, and checks what the engine got for it. */
static void pull_gets(struct fixture *x, const char *op, const json_t *pull, const char *login)
{
	const char *ref = rfa_facts_str(pull, "ref", "");
	json_t *out = NULL;

	assert_ok(
	    x->h->registry->pull(x->h, KEY(op), access_of(), pull, NULL, NULL, &out, &x->err));
	if (registry->stale)
		registry->stale(registry, 0);
	assert_string_equal(rfa_facts_str(out, "login", ""), login);
	assert_int_equal(json_object_get(out, "why") != NULL, strcmp(login, "token") != 0);
	is_the_image(x, ref);
	if (x->world->local)
		left_nowhere(x);
	drop(x, ref);
	json_decref(out);
}

/* The login is for rfa alone where the registry hands out tokens. */
static void a_token_is_enough(void **state)
{
	struct fixture *x = begin(state, "token");
	json_t *pull = json_pack("{s:s}", "ref", PINNED);

	if (registry->tokens) {
		registry->tokens(registry, 1);
		pull_gets(x, "token", pull, "token");
		assert_true(!registry->came_with ||
			    registry->came_with(registry, "auth=Bearer token-"));
	}
	if (registry->stale) {
		registry->stale(registry, 1);
		pull_gets(x, "stale", pull, "whole");
	}
	if (registry->tokens)
		registry->tokens(registry, 0);
	json_decref(pull);
	end(x);
}

/* What was pulled has a name with its digest, and goes with that name if it has no other. */
static void a_pulled_image_goes(void **state)
{
	struct fixture *x = begin(state, "goes");
	json_t *pull = json_pack("{s:s}", "ref", "");
	json_t *out = NULL, *seen = NULL;
	char ref[512];

	pinned(x, ref);
	json_object_set_new(pull, "ref", json_string(ref));
	assert_ok(
	    x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL, NULL, &out, &x->err));
	assert_ok(
	    x->h->engine->image_tag(x->h, KEY("tag"), ref, "localhost/rfa-pin:goes", &x->err));
	drop(x, ref);
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE, ref, &seen, &x->err));
	is_the_image(x, "localhost/rfa-pin:goes");
	drop(x, ref); /* it is not there any more */
	drop(x, "localhost/rfa-pin:goes");
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE, rfa_facts_str(out, "id", "?"),
						     &seen, &x->err));
	json_decref(out);
	/* Without another name. */
	assert_ok(
	    x->h->registry->pull(x->h, KEY("again"), access_of(), pull, NULL, NULL, &out, &x->err));
	drop(x, ref);
	assert_fails(NOTFOUND, x->h->engine->inspect(x->h, RFA_IMAGE, rfa_facts_str(out, "id", "?"),
						     &seen, &x->err));
	json_decref(out);
	json_decref(pull);
	end(x);
}

static void wait_for(const char *path)
{
	struct timespec tick = { 0, 10000000 };
	int64_t left = slow_ms(20000);

	while (access(path, F_OK) && (left -= 10) > 0)
		nanosleep(&tick, NULL);
	assert_true(left > 0);
}

/* Another process that asks for the pull, and waits. */
static pid_t ask(struct fixture *x, const struct rfa_job_key *k, const json_t *pull)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct rfa_host *mine = NULL;
		json_t *out = NULL;
		int rc = x->world->open(x->world, 0, &mine, &x->err);

		if (!rc)
			rc = mine->registry->pull(mine, k, access_of(), pull, NULL, NULL, &out,
						  &x->err);
		_exit(rc != 0);
	}
	assert_true(pid > 0);
	return pid;
}

static void a_login_is_forgotten(void **state)
{
	struct fixture *x = begin(state, "forget");
	const struct rfa_job_key k = key(x, "pull");
	json_t *pull = json_pack("{s:s}", "ref", PINNED);
	char top[128], config[256], claim[600], command[600];
	int status = 1;
	pid_t pid;

	assert_ok(x->h->runs->forget(x->h, x->run, &x->err));
	if (!x->world->local || !x->world->hold) {
		json_decref(pull);
		end(x);
		skip();
	}
	snprintf(top, sizeof(top), "/dev/shm/rfa-secret-%s", x->run);
	snprintf(config, sizeof(config), "%s/%s/%s/config.json", top, k.step, k.op);
	snprintf(command, sizeof(command),
		 "mkdir -p -m 700 %s/old/job && echo s3cret >%s/old/job/c", top, top);
	/* While it runs it has its login; what others left goes. */
	x->world->hold(x->world, 1);
	pid = ask(x, &k, pull);
	snprintf(claim, sizeof(claim), "%s/runs/%s/jobs/%s/%s/pid", x->h->state_dir, x->run, k.step,
		 k.op);
	wait_for(claim);
	wait_for(config);
	assert_int_equal(system(command), 0);
	assert_fails(LOCKED, x->h->runs->forget(x->h, x->run, &x->err));
	assert_int_equal(access(config, F_OK), 0);
	snprintf(command, sizeof(command), "test ! -e %s/old", top);
	assert_int_equal(system(command), 0);
	x->world->hold(x->world, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_ok(x->h->runs->forget(x->h, x->run, &x->err));
	assert_int_not_equal(access(top, F_OK), 0);
	left_nowhere(x);

	/* Somebody else's directory of that name gets no login. */
	assert_int_equal(mkdir(top, 0755), 0);
	assert_int_equal(chmod(top, 0755), 0);
	assert_fails(REFUSED, x->h->registry->pull(x->h, KEY("pull"), access_of(), pull, NULL, NULL,
						   &(json_t *){ NULL }, &x->err));
	assert_int_equal(rmdir(top), 0);
	json_decref(pull);
	end(x);
}

static struct host_world *waiting;

static int setup(void **state)
{
	*state = waiting;
	return 0;
}

int host_registry_run(const char *name, struct host_world *world, struct host_registry *at)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(a_registry_answers),
		cmocka_unit_test(a_reference_means_an_image),
		cmocka_unit_test(what_is_fetched_is_that_image),
		cmocka_unit_test(what_broke_off_goes_on),
		cmocka_unit_test(what_was_damaged_is_mended),
		cmocka_unit_test(what_lies_is_refused),
		cmocka_unit_test(a_login_counts),
		cmocka_unit_test(an_engine_pulls),
		cmocka_unit_test(a_token_is_enough),
		cmocka_unit_test(a_pulled_image_goes),
		cmocka_unit_test(a_login_is_forgotten),
	};

	waiting = world;
	registry = at;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}
