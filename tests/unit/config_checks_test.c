/* rfa.json about checks: what may stand together, and the one list that they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/config/checks.h"
#include "fsm/base/buf.h"
#include "fsm/base/facts.h"

/* The first problem of a stack with these checks: "path: what". */
static void expect(const char *checks, const char *expected)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_walk walk = { .text = "", .problems = &problems };
	struct rfa_buf text = RFA_BUF_INIT(65536), out = RFA_BUF_INIT(65536);
	json_t *stack;

	rfa_buf_printf(&text, "{\"containers\":[\"web\"],\"checks\":%s}", checks);
	stack = json_loads(rfa_buf_str(&text), 0, NULL);
	if (!stack)
		fail_msg("no JSON: %s", checks);
	rfa_walk_check(&walk, rfa_schema_find(rfa_schema_stack, "checks"),
		       json_object_get(stack, "checks"));
	rfa_checks_judge(&walk, stack);
	if (problems.n)
		rfa_buf_printf(&out, "%s: %s", problems.items[0].path, problems.items[0].what);
	assert_string_equal(rfa_buf_str(&out), expected);
	/* What is a rule's own says how to mend it, too. */
	if (!strncmp(rfa_buf_str(&out), "checks[", 7))
		assert_true(problems.items[0].hint[0]);
	rfa_problems_release(&problems);
	rfa_buf_release(&text);
	rfa_buf_release(&out);
	json_decref(stack);
}

static void right(void **state)
{
	(void)state;
	expect("[]", "");
	expect("[{\"url\":\"http://127.0.0.1/\"},{\"url\":\"http://127.0.0.1/\"}]", "");
	expect("[{\"name\":\"all of it\",\"url\":\"https://me:${A}@h:8/x\",\"status\":\"2xx\","
	       "\"body\":\"a\",\"not_body\":\"b\",\"headers\":{\"X-A\":\"1\"},"
	       "\"content_type\":\"text/javascript\",\"host\":\"shop.example:8\",\"follow\":true,"
	       "\"method\":\"PUT\",\"send\":\"{}\",\"send_type\":\"application/json\","
	       "\"from\":\"operator\",\"timeout_s\":300,\"insecure_tls\":true,"
	       "\"at\":[\"deploy\",\"smoke\",\"data\",\"drill\"]}]",
	       "");
	expect("[{\"name\":\"a\",\"tcp\":\"[::1]:65535\"},{\"name\":\"b\",\"tcp\":\"db.x:1\","
	       "\"from\":\"operator\"}]",
	       "");
	expect("[{\"name\":\"a\",\"container\":\"other-1\",\"networks\":[\"shop\"]}]", "");
	expect("[{\"name\":\"a\",\"exec\":{\"service\":\"web\",\"command\":[\"x\"]}},"
	       "{\"name\":\"b\",\"exec\":{\"container\":\"any\",\"command\":[\"sh\",\"-c\","
	       "\"a; b\"],\"output\":\"ok\",\"timeout_s\":600}}]",
	       "");
}

static void wrong(void **state)
{
	static const struct {
		const char *checks, *why;
	} rows[] = {
		{ "[{\"name\":\"a\"}]",
		  "[0]: one of \"url\", \"tcp\", \"container\", \"exec\" is needed" },
		{ "[{\"name\":\"a\",\"url\":\"http://h/\",\"tcp\":\"h:1\"}]",
		  "[0]: only one of \"url\", \"tcp\", \"container\", \"exec\" can be here" },
		{ "[{\"tcp\":\"h:1\"}]", "checks[0]: \"name\" is missing" },
		{ "[{\"container\":\"c\"}]", "checks[0]: \"name\" is missing" },
		{ "[{\"name\":\"a\",\"tcp\":\"h:1\"},{\"name\":\"a\",\"container\":\"c\"}]",
		  "checks[1].name: another check has this name" },
		{ "[{\"name\":\"a\",\"tcp\":\"h:70000\"}]", "checks[0].tcp: 70000 is no port" },
		{ "[{\"name\":\"a\",\"tcp\":\"h\"}]",
		  "[0].tcp: expected an address and a port, such as 127.0.0.1:5432 or [::1]:5432, "
		  "got the string \"h\"" },
		{ "[{\"url\":\"http://h/\",\"at\":[]}]",
		  "checks[0].at: the list is empty: it would never be asked" },
		{ "[{\"url\":\"http://h/\",\"at\":[\"night\"]}]",
		  "[0].at[0]: expected one of \"deploy\", \"smoke\", \"data\", \"drill\", got "
		  "\"night\"" },
		{ "[{\"name\":\"a\",\"tcp\":\"h:1\",\"status\":200}]",
		  "checks[0].status: a check of the kind \"tcp\" has no such key" },
		{ "[{\"name\":\"a\",\"container\":\"c\",\"from\":\"host\"}]",
		  "checks[0].from: a check of the kind \"container\" has no such key" },
		{ "[{\"url\":\"http://h/\",\"networks\":[\"n\"]}]",
		  "checks[0].networks: a check of the kind \"url\" has no such key" },
		{ "[{\"name\":\"a\",\"timeout_s\":5,\"exec\":{\"service\":\"web\",\"command\":"
		  "[\"x\"]}}]",
		  "checks[0].timeout_s: it belongs into \"exec\"" },
		{ "[{\"name\":\"a\",\"exec\":{\"service\":\"web\",\"command\":[]}}]",
		  "checks[0].exec.command: the list is empty" },
		{ "[{\"name\":\"a\",\"exec\":{\"command\":[\"x\"]}}]",
		  "[0].exec: one of \"service\", \"container\" is needed" },
		{ "[{\"name\":\"a\",\"exec\":{\"service\":\"wbe\",\"command\":[\"x\"]}}]",
		  "checks[0].exec.service: \"wbe\" is no container of the stack" },
		{ "[{\"url\":\"http://h/\",\"status\":\"20x\"}]",
		  "[0].status: expected a class of HTTP status, such as 2xx, got the string "
		  "\"20x\"" },
		{ "[{\"url\":\"http://h/\",\"status\":99}]",
		  "[0].status: expected a whole number from 100 to 599, got 99" },
		{ "[{\"url\":\"http://h/\",\"status\":true}]",
		  "[0].status: expected a whole number, or a class such as \"2xx\", got true" },
		{ "[{\"url\":\"http://h/\",\"method\":\"get\"}]",
		  "[0].method: expected one of \"GET\", \"HEAD\", \"POST\", \"PUT\", \"PATCH\", "
		  "\"DELETE\", \"OPTIONS\", got \"get\"" },
		{ "[{\"url\":\"http://h/\",\"host\":\"a b\"}]",
		  "[0].host: expected a host name, and a port if there is one, got the string \"a "
		  "b\"" },
		{ "[{\"url\":\"http://h/\",\"headers\":{\"a b\":\"c\"}}]",
		  "[0].headers[\"a b\"]: expected the name of a header as the key" },
		{ "[{\"url\":\"http://h/\",\"content_type\":\"js\"}]",
		  "[0].content_type: expected a media type, such as text/javascript, got the "
		  "string "
		  "\"js\"" },
		{ "[7]", "[0]: expected an object, got the number 7" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].checks, rows[i].why);
}

/* What is short and what is long become one list, in which each has a name of its own. */
static void one_list(void **state)
{
	json_t *stack = json_loads(
	    "{\"health\":[{\"url\":\"http://a/\",\"status\":204},{\"url\":\"http://a/\","
	    "\"body\":\"x\"}],\"checks\":[{\"url\":\"http://a/\",\"status\":\"3xx\",\"at\":"
	    "[\"smoke\"]},{\"name\":\"http://a/ (2)\",\"tcp\":\"h:1\",\"at\":[\"deploy\"]}]}",
	    0, NULL);
	static const char *const names[] = { "http://a/", "http://a/ (3)", "http://a/ (4)",
					     "http://a/ (2)" };
	struct rfa_error err;
	const json_t *all;
	size_t i;

	(void)state;
	assert_non_null(stack);
	assert_int_equal(rfa_checks_merge(stack, &err), 0);
	assert_null(json_object_get(stack, "health"));
	all = json_object_get(stack, "checks");
	assert_int_equal(json_array_size(all), 4);
	for (i = 0; i < 4; i++)
		assert_string_equal(rfa_facts_str(json_array_get(all, i), "name", ""), names[i]);
	/* Always, where it is not said when. */
	assert_null(json_object_get(json_array_get(all, 0), "at"));
	assert_string_equal(rfa_facts_str(json_array_get(all, 0), "status", ""), "204");
	assert_string_equal(rfa_facts_str(json_array_get(all, 2), "status", ""), "3xx");
	json_decref(stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right),
		cmocka_unit_test(wrong),
		cmocka_unit_test(one_list),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("configuration of checks", tests, NULL, NULL);
}
