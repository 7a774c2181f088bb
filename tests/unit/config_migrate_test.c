/* rfa.json about migrations: whoever comes back has to find a schema that it can live with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/config/migrate_rules.h"
#include "fsm/base/buf.h"
#include "fsm/base/facts.h"

/* The first problem of a stack with this migration: "path: what". */
static void expect(const char *more, const char *expected)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_walk walk = { .text = "", .problems = &problems };
	struct rfa_buf text = RFA_BUF_INIT(65536), out = RFA_BUF_INIT(65536);
	json_t *stack;

	rfa_buf_printf(&text, "{\"migrate\":{\"service\":\"web\",%s}}", more);
	stack = json_loads(rfa_buf_str(&text), 0, NULL);
	if (!stack)
		fail_msg("no JSON: %s", more);
	rfa_walk_check(&walk, rfa_schema_find(rfa_schema_stack, "migrate"),
		       json_object_get(stack, "migrate"));
	rfa_migrate_judge(&walk, stack);
	if (problems.n)
		rfa_buf_printf(&out, "%s: %s", problems.items[0].path, problems.items[0].what);
	assert_string_equal(rfa_buf_str(&out), expected);
	rfa_problems_release(&problems);
	rfa_buf_release(&text);
	rfa_buf_release(&out);
	json_decref(stack);
}

#define EXPAND "\"run\":[\"up\"],\"kind\":\"expand\""
#define BREAKING "\"run\":[\"up\"],\"kind\":\"breaking\""

/* What was meant is shown as it has to be typed. */
static void a_command_as_one_text(void **state)
{
	static const char text[] =
	    "{\"service\":\"web\",\"kind\":\"expand\",\"run\":\" migrate  up \"}";
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_walk walk = { .text = "", .problems = &problems };
	json_t *migrate = json_loads(text, 0, NULL);

	(void)state;
	rfa_walk_check(&walk, rfa_schema_find(rfa_schema_stack, "migrate"), migrate);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.items[0].hint,
			    "put it into a list: \"run\": [\"migrate\", \"up\"]");
	rfa_problems_release(&problems);
	json_decref(migrate);
}

static void right(void **state)
{
	(void)state;
	expect(EXPAND, "");
	expect(EXPAND ",\"undo\":\"none\",\"check\":[\"check\"],\"timeout_s\":1", "");
	expect(EXPAND ",\"undo\":{\"command\":[\"down\",\"it's\"]},\"env\":{\"A\":\"${B}\"}", "");
	expect(BREAKING ",\"undo\":\"restore\"", "");
	expect(BREAKING ",\"undo\":{\"command\":[\"down\"]}", "");
}

static void wrong(void **state)
{
	static const struct {
		const char *more, *why;
	} rows[] = {
		{ BREAKING, "migrate.undo: a breaking migration that nothing takes back" },
		{ BREAKING ",\"undo\":\"none\"",
		  "migrate.undo: a breaking migration that nothing takes back" },
		{ EXPAND ",\"undo\":\"restore\"",
		  "migrate.undo: \"restore\" of a migration during which nothing stops" },
		{ EXPAND ",\"undo\":\"downgrade\"",
		  "migrate.undo: \"downgrade\" is none of its values" },
		{ EXPAND ",\"undo\":{\"command\":[]}", "migrate.undo.command: the list is empty" },
		{ "\"run\":[],\"kind\":\"expand\"", "migrate.run: the list is empty" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].more, rows[i].why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_as_one_text),
		cmocka_unit_test(right),
		cmocka_unit_test(wrong),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("configuration of migrations", tests, NULL, NULL);
}
