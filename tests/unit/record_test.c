/* Records: what is written is read again, and what is not a record is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/model/plan.h"
#include "fsm/model/proven.h"

static int read_text(const struct rfa_shape *shape, const char *text, struct rfa_pool *pool,
		     void *out, struct rfa_error *err)
{
	json_t *json = NULL;
	int rc = rfa_facts_parse(&json, text, strlen(text), "the test", err);

	assert_int_equal(rc, 0);
	rc = rfa_record_read(shape, json, pool, out, err);
	json_decref(json);
	return rc;
}

/* The sorted, compact text of a record; freed by the caller. */
static char *text_of(const struct rfa_shape *shape, const void *record)
{
	struct rfa_error err;
	json_t *json = NULL;
	char *text;

	assert_int_equal(rfa_record_write(shape, record, &json, &err), 0);
	text = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(json);
	return text;
}

static void each_kind_of_field_is_read_and_written(void **state)
{
	static const char text[] =
	    "{\"containers\":[{\"key\":\"web\",\"needs\":[\"db\",\"cache\"],\"running\":true}],"
	    "\"engine\":{\"engine\":\"26.1.5\",\"tools\":{\"b2sum\":true},\"uid\":1000},"
	    "\"images\":{\"images\":[{\"key\":\"web\",\"layers\":[\"sha256:a\",\"sha256:b\"],"
	    "\"size\":9007199254740993}],\"version\":\"1.2\"},\"missing\":[\"web\"]}";
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_proven p;
	struct rfa_error err;
	char *again;

	(void)state;
	assert_int_equal(read_text(&rfa_shape_proven, text, &pool, &p, &err), 0);
	assert_int_equal(p.containers.n, 1);
	assert_string_equal(p.containers.at[0].key, "web");
	assert_string_equal(p.containers.at[0].health, "");
	assert_true(p.containers.at[0].running);
	assert_false(p.containers.at[0].present);
	assert_int_equal(p.containers.at[0].needs.n, 2);
	assert_string_equal(p.containers.at[0].needs.at[1], "cache");
	assert_int_equal(p.engine->uid, 1000);
	assert_true(json_is_true(json_object_get(p.engine->tools, "b2sum")));
	assert_true(p.images->images.at[0].size == 9007199254740993);
	assert_null(p.manifest);
	assert_int_equal(p.members.n, 0);
	again = text_of(&rfa_shape_proven, &p);
	assert_string_equal(again, text);
	free(again);
	rfa_pool_release(&pool);
}

/* A number may say something by being zero; its table tells which one is not written. */
static void a_number_that_is_absent_is_the_one_of_the_table(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_stack_data data;
	struct rfa_error err;
	char *text;

	(void)state;
	assert_int_equal(read_text(&rfa_shape_stack_data, "{}", &pool, &data, &err), 0);
	assert_int_equal(data.keep_generations, 1);
	text = text_of(&rfa_shape_stack_data, &data);
	assert_string_equal(text, "{}");
	free(text);
	assert_int_equal(
	    read_text(&rfa_shape_stack_data, "{\"keep_generations\":0}", &pool, &data, &err), 0);
	assert_int_equal(data.keep_generations, 0);
	text = text_of(&rfa_shape_stack_data, &data);
	assert_string_equal(text, "{\"keep_generations\":0}");
	free(text);
	rfa_pool_release(&pool);
}

static void a_named_record_has_its_key(void **state)
{
	static const char text[] = "{\"members\":{\"db\":{\"volume\":\"shop_db\"},\"files\":"
				   "{\"directory\":\"/srv/files\"}}}";
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_stack_data data;
	struct rfa_error err;
	char *again;

	(void)state;
	assert_int_equal(read_text(&rfa_shape_stack_data, text, &pool, &data, &err), 0);
	assert_int_equal(data.members.n, 2);
	assert_string_equal(data.members.at[0].name, "db");
	assert_string_equal(data.members.at[0].volume, "shop_db");
	again = text_of(&rfa_shape_stack_data, &data);
	assert_string_equal(again, text);
	free(again);
	rfa_pool_release(&pool);
}

static void null_and_unknown_keys_are_absent(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_error err;
	struct rfa_plan plan;

	(void)state;
	assert_int_equal(read_text(&rfa_shape_plan,
				   "{\"flow\":\"x\",\"source\":null,\"later\":[1,2]}", &pool, &plan,
				   &err),
			 0);
	assert_string_equal(plan.flow, "x");
	assert_null(plan.source);
	rfa_pool_release(&pool);
}

static void a_wrong_type_is_told_by_its_name(void **state)
{
	static const struct {
		const char *text, *record, *field;
	} wrong[] = {
		{ "{\"pins\":1}", "proven", "pins" },
		{ "{\"missing\":\"web\"}", "proven", "missing" },
		{ "{\"missing\":[1]}", "proven", "missing" },
		{ "{\"received\":\"1\"}", "proven", "received" },
		{ "{\"received\":1.5}", "proven", "received" },
		{ "{\"has_data\":1}", "proven", "has_data" },
		{ "{\"engine\":[]}", "proven", "engine" },
		{ "{\"members\":{}}", "proven", "members" },
		{ "{\"members\":[{\"uid\":true}]}", "member", "uid" },
		{ "{\"members\":[{\"database\":{\"user\":[]}}]}", "database", "user" },
	};
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_proven p;
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		rfa_error_clear(&err);
		assert_int_equal(read_text(&rfa_shape_proven, wrong[i].text, &pool, &p, &err),
				 -RFA_ECORRUPT);
		assert_non_null(strstr(err.msg, wrong[i].record));
		assert_non_null(strstr(err.msg, wrong[i].field));
		rfa_pool_release(&pool);
	}
	assert_int_equal(read_text(&rfa_shape_proven, "[]", &pool, &p, &err), -RFA_ECORRUPT);
	assert_int_equal(read_text(&rfa_shape_proven, "{\"members\":[\"db\"]}", &pool, &p, &err),
			 -RFA_ECORRUPT);
	rfa_pool_release(&pool);
}

/* What one row has proven stays when another one adds to it. */
static void rows_add_to_one_record(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	json_t *later = json_pack("{s:i, s:[s]}", "received", 7, "missing", "b");
	struct rfa_proven p;
	struct rfa_error err;

	(void)state;
	assert_int_equal(
	    read_text(&rfa_shape_proven, "{\"sent\":3,\"missing\":[\"a\",\"c\"]}", &pool, &p, &err),
	    0);
	assert_int_equal(rfa_record_merge(&rfa_shape_proven, later, &pool, &p, &err), 0);
	assert_int_equal(p.sent, 3);
	assert_int_equal(p.received, 7);
	assert_int_equal(p.missing.n, 1);
	assert_string_equal(p.missing.at[0], "b");
	json_decref(later);
	rfa_pool_release(&pool);
}

/* Also where the list has to move. */
static void lists_grow_in_order(void **state)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_image_list list = { NULL, 0 };
	const struct rfa_image *image;
	struct rfa_error err;
	char key[16];
	size_t n = 0;
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%zu", i);
		RFA_ADD(&pool, image, &list)->key = rfa_pool_text(&pool, key);
	}
	assert_int_equal(rfa_pool_check(&pool, &err), 0);
	RFA_EACH (image, list) {
		snprintf(key, sizeof(key), "k%zu", n++);
		assert_string_equal(image->key, key);
		assert_string_equal(image->ref, "");
	}
	assert_int_equal(n, 100);
	assert_ptr_equal(rfa_image_of(&list, "k77"), &list.at[77]);
	assert_null(rfa_image_of(&list, "k100"));
	rfa_pool_release(&pool);
}

/* Every table: names once, and small enough for a pool that ran out of memory. */
static void check_shape(const struct rfa_shape *shape, int depth)
{
	size_t i, j;

	assert_true(depth < 8);
	assert_true(shape->size <= RFA_POOL_RECORD_MAX);
	for (i = 0; i < shape->n; i++) {
		for (j = 0; j < i; j++)
			assert_string_not_equal(shape->fields[i].name, shape->fields[j].name);
		assert_true(*shape->fields[i].what);
		if (shape->fields[i].of)
			check_shape(shape->fields[i].of, depth + 1);
		if (shape->fields[i].kind == RFA_FIELD_NAMED)
			assert_int_equal(shape->fields[i].of->fields[0].kind, RFA_FIELD_TEXT);
	}
}

static void every_table_is_sound(void **state)
{
	(void)state;
	check_shape(&rfa_shape_plan, 0);
	check_shape(&rfa_shape_proven, 0);
	check_shape(&rfa_shape_made, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_field_is_read_and_written),
		cmocka_unit_test(a_number_that_is_absent_is_the_one_of_the_table),
		cmocka_unit_test(a_named_record_has_its_key),
		cmocka_unit_test(null_and_unknown_keys_are_absent),
		cmocka_unit_test(a_wrong_type_is_told_by_its_name),
		cmocka_unit_test(rows_add_to_one_record),
		cmocka_unit_test(lists_grow_in_order),
		cmocka_unit_test(every_table_is_sound),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
