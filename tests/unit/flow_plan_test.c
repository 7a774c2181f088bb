/* The plans that command lines ask for, by the one command of all flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/commands/flow.h"
#include "fsm/base/facts.h"

static const char file[] =
    "{\"version\":1,\"timeouts\":{\"idle_s\":7},\"environments\":{\"test\":{\"destination\":\"t\"},"
    "\"prod\":{\"destination\":\"p\"}},\"stacks\":{\"shop\":{\"containers\":[\"web\"],\"data\":{"
    "\"members\":{\"db\":{\"volume\":\"v\"}}}},\"bare\":{\"containers\":[\"x\"]}}}";

/* One command line, read as main() does. */
struct line {
	struct rfa_cli cli;
	char folder[64];
	json_t *plan;
	struct rfa_error err;
	int rc;
};

static void read_line(struct line *l, const char *const words[])
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	const struct rfa_option *tables[2] = { rfa_global_options(), NULL };
	struct rfa_args_rules rules = { tables, 2, (size_t)-1, "rfa help" };
	struct rfa_ledger_options options = { 0 };
	char path[128];
	size_t n = 0, used = 0;
	FILE *f;

	memset(l, 0, sizeof(*l));
	snprintf(l->folder, sizeof(l->folder), "/tmp/rfa-plan-XXXXXX");
	assert_non_null(mkdtemp(l->folder));
	snprintf(path, sizeof(path), "%s/rfa.json", l->folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(file, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rfa_config_load(&l->cli.config, path, &problems, &l->err), 0);
	assert_int_equal(unlink(path), 0);
	l->cli.commands = &rfa_commands;
	l->cli.clock = rfa_clock_system();
	assert_int_equal(rfa_ledger_open_memory(&l->cli.ledger, &options, &l->err), 0);
	while (words[n])
		n++;
	assert_int_equal(
	    rfa_command_find(l->cli.commands, words, n, &used, &l->cli.command, &l->err), 0);
	tables[1] = rfa_command_options(&l->cli.command);
	assert_int_equal(rfa_args_parse(&l->cli.args, &rules, (int)(n - used),
					(char *const *)(uintptr_t)(words + used), &l->err),
			 0);
	l->rc = rfa_flow_plan(&l->cli, l->cli.command.flow, &l->plan, &l->err);
}

static void release(struct line *l)
{
	json_decref(l->plan);
	rfa_cli_release(&l->cli);
	rmdir(l->folder);
}

static void assert_same(const json_t *is, const char *want)
{
	char *text = json_dumps(is, JSON_COMPACT | JSON_SORT_KEYS);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

static void test_sides_and_options(void **state)
{
	struct line l;

	(void)state;
	read_line(&l, (const char *const[]){ "promote", "shop", "--from", "test", "--to", "prod",
					     "--force", "--reason", "hotfix", NULL });
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.cli.command.preview, 0);
	assert_int_equal(rfa_facts_int(l.plan, "format", 0), 1);
	assert_string_equal(rfa_facts_str(l.plan, "flow", ""), "promote");
	assert_string_equal(rfa_facts_str(l.plan, "stack", ""), "shop");
	assert_string_equal(rfa_facts_str(l.plan, "source/env", ""), "test");
	assert_string_equal(rfa_facts_str(l.plan, "target/env", ""), "prod");
	assert_same(json_object_get(l.plan, "options"),
		    "{\"attempts\":3,\"connect_timeout_ms\":10000,\"force_reason\":\"hotfix\","
		    "\"idle_timeout_ms\":7000,\"reason\":\"hotfix\"}");
	release(&l);
}

/* `rfa plan FLOW …` is the flow's own command, to be looked at. */
static void test_plan_is_a_preview(void **state)
{
	struct line l;

	(void)state;
	read_line(&l, (const char *const[]){ "plan", "prune", "shop", "--env", "prod", NULL });
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.cli.command.preview, 1);
	assert_string_equal(l.cli.command.name, "prune");
	assert_true(json_is_null(json_object_get(l.plan, "source")));
	assert_string_equal(rfa_facts_str(l.plan, "target/env", ""), "prod");
	assert_same(rfa_facts_at(l.plan, "options/kinds"), "[\"image\",\"data\",\"spool\"]");
	assert_same(rfa_facts_at(l.plan, "options/needs"), "[]");
	release(&l);
}

static void test_a_backup_names_itself(void **state)
{
	struct line l;
	const char *id;

	(void)state;
	read_line(&l, (const char *const[]){ "backup", "images", "bare", "--env", "prod", NULL });
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.cli.command.name, "backup images");
	assert_string_equal(rfa_facts_str(l.plan, "source/env", ""), "prod");
	assert_string_equal(rfa_facts_str(l.plan, "target/env", ""), "prod");
	assert_string_equal(rfa_facts_str(l.plan, "options/set", ""), "images");
	assert_string_equal(rfa_facts_str(l.plan, "options/vault", ""),
			    "/var/lib/rfa/backups/bare");
	assert_string_equal(rfa_facts_str(l.plan, "options/known", "?"), "");
	assert_int_equal(rfa_facts_int(l.plan, "options/retention/monthly", 0), 12);
	id = rfa_facts_str(l.plan, "options/backup", "");
	assert_int_equal(strlen(id), strlen("20261122-103015-prod-images"));
	assert_string_equal(id + 15, "-prod-images");
	release(&l);
}

static void test_wrong_lines(void **state)
{
	static const struct {
		const char *words[12];
		enum rfa_code code;
		const char *said;
	} cases[] = {
		{ { "promote", "shop", "--from", "test", "--to", "test" },
		  RFA_EUSAGE,
		  "--from and --to are both \"test\"" },
		{ { "promote", "shop", "--from", "test" }, RFA_EUSAGE, "`rfa promote` needs --to" },
		{ { "promote", "shpo", "--from", "test", "--to", "prod" },
		  RFA_ENOTFOUND,
		  "rfa.json has no stack \"shpo\"" },
		{ { "promote-data", "bare", "--from", "test", "--to", "prod" },
		  RFA_ECONFIG,
		  "the stack names no data in \"test\"" },
		{ { "promote-data", "shop", "--from", "test", "--to", "prod", "--force" },
		  RFA_EUSAGE,
		  "--force needs --reason TEXT" },
		{ { "restore", "shop", "--env", "prod", "--backup", "x" },
		  RFA_EUSAGE,
		  "\"x\" is not the id of a backup" },
		{ { "restore", "shop", "--env", "prod", "--member", "dv" },
		  RFA_ENOTFOUND,
		  "the data has no member \"dv\"" },
		{ { "lock", "release", "prod", "--run", "y", "--reason", "z" },
		  RFA_EUSAGE,
		  "\"y\" is not the id of a run" },
		{ { "lock", "release", "prod", "--run", "y" }, RFA_EUSAGE, "needs --reason" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line l;

		read_line(&l, cases[i].words);
		if (l.rc != -(int)cases[i].code || !strstr(l.err.msg, cases[i].said))
			fail_msg("case %zu: %d, %s", i, l.rc, l.err.msg);
		assert_null(l.plan);
		release(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides_and_options),
		cmocka_unit_test(test_plan_is_a_preview),
		cmocka_unit_test(test_a_backup_names_itself),
		cmocka_unit_test(test_wrong_lines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
