/* Layers out of an engine's own store: what any implementation promises of an export that leaves
 * some out. */
#include "tests/contract/host_fixture.h"

#include <string.h>

#include "fsm/base/facts.h"

static json_t *request(struct fixture *x, int omit)
{
	json_t *image = NULL, *r;

	assert_ok(x->h->engine->inspect(x->h, RFA_IMAGE, "app:2", &image, &x->err));
	r = json_pack("{s:[{s:s, s:s}], s:[], s:s}", "images", "id", rfa_facts_str(image, "Id", ""),
		      "name", "localhost/rfa-pin:two", "omit", "name", "images");
	if (omit)
		json_array_append(json_object_get(r, "omit"),
				  rfa_facts_at(image, "RootFS/Layers/0"));
	json_decref(image);
	return r;
}

/* What an archive is, in a few bytes. */
static json_t *digests(struct fixture *x, const char *run, const json_t *made)
{
	json_t *out = NULL;
	uint64_t size = 0, all = (uint64_t)rfa_facts_int(made, "bytes", 0);

	assert_ok(x->h->runs->spool_digests(x->h, run, "images", 65536, all, &out, &size, &x->err));
	assert_int_equal(size, all);
	return out;
}

/* Only the wanted layers are saved; where that cannot be done, all are, and the archive is the
 * same. */
static void only_what_is_wanted_is_saved(void **state)
{
	struct fixture *x = begin(state, "store");
	json_t *r = request(x, 0), *all = NULL, *lean = NULL, *is, *again;
	char other[80];
	int how;

	assert_ok(x->h->engine->image_export(x->h, KEY("all"), r, &all, &x->err));
	assert_string_equal(rfa_facts_str(all, "whole", ""), "");
	json_decref(r);
	r = request(x, 1);
	assert_ok(x->h->engine->image_export(x->h, KEY("lean"), r, &lean, &x->err));
	assert_string_equal(rfa_facts_str(lean, "whole", ""), "");
	assert_int_equal(rfa_facts_int(lean, "omitted", 0), 1);
	assert_true(rfa_facts_int(lean, "saved", 0) > 0);
	assert_true(rfa_facts_int(lean, "saved", 0) < rfa_facts_int(all, "saved", 0) / 2);
	is = digests(x, x->run, lean);
	snprintf(other, sizeof(other), "%s.other", x->run);
	for (how = 1; x->world->store && how <= 3; how++) {
		struct rfa_job_key k = key(x, "whole");
		json_t *whole = NULL;

		k.run = other;
		x->world->store(x->world, how);
		assert_ok(x->h->engine->image_export(x->h, &k, r, &whole, &x->err));
		x->world->store(x->world, 0);
		assert_string_not_equal(rfa_facts_str(whole, "whole", ""), "");
		assert_int_equal(rfa_facts_int(whole, "saved", 0), rfa_facts_int(all, "saved", -1));
		again = digests(x, other, whole);
		assert_true(json_equal(is, again));
		json_decref(again);
		json_decref(whole);
		assert_ok(x->h->runs->remove(x->h, other, &x->err));
	}
	json_decref(is);
	json_decref(r);
	json_decref(all);
	json_decref(lean);
	end(x);
}

static struct host_world *stored;

static int setup(void **state)
{
	*state = stored;
	return 0;
}

int host_store_run(const char *name, struct host_world *world)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test(only_what_is_wanted_is_saved),
	};

	stored = world;
	return cmocka_run_group_tests_name(name, contract, setup, NULL);
}
