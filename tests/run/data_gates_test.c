/*
 * The gates of a run about data: each refuses alone, with evidence and advice, several are told at
 * once, and a run that is refused has touched nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/run/data_bench.h"

#define AUTH "/opt/app/data/auth.db"
#define FILES "/srv/stacks/shop/files"

enum { TOLD = 4 };

struct gate_case {
	const char *gate; /* that refuses, and no other; NULL: none does */
	struct world_edit edits[WORLD_EDITS];
	const char *told[TOLD];
};

#define FROM "source|stack|data|"
#define TO "target|stack|data|"
#define HOST_CONFIG(host, n) "hosts|" host "|containers|" n "|body|HostConfig|"
#define CONFIG(host) "hosts|" host "|files|/opt/app/config.json"
#define FOREIGN(binds)                                                     \
	"{\"name\":\"stranger\",\"body\":{\"Image\":\"node-exporter:v1\"," \
	"\"HostConfig\":{\"Binds\":[\"" binds "\"],\"NetworkMode\":\"host\"}}}"

#define STOPPED(binds)                                                                      \
	"{\"name\":\"stranger\",\"stopped\":true,\"body\":{\"Image\":\"node-exporter:v1\"," \
	"\"HostConfig\":{\"Binds\":[\"" binds "\"]}}}"
#define BOUND(host_config)                                                 \
	"{\"name\":\"stranger\",\"body\":{\"Image\":\"node-exporter:v1\"," \
	"\"HostConfig\":{" host_config "}}}"

static const struct gate_case cases[] = {
	{ NULL, { { 0 } }, { 0 } },
	{ "engine",
	  { { "hosts|prod|engine", "\"19.3.1\"" } },
	  { "prod has Docker Engine 19.3.1" } },
	{ "members",
	  { { "hosts|test|trees|" FILES, NULL },
	    { FROM "members|files|directory", "\"/srv/none\"" } },
	  { "there is no directory /srv/none on test (member files)" } },
	{ "members",
	  { { FROM "members|auth|sqlite", "\"/opt/app/data\"" } },
	  { "/opt/app/data on test is no file (member auth)" } },
	{ "members",
	  { { TO "members|files|directory", "\"/no/parent/files\"" } },
	  { "the folder of /no/parent/files does not exist on prod" } },
	{ NULL, { { TO "members|files|directory", "\"/srv/stacks/shop/other\"" } }, { 0 } },
	{ "members",
	  { { FROM "members|es|volume", "\"none\"" } },
	  { "there is no volume none on test (member es)" } },
	{ "members",
	  { { TO "members|es|volume", "\"none\"" } },
	  { "there is no volume none on prod (member es)" } },
	{ "members",
	  { { FROM "members|files|directory", "\"relative/path\"" } },
	  { "relative/path is no plain absolute path" } },
	{ "members",
	  { { FROM "members|files|directory", "\"/srv/../srv/stacks/shop/files\"" } },
	  { "is no plain absolute path" } },
	{ NULL, { { FROM "members|files|directory", "\"" FILES "//\"" } }, { 0 } },
	{ "members",
	  { { FROM "members|more", "{\"directory\":\"/opt/app/data\"}" },
	    { TO "members|more", "{\"directory\":\"/opt/app/data\"}" } },
	  { "the member auth lies in the member more on test",
	    "the member auth lies in the member more on prod" } },
	/* The same data by another way: a directory, a file, and what lies above. */
	{ "members",
	  { { "hosts|test|links", "{\"/data\":\"/srv\"}" },
	    { "hosts|prod|links", "{\"/data\":\"/srv\"}" },
	    { FROM "members|more", "{\"directory\":\"/data/stacks/shop/files\"}" },
	    { TO "members|more", "{\"directory\":\"/data/stacks/shop\"}" } },
	  { "the member more lies in the member files on test",
	    "the member files lies in the member more on prod" } },
	{ "members",
	  { { "hosts|prod|links", "{\"/a\":\"/b\",\"/b\":\"/opt/app\"}" },
	    { FROM "members|more", "{\"sqlite\":\"/opt/app/data/more.db\"}" },
	    { "hosts|test|trees|/opt/app/data/more.db", "{\"kind\":\"sqlite\"}" },
	    { TO "members|more", "{\"sqlite\":\"/a/data/auth.db\"}" } },
	  { "the member more lies in the member auth on prod" } },
	/* What rfa keeps there itself, by its path and by another way. */
	{ "members",
	  { { "hosts|prod|links", "{\"/data\":\"/var/lib\"}" },
	    { "hosts|test|trees|/var/lib/rfa", "{}" },
	    { FROM "members|more", "{\"directory\":\"/var/lib/rfa\"}" },
	    { TO "members|more", "{\"directory\":\"/data/rfa\"}" } },
	  { "the member more (/var/lib/rfa) and /var/lib/rfa, where rfa keeps its own files, "
	    "overlap on test",
	    "the member more (/data/rfa) and /var/lib/rfa, where rfa keeps its own files, "
	    "overlap on prod" } },
	/* The root is a folder, too. */
	{ NULL, { { TO "members|files|directory", "\"/fresh\"" } }, { 0 } },
	{ "members",
	  { { FROM "members|more", "{\"directory\":\"/opt/app/data\"}" },
	    { FROM "members|auth", NULL } },
	  { "the member more is on test only", "the member auth is on prod only" } },
	{ "members",
	  { { FROM "members|auth", "{\"directory\":\"/opt/app/data\"}" } },
	  { "the member auth is a directory on test and a sqlite on prod" } },
	{ "members",
	  { { "hosts|prod|trees|" FILES "|mount", "true" } },
	  { "something is mounted on " FILES " on prod" } },
	{ "members",
	  { { "hosts|test|trees|" FILES "|too_long", "3" } },
	  { "3 path(s) in " FILES " on test have 3840 bytes or more" } },
	{ "members",
	  { { FROM "members", "{}" }, { TO "members", "{}" } },
	  { "names no data of this stack for test", "names no data of this stack for prod" } },

	{ "containers",
	  { { HOST_CONFIG("test", "0") "AutoRemove", "true" },
	    { HOST_CONFIG("test", "0") "RestartPolicy", NULL } },
	  { "backend on test is removed as soon as it stops (--rm)" } },

	{ "other consumers",
	  { { "hosts|prod|containers|9", FOREIGN("/opt/app/data:/d:ro") } },
	  { 0 } },
	{ "other consumers",
	  { { "hosts|test|containers|9", FOREIGN(AUTH ":/auth.db:ro") } },
	  { "the container stranger on test has " AUTH " (member auth)" } },
	{ "other consumers",
	  { { "hosts|prod|containers|9", FOREIGN(FILES "/deep:/f:ro") } },
	  { "the container stranger on prod has " FILES "/deep (member files)" } },
	{ "other consumers",
	  { { "hosts|prod|containers|9", FOREIGN("shop_esdata:/es:ro") } },
	  { "(member es)" } },
	{ "other consumers",
	  { { "hosts|prod|containers|9", FOREIGN("/srv/stacks:/s:rw") } },
	  { "has /srv/stacks (member files)" } },
	{ "other consumers",
	  { { "hosts|prod|links", "{\"/data\":\"/srv\"}" },
	    { "hosts|prod|containers|9", FOREIGN("/data/stacks/shop/files:/f:ro") } },
	  { "has /data/stacks/shop/files (member files)" } },
	{ NULL, { { "hosts|prod|containers|9", FOREIGN("/srv/stacks:/s:ro") } }, { 0 } },
	{ NULL, { { "hosts|prod|containers|9", FOREIGN("/srv/stacks/sh:/s:rw") } }, { 0 } },
	{ NULL,
	  { { "hosts|prod|containers|9", FOREIGN("/srv/stacks:/s:rw") },
	    { TO "stop|containers", "[\"stranger\"]" } },
	  { 0 } },

	/* A mount that is the database itself: its companions are in the container. */
	{ "database files",
	  { { HOST_CONFIG("prod", "0") "Binds", "[\"" AUTH ":/data/auth.db\"]" },
	    { HOST_CONFIG("test", "1") "Binds", "[\"" AUTH ":/data/auth.db:rw\"]" } },
	  { "the container backend on prod has the database " AUTH " mounted as a single file",
	    "the container frontend on test has the database " AUTH } },
	{ "database files",
	  { { "hosts|prod|containers|9", STOPPED(AUTH ":/auth.db") } },
	  { "the container stranger on prod has the database " AUTH } },
	{ NULL,
	  { { HOST_CONFIG("prod", "1") "Binds", "[\"" AUTH ":/data/auth.db:ro\"]" } },
	  { 0 } },
	/* In a directory any file may be one; what is none may be mounted by itself. */
	{ "database files",
	  { { "hosts|prod|files|" FILES "/deep.db", "\"SQLite format 3 of old\"" },
	    { HOST_CONFIG("prod", "0") "Binds", "[\"" FILES "/deep.db:/data/deep.db\"]" } },
	  { "the container backend on prod has the database " FILES "/deep.db" } },
	{ NULL,
	  { { "hosts|prod|files|" FILES "/settings", "\"a=b\"" },
	    { HOST_CONFIG("prod", "0") "Binds", "[\"" FILES "/settings:/settings\"]" } },
	  { 0 } },

	/* What keeps running sees what was there when it was started. */
	{ "kept running",
	  { { "hosts|prod|containers|9", FOREIGN(FILES ":/f:ro") },
	    { TO "stop", "{}" },
	    { "target|stack|keep_running", "[\"stranger\", \"node-exporter\"]" } },
	  { "the container stranger on prod is to keep running, but would go on with the old data "
	    "in " FILES } },
	{ "kept running",
	  { { "hosts|test|containers|9", FOREIGN("shop_esdata:/es:rw") },
	    { "source|stack|keep_running", "[\"stranger\", \"node-exporter\"]" } },
	  { "the container stranger on test is to keep running, but uses /var/lib/docker/volumes/"
	    "shop_esdata/_data (member es)" } },

	/* Who has the network of one that stops. */
	{ "dependents",
	  { { "hosts|prod|containers|9", BOUND("\"NetworkMode\":\"container:backend\"") } },
	  { "the container stranger on prod has the network of backend" } },
	{ "dependents",
	  { { "hosts|test|containers|9", BOUND("\"PidMode\":\"container:frontend\"") } },
	  { "the container stranger on test has the process namespace of frontend" } },
	{ NULL, { { "hosts|prod|containers|9", BOUND("\"Links\":[\"backend:b\"]") } }, { 0 } },
	{ NULL,
	  { { "hosts|prod|containers|9", BOUND("\"NetworkMode\":\"container:backend\"") },
	    { TO "stop|containers", "[\"stranger\"]" } },
	  { 0 } },
	{ "tools",
	  { { "hosts|test|sqlite", "false" } },
	  { "neither sqlite3 nor python3 is installed on test" } },
	{ NULL, { { "hosts|prod|sqlite", "false" } }, { 0 } },

	{ "disk space",
	  { { "hosts|test|disk_bytes", "100000000" }, { "hosts|test|disk_used", "99700000" } },
	  { "on test has 0 B free" } },
	{ "disk space",
	  { { "hosts|prod|disk_bytes", "100000000" },
	    { "hosts|prod|disk_used", "99600000" },
	    { "target|stack|gates|disk_free_percent", "0" } },
	  { "on prod has 0 B free" } },
	{ "disk space",
	  { { "target|stack|gates|disk_free_percent", "100" } },
	  { "of its space free, less than 100 %" } },

	{ "base URL",
	  { { CONFIG("test"), "\"{\\\"base_url\\\":\\\"http://10.88.0.12/\\\"}\"" } },
	  { "on test is http://10.88.0.12/, which is not test itself" } },
	{ "base URL",
	  { { CONFIG("prod"), "\"{\\\"base_url\\\":\\\"http://10.88.0.11/\\\"}\"" } },
	  { "on prod is http://10.88.0.11/, which is not prod itself" } },
	{ "base URL", { { CONFIG("prod"), "\"\\ufeff{}\"" } }, { "/opt/app/config.json on prod" } },

	{ "proven drill",
	  { { "target|stack|gates|proven_drill_days", "7" } },
	  { "no backup of this stack has been proven" } },
	{ NULL,
	  { { "target|stack|gates|proven_drill_days", "7" },
	    { "options|proven_drill_at", "\"2026-11-20T09:00:00Z\"" } },
	  { 0 } },

	/* What protects data is never passed, whatever the reason. */
	{ "other consumers",
	  { { "hosts|prod|containers|9", FOREIGN("shop_esdata:/es:ro") },
	    { "options|force_reason", "\"demo at 9\"" } },
	  { "(member es)" } },
	{ "tools",
	  { { "hosts|test|sqlite", "false" }, { "options|force_reason", "\"demo at 9\"" } },
	  { "neither sqlite3 nor python3 is installed on test" } },
	{ "disk space",
	  { { "target|stack|gates|disk_free_percent", "100" },
	    { "options|force_reason", "\"demo at 9\"" } },
	  { "of its space free, less than 100 %" } },
	{ "base URL",
	  { { CONFIG("prod"), NULL }, { "options|force_reason", "\"demo at 9\"" } },
	  { "/opt/app/config.json on prod" } },
};

static int is_told(const struct watcher *x, const char *gate, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach (x->refused, i, one) {
		if (!strcmp(rfa_facts_str(one, "gate", ""), gate) &&
		    strstr(rfa_facts_str(one, "evidence", ""), text) &&
		    *rfa_facts_str(one, "hint", ""))
			return 1;
	}
	return 0;
}

static void judge(const struct gate_case *c)
{
	struct bench b;
	size_t n = 0;
	int rc;

	bench_open_edited(&b, c->edits);
	rc = begin(&b);
	if (!c->gate || !c->told[0]) {
		if (rc && c->gate)
			fail_msg("%s: %s", c->gate, b.err.msg);
		if (rc)
			fail_msg("%s: %s (%s)", c->edits[0].where ? c->edits[0].where : "none",
				 b.err.msg, b.err.where);
		bench_close(&b);
		return;
	}
	while (n < TOLD && c->told[n]) {
		if (!is_told(&b.x, c->gate, c->told[n]))
			fail_msg("'%s' is not told by %s: %s", c->told[n], c->gate,
				 json_dumps(b.x.refused, JSON_INDENT(1)));
		n++;
	}
	if (json_array_size(b.x.refused) != n)
		fail_msg("%s: %s", c->told[0], json_dumps(b.x.refused, JSON_INDENT(1)));
	assert_int_equal(rc, -RFA_EREFUSED);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_as_before(&b);
	bench_close(&b);
}

static void test_gates(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		judge(&cases[i]);
}

/* What a copy will not have is told of the source, and is in nobody's way. */
static void test_losses(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ "hosts|test|trees|" FILES "|apart", "2" },
		{ "hosts|test|trees|" FILES "|special", "1" },
		{ "hosts|test|trees|" FILES "|flags", "5" },
		{ "hosts|prod|trees|" FILES "|flags", "7" },
	};
	struct bench b;

	(void)state;
	bench_open_edited(&b, edits);
	assert_int_equal(begin(&b), 0);
	assert_non_null(strstr(rfa_buf_str(&b.x.all),
			       "2 file(s) in " FILES " on test have another name outside of it"));
	assert_non_null(strstr(rfa_buf_str(&b.x.all),
			       "1 FIFO(s) or device(s) in " FILES " on test have several names"));
	assert_non_null(strstr(rfa_buf_str(&b.x.all),
			       "5 file(s) in " FILES " on test have flags of the file system"));
	assert_null(strstr(rfa_buf_str(&b.x.all), "on prod have flags"));
	bench_close(&b);
}

/* A shell that somebody has left in the data: known before anything stops. */
static void test_processes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct bench b;

		bench_open(&b, SCENARIO_DATA);
		assert_int_equal(rfa_sim_tree_hold(i ? b.w.prod : b.w.test, i == 2 ? AUTH : FILES,
						   "bash", &b.err),
				 0);
		assert_int_equal(begin(&b), -RFA_EREFUSED);
		assert_int_equal(b.result.final, RFA_FINAL_FAILED);
		assert_int_equal(json_array_size(b.x.refused), 1);
		assert_true(is_told(&b.x, "processes", "the process bash (pid 500) on "));
		assert_told(b.err.msg, i == 2 ? AUTH : FILES);
		assert_null(strstr(rfa_buf_str(&b.x.lines), ".stop"));
		assert_as_before(&b);
		rfa_sim_tree_release(i ? b.w.prod : b.w.test, "bash");
		bench_close(&b);
	}
}

static void test_all_at_once(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ FROM "members|files|directory", "\"/srv/none\"" },
		{ "hosts|prod|containers|9", FOREIGN("shop_esdata:/es:ro") },
		{ CONFIG("prod"), NULL },
		{ "hosts|test|sqlite", "false" },
	};
	struct bench b;

	(void)state;
	bench_open_edited(&b, edits);
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	assert_told(b.err.msg, "4 reasons to refuse");
	assert_true(is_told(&b.x, "members", "/srv/none"));
	assert_true(is_told(&b.x, "other consumers", "stranger"));
	assert_true(is_told(&b.x, "base URL", "config.json"));
	assert_true(is_told(&b.x, "tools", "sqlite3"));
	assert_as_before(&b);
	bench_close(&b);
}

/* No reason to refuse, but it is told, and all of it travels. */
static void test_without_perl(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { "hosts|prod|perl", "false" } };
	struct bench b;

	(void)state;
	bench_open_edited(&b, edits);
	if (begin(&b))
		fail_msg("%s", b.err.msg);
	assert_told(rfa_buf_str(&b.x.all), "all of the data travels: prod has no perl");
	assert_null(strstr(rfa_sim_trace(b.w.sim), "tree_known"));
	bench_close(&b);
}

/* What the gate has let pass has room: no list of what is there may take it away. */
static void test_room_for_a_list(void **state)
{
	int64_t used = 99100000;
	int rc = -RFA_EREFUSED;
	int listed = 1;

	(void)state;
	for (; rc == -RFA_EREFUSED && used > 90000000; used -= 1000) {
		char text[32];
		const struct world_edit edits[WORLD_EDITS] = {
			{ "hosts|prod|disk_bytes", "100000000" },
			{ "hosts|prod|disk_used", text },
			{ "target|stack|gates|disk_free_percent", "0" },
		};
		struct bench b;

		snprintf(text, sizeof(text), "%lld", (long long)used);
		bench_open_edited(&b, edits);
		rc = begin(&b);
		listed = strstr(rfa_sim_trace(b.w.sim), "tree_known") != NULL;
		if (rc && rc != -RFA_EREFUSED)
			fail_msg("%s", b.err.msg);
		if (!rc)
			assert_told(rfa_buf_str(&b.x.all), "no room to list");
		bench_close(&b);
	}
	assert_int_equal(rc, 0);
	assert_false(listed);
}

/* Passed on purpose: the verdict, the evidence and the reason stay. */
static void test_forced(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ "target|stack|gates|proven_drill_days", "7" },
		{ "options|force_reason", "\"demo at 9\"" },
	};
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct bench b;

	(void)state;
	bench_open_edited(&b, edits);
	if (begin(&b))
		fail_msg("%s", b.err.msg);
	assert_told(rfa_buf_str(&b.x.lines), "forced");
	assert_told(rfa_buf_str(&b.x.all), "no backup of this stack has been proven by a drill");
	assert_data(&b, "prod", "test");
	assert_int_equal(rfa_ledger_read(b.w.ledger, "history.log", &text, &b.err), 0);
	assert_told(rfa_buf_str(&text), "| success | FORCED: demo at 9");
	rfa_buf_release(&text);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gates),           cmocka_unit_test(test_without_perl),
		cmocka_unit_test(test_room_for_a_list), cmocka_unit_test(test_forced),
		cmocka_unit_test(test_losses),          cmocka_unit_test(test_processes),
		cmocka_unit_test(test_all_at_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
