/* Images are known by what they are: what is verified, and what a digest pins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/steps/images/image_set.h"
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

enum { EDITS = WORLD_EDITS };

#define BODY(host) "hosts|" host "|containers|0|body|"
#define STACK "target|stack|"

/* What a host runs, as the ledger keeps it of an environment that has proven it. New. */
static json_t *proven(struct world *w, struct rfa_host *host)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_observed_list seen;
	struct rfa_proven proven;
	struct rfa_stack stack;
	struct rfa_error err;
	json_t *set;

	rfa_record_clear(&rfa_shape_proven, &proven);
	assert_int_equal(rfa_record_read(&rfa_shape_stack, rfa_facts_at(w->plan, "target/stack"),
					 &pool, &stack, &err),
			 0);
	assert_int_equal(rfa_observe_images(host, &stack, NULL, &pool, &proven, &seen, &err), 0);
	assert_int_equal(rfa_record_write(&rfa_shape_image_set, proven.images, &set, &err), 0);
	rfa_pool_release(&pool);
	return set;
}

/* Images are what is verified, not what they are called. */
static void test_verified_images(void **state)
{
	static const struct world_edit edits[EDITS] = { { STACK "gates|require_verified",
							  "true" } };
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		json_t *set;
		char ids[2][32], both[256];

		/* Both hosts run other images, and all of them are called v1. */
		world_make_edited(&w, SCENARIO_SAME_TAG, 7, world_edit_all,
				  (void *)(uintptr_t)edits);
		set = proven(&w, i ? w.source : w.target);
		snprintf(ids[1], sizeof(ids[1]), "%.12s",
			 rfa_facts_str(set, "images/0/id", "") + 7);
		json_object_set_new(json_object_get(w.plan, "options"), "verified", set);
		set = proven(&w, w.source);
		snprintf(ids[0], sizeof(ids[0]), "%.12s",
			 rfa_facts_str(set, "images/0/id", "") + 7);
		json_decref(set);
		watcher_begin(&x, &w);
		assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err),
				 i ? 0 : -RFA_EREFUSED);
		if (!i) {
			snprintf(both, sizeof(both),
				 "backend runs backend:v1 (image %s), but what was verified on "
				 "test is backend:v1 (image %s)",
				 ids[0], ids[1]);
			assert_string_not_equal(ids[0], ids[1]);
			assert_int_equal(json_array_size(x.refused), 2);
			assert_true(watcher_is_refused(x.refused, "verified", both));
		}
		watcher_end(&x);
		world_free(&w);
	}
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *ref_on(struct world *w, json_t **seen, const char *container)
{
	struct rfa_error err;
	char path[128];

	assert_int_equal(rfa_sim_snapshot(seen, w->prod, RFA_SIM_CONTAINERS, &err), 0);
	snprintf(path, sizeof(path), "containers/%s/ref", container);
	return rfa_facts_str(*seen, path, "");
}

/* A digest is the best pin. No engine makes a reference with one: on the target it is a tag. */
static void test_pinned_by_digest(void **state)
{
	static const struct {
		const char *pin, *is;
	} forms[] = {
		{ "v2@sha256:" HEX, "v2" },
		{ "@sha256:" HEX, "sha256-" HEX },
	};
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char refs[3][256];
		struct world_edit edits[EDITS] = {
			{ "hosts|test|images|0|digest", "\"backend@sha256:" HEX "\"" },
			{ BODY("test") "Image", refs[0] },
			{ "hosts|test|images|2|digest", "\"web@sha256:" HEX "\"" },
			{ "hosts|test|compose|0|config|services|web|image", refs[1] },
		};
		struct world w;
		json_t *seen = NULL;
		json_t *plan;

		snprintf(refs[0], sizeof(refs[0]), "\"backend%s%s\"", i ? "" : ":", forms[i].pin);
		snprintf(refs[1], sizeof(refs[1]), "\"web%s%s\"", i ? "" : ":", forms[i].pin);
		world_make_edited(&w, SCENARIO_MIXED, 7, world_edit_all, edits);
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("%s: %s (%s)", refs[0], err.msg, err.where);
		snprintf(refs[2], sizeof(refs[2]), "backend:%s", forms[i].is);
		assert_string_equal(ref_on(&w, &seen, "backend"), refs[2]);
		json_decref(seen);
		snprintf(refs[2], sizeof(refs[2]), "web:%s", forms[i].is);
		assert_string_equal(ref_on(&w, &seen, "shop-web-1"), refs[2]);
		json_decref(seen);
		plan = world_rollback_plan(&w);
		assert_int_equal(rfa_run_begin(&w.options, plan, &result, &err), 0);
		assert_string_equal(ref_on(&w, &seen, "backend"), "backend:v1");
		json_decref(seen);
		json_decref(plan);
		world_free(&w);
	}
}

/* Of what the target has nothing is saved on the source; if that cannot be, it is told why. */
static void test_saved(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	int readable;

	(void)state;
	for (readable = 0; readable < 2; readable++) {
		world_make(&w, SCENARIO_RUN, 7);
		rfa_sim_store(w.test, readable);
		watcher_begin(&x, &w);
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("%s (%s)", err.msg, err.where);
		assert_int_equal(!strstr(rfa_buf_str(&x.all),
					 "the engine has saved all layers, which takes "
					 "longer: its store cannot be read"),
				 readable);
		watcher_end(&x);
		world_free(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saved),
		cmocka_unit_test(test_pinned_by_digest),
		cmocka_unit_test(test_verified_images),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
