/* The standard world of data is what the tests of flows take it for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/world.h"

#define DB "/opt/app/data/auth.db"
#define LEFT "/opt/app/data/.rfa-20261122-103015-4f2a9c.auth.db.new/tree"

static void test_the_standard_world(void **state)
{
	(void)state;
	for (int k = SCENARIO_DATA; k < SCENARIO_COUNT; k++) {
		enum scenario scenario = (enum scenario)k;
		struct rfa_buf why = RFA_BUF_INIT(4096);
		struct world w;
		world_make(&w, scenario, 7);
		assert_string_equal(json_string_value(json_object_get(w.plan, "flow")),
				    "promote-data");
		int whole = world_data_is(&w, "test", "test", &why);
		if (whole != (scenario != SCENARIO_DATA_CORRUPT))
			fail_msg("%s: %s", scenario_word(scenario), rfa_buf_str(&why));
		whole = world_data_is(&w, "prod", "prod", &why);
		assert_int_equal(whole, scenario != SCENARIO_DATA_FIRST);
		rfa_buf_clear(&why);
		if (!world_is_clean(&w, &why))
			fail_msg("%s", rfa_buf_str(&why));
		json_t *data = world_data(&w);
		assert_int_equal(json_object_size(json_object_get(data, "prod")),
				 scenario == SCENARIO_DATA_DATABASE ? 4 : 3);
		json_decref(data);
		/* Who has what: the two by `docker run` the database, the project the others. */
		json_t *trees = NULL, *users;
		struct rfa_error err;
		assert_int_equal(rfa_sim_snapshot(&trees, w.test, RFA_SIM_TREES, &err), 0);
		json_t *all = json_object_get(trees, "trees");
		users = json_object_get(json_object_get(all, DB), "users");
		assert_int_equal(json_array_size(users), 2);
		users = json_object_get(
		    json_object_get(all, "/var/lib/docker/volumes/shop_esdata/_data"), "users");
		assert_int_equal(json_array_size(users), 1);
		assert_string_equal(json_string_value(json_array_get(users, 0)), "shop-es-1");
		json_decref(trees);
		json_t *web = NULL;
		assert_int_equal(
		    w.source->engine->inspect(w.source, RFA_CONTAINER, "shop-web-1", &web, &err),
		    0);
		assert_string_equal(json_string_value(json_object_get(
					json_object_get(json_object_get(web, "Config"), "Labels"),
					"com.docker.compose.depends_on")),
				    "es:service_healthy:false");
		json_decref(web);
		json_decref(world_backup_plan(&w, "prod", "20261122-100000-prod-data"));
		json_decref(world_restore_plan(&w, "drill", "prod", "test", "x"));
		rfa_buf_release(&why);
		world_free(&w);
	}
}

/* What a half copy and an abandoned backup are to world_is_clean(). */
static void test_leftovers_are_seen(void **state)
{
	struct rfa_buf why = RFA_BUF_INIT(4096);
	struct rfa_error err;
	struct world w;
	json_t *made = json_object();
	(void)state;
	world_make(&w, SCENARIO_DATA, 7);
	assert_int_equal(rfa_sim_tree_put(w.prod, LEFT, made, &err), 0);
	assert_false(world_is_clean(&w, &why));
	assert_non_null(strstr(rfa_buf_str(&why), LEFT));
	json_decref(made);
	rfa_buf_release(&why);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_standard_world),
		cmocka_unit_test(test_leftovers_are_seen),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
