/* publish: what a build gets beside its request, what the builder writes, who says what is built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/watcher.h"

static int publish(struct world *w, struct rfa_run_result *result, struct rfa_error *err)
{
	rfa_error_clear(err);
	return rfa_run_begin(&w->options, w->plan, result, err);
}

static const char planted[] = "pl4nted in the operator's hands";

static int find(void *user, const char *name, const char **value, struct rfa_error *err)
{
	(void)err;
	*value = !strcmp(name, "build.secrets.npmrc") ? user : NULL;
	return 0;
}

static void with_secret(void *user, json_t *setup, json_t *plan)
{
	const char *more = user;
	json_t *ids = json_pack("[s]", "npmrc");
	json_t *file = rfa_facts_at(setup, "hosts/test/sources");

	file = json_object_get(
	    json_object_get(json_object_get(file, WORLD_SOURCES "/backend"), "dockerfiles"),
	    "Dockerfile");
	json_object_set_new(file, "secrets", json_pack("[s, s*]", "npmrc", more));
	json_object_set_new(rfa_facts_at(plan, "target/stack/build"), "secrets", ids);
}

static void test_secrets(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct watcher x;
	struct world w;
	struct rfa_buf kept = RFA_BUF_INIT(16 << 20);

	(void)state;
	world_make_sources(&w, SCENARIO_MIXED, 7, with_secret, NULL);
	w.options.secret = find;
	w.options.secret_user = (void *)(uintptr_t)planted;
	watcher_begin(&x, &w);
	assert_int_equal(publish(&w, &result, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&x.all), "#5 COPY"));
	assert_null(strstr(rfa_buf_str(&x.all), planted));
	world_ledger_text(&w, result.run, &kept);
	assert_null(strstr(rfa_buf_str(&kept), planted));
	assert_non_null(strstr(rfa_buf_str(&kept), "npmrc"));
	watcher_end(&x);
	world_free(&w);

	/* Nobody knows it: told before anything is built. */
	world_make_sources(&w, SCENARIO_MIXED, 7, with_secret, NULL);
	assert_int_not_equal(publish(&w, &result, &err), 0);
	assert_non_null(strstr(err.msg, "secret npmrc of the build has no value"));
	assert_int_equal(rfa_sim_effects(w.test, "image_build"), 0);
	world_free(&w);

	/* The Dockerfile wants another one: the builder's words are told. */
	world_make_sources(&w, SCENARIO_MIXED, 7, with_secret, (void *)(uintptr_t) "other");
	w.options.secret = find;
	w.options.secret_user = (void *)(uintptr_t)planted;
	watcher_begin(&x, &w);
	assert_int_not_equal(publish(&w, &result, &err), 0);
	assert_non_null(strstr(rfa_buf_str(&x.all), "backend | "));
	assert_non_null(strstr(rfa_buf_str(&x.all), "secret other: not found"));
	watcher_end(&x);
	rfa_buf_release(&kept);
	world_free(&w);
}

static void say_images(void *user, json_t *setup, json_t *plan)
{
	(void)user;
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack/build"), "compose", json_false());
}

/*
 * The target's own file may say how a service is built if it is that of which this run has it
 * built; else nobody knows what would be made there.
 */
static void test_composed(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_COMPOSE, 7, NULL, NULL);
	assert_int_equal(publish(&w, &result, &err), 0);
	assert_string_equal(result.version, "v3");
	assert_int_equal(rfa_sim_effects(w.test, "image_build"), 1);
	assert_int_equal(rfa_sim_effects(w.prod, "compose_up"), 1);
	world_free(&w);

	world_make_sources(&w, SCENARIO_COMPOSE, 7, say_images, NULL);
	assert_int_equal(publish(&w, &result, &err), -RFA_EREFUSED);
	assert_non_null(strstr(err.msg, "the service web is built on prod"));
	world_free(&w);
}

/* A builder that says ok, and has left the labels out. */
static void test_builder_lies(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_sources(&w, SCENARIO_RUN, 7, NULL, NULL);
	rfa_sim_mutate(w.sim, RFA_SIM_MUTATION_BUILD_DROPS_LABELS);
	assert_int_not_equal(publish(&w, &result, &err), 0);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_non_null(strstr(err.msg, "is not labelled as what was built"));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_composed),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_builder_lies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
