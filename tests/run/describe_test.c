/* A first deployment from a description of what runs on the source: seen, judged, filled in, done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/run/describe.h"
#include "tests/harness/watcher.h"

static const char *const own[] = { "172.30.30.58", "test.example.com", NULL };

static json_t *describe(struct world *w)
{
	struct rfa_error err;
	json_t *found = NULL;

	if (rfa_describe(w->source, own, &found, &err))
		fail_msg("%s", err.msg);
	return found;
}

/* The stack that has this container. */
static json_t *stack_of(const json_t *found, const char *container)
{
	const char *name;
	json_t *stack;

	json_object_foreach (json_object_get(found, "stacks"), name, stack) {
		if (json_object_get(rfa_facts_at(stack, "bootstrap/containers"), container))
			return stack;
	}
	fail_msg("no stack has %s", container);
	return NULL;
}

static int has(const json_t *list, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		if (!strcmp(json_string_value(one), text))
			return 1;
	}
	return 0;
}

static void test_what_is_written(void **state)
{
	struct world w;
	json_t *found, *stack, *body;
	char *text;

	(void)state;
	world_make(&w, SCENARIO_MIXED, 7);
	found = describe(&w);
	stack = stack_of(found, "backend");
	body = json_object_get(rfa_facts_at(stack, "bootstrap/containers"), "backend");
	/* They share a network. */
	assert_ptr_equal(stack, stack_of(found, "frontend"));
	assert_true(has(json_object_get(stack, "containers"), "frontend"));
	assert_true(has(rfa_facts_at(stack, "bootstrap/requires"), "/opt/app/data/"));
	assert_true(has(json_object_get(body, "Env"), "MODE=prod"));
	assert_true(has(json_object_get(body, "Env"), "SECRET=${SECRET}"));
	assert_null(json_object_get(body, "Image"));
	assert_string_equal(rfa_facts_str(body, "HostConfig/NetworkMode", ""), "appnet");
	assert_non_null(rfa_facts_at(found, "stacks/shop/compose"));
	assert_string_equal(rfa_facts_str(found, "stacks/shop/compose/directory", ""),
			    "/srv/stacks/shop");
	assert_true(json_array_size(json_object_get(found, "notes")) >= 2);
	text = json_dumps(found, 0);
	assert_null(strstr(text, "s3cr"));
	assert_null(strstr(text, "\"Memory\": 0"));
	json_decref(found);
	free(text);
	world_free(&w);
}

/* The same that a run would be told, and nothing is touched: no lock, no record. */
static void foresees(struct world *w, const char *verdict, size_t refusals)
{
	struct rfa_error err;
	json_t *document = NULL, *gate;
	size_t i, n = 0;
	int rc = rfa_run_preview(&w->options, w->plan, &document, &err);

	if (rc)
		fail_msg("%d: %s", rc, err.msg);
	assert_string_equal(rfa_facts_str(document, "verdict", ""), verdict);
	json_array_foreach (json_object_get(document, "gates"), i, gate) {
		if (strcmp(rfa_facts_str(gate, "verdict", ""), "passed") != 0) {
			assert_string_equal(rfa_facts_str(gate, "gate", ""), "first deployment");
			n++;
		}
	}
	assert_true(i > 5);
	assert_int_equal(n, refusals);
	json_decref(document);
}

static void test_first_deployment(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct rfa_buf why = RFA_BUF_INIT(1 << 16);
	struct watcher x;
	struct world w;
	json_t *found, *bootstrap, *name, *body;
	const char *key;

	(void)state;
	world_make(&w, SCENARIO_FIRST, 7);
	watcher_begin(&x, &w);
	json_object_del(rfa_facts_at(w.plan, "target/stack"), "bootstrap");
	foresees(&w, "refused", 2); /* nobody says how to make the two */
	found = describe(&w);
	bootstrap = json_object_get(stack_of(found, "backend"), "bootstrap");
	assert_int_equal(
	    json_object_set(rfa_facts_at(w.plan, "target/stack"), "bootstrap", bootstrap), 0);
	foresees(&w, "refused", 2); /* each has a secret that is not filled in */
	json_object_foreach (json_object_get(bootstrap, "containers"), key, body) {
		size_t i;

		json_array_foreach (json_object_get(body, "Env"), i, name) {
			if (!strcmp(json_string_value(name), "SECRET=${SECRET}"))
				json_array_set_new(json_object_get(body, "Env"), i,
						   json_string("SECRET=prod's own"));
		}
	}
	foresees(&w, "changes", 0);
	assert_true(world_is_clean(&w, &why));
	if (rfa_run_begin(&w.options, w.plan, &result, &err))
		fail_msg("%s (%s)", err.msg, err.hint);
	assert_int_equal(result.final, RFA_FINAL_SUCCEEDED);
	json_decref(found);
	rfa_buf_release(&why);
	watcher_end(&x);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written),
		cmocka_unit_test(test_first_deployment),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
