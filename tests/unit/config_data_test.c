/*
 * rfa.json about data: what may be one piece and what may not, where a vault is, the plans of the
 * flows that move data, and the ids and ages that they are told by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/config/config.h"
#include "cli/commands/vault.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"
#include "fsm/base/buf.h"
#include "fsm/base/facts.h"

#define ENVS "\"environments\":{\"test\":{\"destination\":\"t\"},\"prod\":{\"destination\":\"p\"}}"
/* The part stands on a line of its own: its first character, a comma, is at 2:1. */
#define FILE_WITH(rest)            \
	"{\"version\":1," ENVS "," \
	"\"stacks\":{\"shop\":{\"containers\":[\"web\"]\n" rest "}}}"
#define MEMBERS(rest) ",\"data\":{\"members\":{\n" rest "}}"

/* All problems of a text: "line:column path: what; hint" each. */
static void expect(const char *text, const char *expected)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *root = NULL;

	int rc = rfa_config_parse(&root, text, strlen(text), &problems, &err);
	assert_int_equal(rc == 0, problems.n == 0);
	for (size_t i = 0; i < problems.n; i++) {
		const struct rfa_problem *p = &problems.items[i];
		rfa_buf_printf(&out, "%s%d:%d %s: %s; %s", i ? "\n" : "", p->line, p->column,
			       p->path, p->what, p->hint);
	}
	assert_string_equal(rfa_buf_str(&out), expected);
	rfa_buf_release(&out);
	rfa_problems_release(&problems);
	json_decref(root);
}

static void right(void **state)
{
	(void)state;
	expect(FILE_WITH(MEMBERS("\"a\":{\"volume\":\"v.1\"},\"b\":{\"directory\":\"/d/x\"},\"c\":{"
				 "\"sqlite\":\"/d/y.db\"},\"x-why\":7")),
	       "");
	/* Beside one another, however alike the names are. */
	expect(FILE_WITH(MEMBERS("\"a\":{\"directory\":\"/d/x\"},\"b\":{\"directory\":\"/d/xy\"},"
				 "\"c\":{\"sqlite\":\"/d/x.db\"}")),
	       "");
	expect(FILE_WITH(",\"data\":{\"members\":{},\"stop\":{\"projects\":[\"p\"],"
			 "\"containers\":[\"c\"]},\"keep_generations\":0}"),
	       "");
	expect(
	    FILE_WITH(",\"backup\":{\"where\":\"operator\",\"directory\":\"back/ups\",\"files\":["
		      "\"/opt/.env\"],\"keep\":{\"count\":1,\"daily\":2}}"),
	    "");
}

static void a_database_of_a_server(void **state)
{
	(void)state;
	expect(FILE_WITH(MEMBERS("\"a\":{\"postgres\":{\"container\":\"db-1\",\"database\":\"x y\","
				 "\"user\":\"me\"}},\"b\":{\"postgres\":{\"container\":\"db-1\","
				 "\"database\":\"other\"}}")),
	       "");
	expect(
	    FILE_WITH(MEMBERS("\"a\":{\"postgres\":{\"database\":\"x\"}}")),
	    "3:6 stacks.shop.data.members.a.postgres: \"container\" is missing: the container that "
	    "the server runs in; it is not stopped; add for example \"container\": \"shop-db-1\"");
	expect(
	    FILE_WITH(MEMBERS("\"a\":{\"postgres\":{\"container\":\"d\",\"database\":\"x\"}},"
			      "\n\"b\":{\"postgres\":{\"container\":\"d\",\"database\":\"x\"}}")),
	    "4:1 stacks.shop.data.members.b: it is the same as the member \"a\"; name each "
	    "piece of data once");
	expect(FILE_WITH(MEMBERS("\"a\":{\"mysql\":{\"container\":\"d\",\"database\":\"x\"}},"
				 "\"b\":{\"postgres\":{\"container\":\"p\",\"database\":\"x\"}}")),
	       "");
	expect(FILE_WITH(MEMBERS("\"a\":{\"mysql\":{\"container\":\"d\",\"database\":\"x\"}},"
				 "\n\"b\":{\"mysql\":{\"container\":\"d\",\"database\":\"x\","
				 "\"user\":\"me\"}}")),
	       "4:1 stacks.shop.data.members.b: it is the same as the member \"a\"; name each "
	       "piece of data once");
	expect(FILE_WITH(MEMBERS("\"a\":{\"postgres\":\"x\"}")),
	       "3:6 stacks.shop.data.members.a.postgres: expected an object, got the string \"x\"; "
	       "for example \"postgres\": {\"container\":\"shop-db-1\",\"database\":\"shop\"}");
}

static void mistakes(void **state)
{
	(void)state;
	expect(FILE_WITH(MEMBERS("\"a\":{}")),
	       "3:1 stacks.shop.data.members.a: one of \"volume\", "
	       "\"directory\", \"sqlite\", \"postgres\", \"mysql\" is "
	       "needed; add for example {\"volume\":\"shop_db\"}");
	expect(FILE_WITH(MEMBERS("\"a\":{\"volume\":\"v\",\"sqlite\":\"/x.db\"}")),
	       "3:1 stacks.shop.data.members.a: only one of \"volume\", \"directory\", \"sqlite\", "
	       "\"postgres\", \"mysql\" "
	       "can be here; keep one; a second piece gets a name of its own");
	expect(FILE_WITH(MEMBERS("\"a\":{\"volum\":\"v\"}")),
	       "3:1 stacks.shop.data.members.a: one of \"volume\", \"directory\", \"sqlite\", "
	       "\"postgres\", \"mysql\" is "
	       "needed; add for example {\"volume\":\"shop_db\"}\n"
	       "3:6 stacks.shop.data.members.a.volum: there is no such key; did you mean "
	       "\"volume\"?");
	expect(FILE_WITH(MEMBERS("\"a.b\":{\"volume\":\"v\"}")),
	       "3:1 stacks.shop.data.members[\"a.b\"]: expected a name of letters, digits, - and "
	       "_, at most 40 characters as the key; ");
	expect(FILE_WITH(MEMBERS("\"a\":{\"directory\":\"/srv/x/\"},\"b\":{\"sqlite\":\"/\"}")),
	       "3:6 stacks.shop.data.members.a.directory: expected an absolute path without . or "
	       ".. in it and without / at its end, got the string \"/srv/x/\"; for example "
	       "\"directory\": \"/srv/shop/files\"\n"
	       "3:34 stacks.shop.data.members.b.sqlite: expected an absolute path without . or .. "
	       "in it and without / at its end, got the string \"/\"; for example \"sqlite\": "
	       "\"/srv/shop/auth.db\"");
	expect(FILE_WITH(",\"data\":{\"membres\":{}}"),
	       "2:2 stacks.shop.data: \"members\" is missing: the pieces, each under a name that "
	       "is the same in all environments; add for example \"members\": "
	       "{\"db\":{\"volume\":\"shop_db\"}}\n"
	       "2:10 stacks.shop.data.membres: there is no such key; did you mean \"members\"?");
	expect(
	    FILE_WITH(",\"backup\":{\"where\":\"hots\",\"keep\":{\"weeks\":1}}"),
	    "2:12 stacks.shop.backup.where: expected one of \"host\", \"operator\", got "
	    "\"hots\"; did you mean \"host\"?\n"
	    "2:35 stacks.shop.backup.keep.weeks: there is no such key; did you mean \"weekly\"?");
	expect(FILE_WITH(",\"backup\":{\"directory\":\"backups\"}"),
	       "2:12 stacks.shop.backup.directory: expected an absolute path on the host; begin it "
	       "with /, or add \"where\": \"operator\"");
	expect("{\"version\":1,\"environments\":{\"operator\":{\"destination\":\"h\"}},"
	       "\"stacks\":{}}",
	       "1:30 environments.operator: this name is taken: it is the machine where rfa is "
	       "typed; choose another name");
}

/* The same piece under two names would be swapped twice. */
static void overlaps(void **state)
{
	(void)state;
	expect(FILE_WITH(MEMBERS("\"a\":{\"volume\":\"v\"},\n\"b\":{\"volume\":\"v\"}")),
	       "4:1 stacks.shop.data.members.b: it is the same as the member \"a\"; name each "
	       "piece of data once");
	expect(
	    FILE_WITH(MEMBERS("\"a\":{\"directory\":\"/d\"},\n\"b\":{\"sqlite\":\"/d/e/x.db\"}")),
	    "4:1 stacks.shop.data.members.b: it lies in the member \"a\"; name each piece of "
	    "data once");
	expect(
	    FILE_WITH(MEMBERS("\"b\":{\"sqlite\":\"/d/e/x.db\"},\n\"a\":{\"directory\":\"/d\"}")),
	    "4:1 stacks.shop.data.members.a: it contains the member \"b\"; name each piece of "
	    "data once");
	expect(FILE_WITH(MEMBERS("\"a\":{\"sqlite\":\"/x.db\"},\n\"b\":{\"sqlite\":\"/x.db\"}")),
	       "4:1 stacks.shop.data.members.b: it is the same as the member \"a\"; name each "
	       "piece of data once");
	expect(FILE_WITH(MEMBERS("\"v\":{\"volume\":\"v\"},\n\"f\":{\"sqlite\":\"/var/lib/docker/"
				 "volumes/v/_data/x.db\"}")),
	       "4:1 stacks.shop.data.members.f: it lies in the member \"v\"; name each piece of "
	       "data once");
	expect(FILE_WITH(
		   MEMBERS("\"f\":{\"directory\":\"/var/backups\"}") ",\"backup\":{\"directory\":"
								     "\"/var/backups/rfa\"}"),
	       "3:1 stacks.shop.data.members.f: it and the backups' directory /var/backups/rfa "
	       "overlap; put the backups elsewhere: \"backup\": {\"directory\": …}");
	expect(FILE_WITH(MEMBERS("\"f\":{\"directory\":\"/var/lib/rfa\"}")),
	       "3:1 stacks.shop.data.members.f: it and the backups' directory /var/lib/rfa/backups "
	       "overlap; put the backups elsewhere: \"backup\": {\"directory\": …}");
	expect(
	    FILE_WITH(MEMBERS(
		"\"f\":{\"directory\":\"/var/lib/rfa\"}") ",\"backup\":{\"where\":\"operator\"}"),
	    "");
	/* What is no member at all is told once, by its type. */
	expect(FILE_WITH(MEMBERS("\"a\":7,\"b\":{\"volume\":7}")),
	       "3:1 stacks.shop.data.members.a: expected an object, got the number 7; for example "
	       "{\"volume\":\"shop_db\"}\n"
	       "3:12 stacks.shop.data.members.b.volume: expected a string, got the number 7; for "
	       "example \"volume\": \"shop_db\"");
}

/* Resolving. */

static int make(void **state)
{
	char path[] = "/tmp/rfa-config-XXXXXX";
	*state = mkdtemp(path) ? strdup(path) : NULL;
	return *state ? 0 : -1;
}

static int drop(void **state)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
	free(*state);
	return system(command) == 0 ? 0 : -1;
}

static struct rfa_config *load(const char *folder, const char *text)
{
	struct rfa_problems problems = { NULL, 0, 0, 0 };
	struct rfa_config *config = NULL;
	struct rfa_error err;
	char path[256];

	snprintf(path, sizeof(path), "%s/rfa.json", folder);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	int rc = rfa_config_load(&config, path, &problems, &err);
	if (rc < 0)
		print_message("%s: %s\n", err.msg, problems.n ? problems.items[0].what : "");
	assert_int_equal(rc, 0);
	return config;
}

static const char stacked[] = FILE_WITH(
    ",\"data\":{\"members\":{\"db\":{\"volume\":\"v\"},\"auth\":{\"sqlite\":\"/t/auth.db\"},"
    "\"x-note\":{}},\"x-a\":1},"
    "\"backup\":{\"where\":\"operator\",\"files\":[\"/t/.env\"]},"
    "\"environments\":{\"prod\":{"
    "\"data\":{\"members\":{\"db\":{\"directory\":\"/srv/db\"}},\"stop\":{\"projects\":[\"p\"]}},"
    "\"backup\":{\"where\":\"host\",\"keep\":{\"days\":0,\"weekly\":0,\"monthly\":0}}}}");

static json_t *side_of(const struct rfa_config *config, const char *env)
{
	struct rfa_error err;
	json_t *side = NULL;
	int rc = rfa_config_side(config, env, "shop", &side, &err);
	if (rc < 0)
		print_message("%s\n", err.msg);
	assert_int_equal(rc, 0);
	return side;
}

static void same_json(const json_t *found, const char *expected)
{
	char *text = json_dumps(found, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(text, expected);
	free(text);
}

/* A member is replaced as a whole; a volume here may be a directory there. */
static void resolved(void **state)
{
	struct rfa_config *config = load(*state, stacked);
	struct rfa_error err;
	json_t *test = side_of(config, "test"), *prod = side_of(config, "prod");

	same_json(rfa_facts_at(test, "stack/data"),
		  "{\"keep_generations\":1,\"members\":{\"auth\":{\"sqlite\":\"/t/auth.db\"},"
		  "\"db\":{\"volume\":\"v\"}},\"stop\":{\"containers\":[],\"projects\":[]}}");
	same_json(rfa_facts_at(prod, "stack/data"),
		  "{\"keep_generations\":1,\"members\":{\"auth\":{\"sqlite\":\"/t/auth.db\"},"
		  "\"db\":{\"directory\":\"/srv/db\"}},\"stop\":{\"containers\":[],\"projects\":["
		  "\"p\"]}}");
	same_json(rfa_facts_at(test, "stack/backup"),
		  "{\"before\":[],\"before_min\":10,\"files\":[\"/t/"
		  ".env\"],\"keep\":{\"count\":0,\"daily\":0,\"days\":30,"
		  "\"monthly\":12,\"weekly\":8},\"where\":\"operator\"}");
	assert_int_equal(rfa_prepare_has_data(test, &err), 0);
	assert_int_equal(rfa_prepare_same_data(test, prod, &err), 0);
	json_decref(test);
	json_decref(prod);
	rfa_config_free(config);
}

/* Each layer is right alone; only the whole shows the overlap. */
static void overlap_of_layers(void **state)
{
	struct rfa_config *config =
	    load(*state, FILE_WITH(",\"data\":{\"members\":{\"a\":{\"directory\":\"/d\"}}},"
				   "\"environments\":{\"prod\":{\"data\":{\"members\":{\"b\":{"
				   "\"sqlite\":\"/d/x.db\"}}}},\"test\":{\"backup\":{\"directory\":"
				   "\"here\"}}}"));
	struct rfa_error err;
	json_t *side = NULL;

	assert_int_equal(rfa_config_side(config, "prod", "shop", &side, &err), -(int)RFA_ECONFIG);
	assert_string_equal(err.msg, "the stack is not whole in \"prod\": data.members.b: it lies "
				     "in the member \"a\"");
	assert_int_equal(rfa_config_side(config, "test", "shop", &side, &err), -(int)RFA_ECONFIG);
	assert_string_equal(err.msg, "the stack is not whole in \"test\": backup.directory: "
				     "expected an absolute path on the host");
	assert_null(side);
	rfa_config_free(config);
}

static void sides_that_differ(void **state)
{
	static const struct {
		const char *prod, *said;
	} cases[] = {
		{ "{\"members\":{\"more\":{\"volume\":\"w\"}}}",
		  "the data's member \"more\" is not in \"test\"" },
		{ "{\"members\":{\"db\":{\"sqlite\":\"/x.db\"}}}",
		  "the data's member \"db\" is a volume in \"test\" and an SQLite database in "
		  "\"prod\"" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024];
		struct rfa_error err;
		snprintf(text, sizeof(text),
			 FILE_WITH(",\"data\":{\"members\":{\"db\":{\"volume\":\"v\"}}},"
				   "\"environments\":{\"prod\":{\"data\":%s}}"),
			 cases[i].prod);
		struct rfa_config *config = load(*state, text);
		json_t *test = side_of(config, "test"), *prod = side_of(config, "prod");
		assert_int_equal(rfa_prepare_same_data(test, prod, &err), -(int)RFA_ECONFIG);
		assert_string_equal(err.msg, cases[i].said);
		json_decref(test);
		json_decref(prod);
		rfa_config_free(config);
	}
	struct rfa_config *config = load(*state, FILE_WITH(""));
	struct rfa_error err;
	json_t *side = side_of(config, "prod");
	assert_int_equal(rfa_prepare_has_data(side, &err), -(int)RFA_ECONFIG);
	assert_string_equal(err.msg, "the stack names no data in \"prod\"");
	json_decref(side);
	rfa_config_free(config);
}

static void vaults(void **state)
{
	struct rfa_config *config = load(*state, stacked);
	struct rfa_vault vault;
	struct rfa_error err;
	char expected[256];

	assert_int_equal(rfa_config_vault(config, "test", "shop", &vault, &err), 0);
	snprintf(expected, sizeof(expected), "%s/backups/shop", config->folder);
	assert_string_equal(vault.path, expected);
	assert_true(vault.on_operator);
	assert_int_equal(rfa_facts_int(vault.keep, "days", 0), 30);
	rfa_vault_release(&vault);

	/* Every rule is 0: nothing is ever removed. */
	assert_int_equal(rfa_config_vault(config, "prod", "shop", &vault, &err), 0);
	assert_string_equal(vault.path, "/var/lib/rfa/backups/shop");
	assert_false(vault.on_operator);
	assert_null(vault.keep);
	rfa_vault_release(&vault);
	rfa_config_free(config);

	/* Who says nothing has the defaults. */
	config = load(*state, FILE_WITH(""));
	assert_int_equal(rfa_config_vault(config, "prod", "shop", &vault, &err), 0);
	assert_string_equal(vault.path, "/var/lib/rfa/backups/shop");
	assert_int_equal(rfa_facts_int(vault.keep, "monthly", 0), 12);
	rfa_vault_release(&vault);
	rfa_config_free(config);
}

/* Ids and ages. */

static void ids(void **state)
{
	static const char *const wrong[] = {
		"",
		"20261122-103015",
		"20261122-103015-data",
		"20261122-103015--data",
		"20261122-103015-prod",
		"20261122-103015-prod-",
		"20261122-103015-prod-dataset",
		"20261322-103015-prod-data",
		"2026112-2103015-prod-data",
		"20261122-103015_prod-data",
	};
	struct rfa_backup_id id;
	(void)state;

	assert_int_equal(rfa_backup_id_parse("20261122-103015-prod-data", &id), 0);
	assert_string_equal(id.env, "prod");
	assert_string_equal(id.set, "data");
	assert_true(id.at_ms == INT64_C(1795343415000));
	assert_int_equal(rfa_backup_id_parse("20261122-103015-eu-west-images", &id), 0);
	assert_string_equal(id.env, "eu-west");
	assert_string_equal(id.set, "images");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (rfa_backup_id_parse(wrong[i], &id) == 0)
			fail_msg("\"%s\" is no id", wrong[i]);
	}
}

static void ages(void **state)
{
	static const struct {
		int64_t s;
		const char *age;
	} cases[] = {
		{ -5, "0 s" },
		{ 0, "0 s" },
		{ 119, "119 s" },
		{ 120, "2 min" },
		{ 7199, "119 min" },
		{ 7200, "2 h" },
		{ 2 * 86400 - 1, "47 h" },
		{ 2 * 86400, "2 d" },
		{ 31 * 86400, "31 d" },
	};
	char text[RFA_SHORT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rfa_out_age(text, cases[i].s * 1000), cases[i].age);

	struct rfa_clock_virtual clock;
	struct rfa_cli cli = { .clock = &clock.clock };
	rfa_clock_virtual_init(&clock, INT64_C(1795343415000) + 86400000, 1);
	assert_string_equal(rfa_cli_age(&cli, "2026-11-22T10:30:15Z", text), "24 h");
	assert_string_equal(rfa_cli_age(&cli, "yesterday", text), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right),
		cmocka_unit_test(a_database_of_a_server),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(overlaps),
		cmocka_unit_test_setup_teardown(resolved, make, drop),
		cmocka_unit_test_setup_teardown(overlap_of_layers, make, drop),
		cmocka_unit_test_setup_teardown(sides_that_differ, make, drop),
		cmocka_unit_test_setup_teardown(vaults, make, drop),
		cmocka_unit_test(ids),
		cmocka_unit_test(ages),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
