/*
 * Runs about data of which one member is a database that a server keeps: what stops and what does
 * not, what is in the way, and what is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/served.h"

#define LONG "a-name-of-a-database-that-is-longer"
#define APP "/var/lib/docker/databases/shop-db-1/app"

struct bench {
	struct world w;
	json_t *before; /* what served on both hosts */
	struct rfa_run_result result;
	struct rfa_error err;
};

static void bench_open(struct bench *b, const struct world_edit *edits)
{
	static const struct world_edit none[WORLD_EDITS] = { { NULL, NULL } };

	memset(b, 0, sizeof(*b));
	world_make_edited(&b->w, SCENARIO_DATA_DATABASE, 7, world_edit_all,
			  (void *)(uintptr_t)(edits ? edits : none));
	b->w.options.clock->sleep_ms(b->w.options.clock, 60000);
	b->before = world_data_serves(&b->w);
}

static void bench_close(struct bench *b)
{
	json_decref(b->before);
	world_free(&b->w);
}

static int drive(struct bench *b, json_t *plan)
{
	int rc = rfa_run_begin(&b->w.options, plan, &b->result, &b->err);

	if (plan != b->w.plan)
		json_decref(plan);
	return rc;
}

static void assert_told(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static void assert_clean(struct bench *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	(void)world_is_clean(&b->w, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static void assert_as_before(struct bench *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *now = world_data_serves(&b->w);

	rfa_sim_diff(b->before, now, &text);
	if (text.len)
		fail_msg("%s: %s", b->result.run, rfa_buf_str(&text));
	json_decref(now);
	rfa_buf_release(&text);
	assert_clean(b);
}

static void assert_data(struct bench *b, const char *env, const char *origin)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);

	if (!world_data_is(&b->w, env, origin, &text))
		fail_msg("%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

static int old_databases(struct bench *b)
{
	struct rfa_error err;
	json_t *seen = NULL;
	json_t *one;
	const char *path;
	int n = 0;

	assert_int_equal(rfa_sim_snapshot(&seen, b->w.prod, RFA_SIM_OWN, &err), 0);
	json_object_foreach (rfa_facts_at(seen, "own/copies"), path, one) {
		n += strstr(path, "/app_rfa_old_") != NULL;
	}
	json_decref(seen);
	return n;
}

static void the_server_runs_all_the_while(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	assert_int_equal(drive(&b, b.w.plan), 0);
	assert_data(&b, "prod", "test");
	assert_data(&b, "test", "test");
	assert_clean(&b);
	assert_int_equal(old_databases(&b), 1);
	/* The others do stop: frontend, backend, web, es. */
	assert_int_equal(rfa_sim_effects(b.w.test, "container_stop"), 4);
	assert_int_equal(rfa_sim_effects(b.w.prod, "container_stop"), 4);
	/* Back, and forth. */
	assert_int_equal(drive(&b, world_rollback_plan(&b.w)), 0);
	assert_data(&b, "prod", "prod");
	assert_int_equal(old_databases(&b), 1);
	assert_clean(&b);
	bench_close(&b);
}

static void a_stranger_with_a_session_is_in_the_way(void **state)
{
	static const char *const envs[] = { "test", "prod" };
	struct bench b;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		bench_open(&b, NULL);
		assert_int_equal(rfa_sim_tree_hold(i ? b.w.prod : b.w.test, APP, "psql", &b.err),
				 0);
		assert_int_equal(drive(&b, b.w.plan), -RFA_EROLLED_BACK);
		assert_told(b.err.msg, "somebody from 10.0.0.9 (psql) has a session on the "
				       "database shop-db-1/app");
		assert_told(b.err.where, envs[i]);
		assert_as_before(&b);
		bench_close(&b);
	}
}

static void refused(const struct world_edit *edits, const char *why)
{
	struct bench b;

	bench_open(&b, edits);
	assert_int_equal(drive(&b, b.w.plan), -RFA_EREFUSED);
	assert_told(b.err.msg, why);
	assert_as_before(&b);
	bench_close(&b);
}

static void what_cannot_be_is_refused(void **state)
{
	static const struct world_edit newer[WORLD_EDITS] = {
		{ "hosts|test|compose|0|config|services|db|labels|sim.version", "\"17.2\"" }
	};
	static const struct world_edit missing[WORLD_EDITS] = { { "hosts|prod|trees|" APP, NULL } };
	static const struct world_edit nobody[WORLD_EDITS] = {
		{ "target|stack|data|members|db|postgres|container", "\"shop-db-2\"" }
	};
	static const struct world_edit lengthy[WORLD_EDITS] = {
		{ "target|stack|data|members|db|postgres|database", "\"" LONG "\"" },
		{ "hosts|prod|trees|/var/lib/docker/databases/shop-db-1/" LONG, "{}" }
	};
	static const struct world_edit twofold[WORLD_EDITS] = {
		{ "hosts|prod|compose|0|config|services|db|volumes",
		  "[\"/srv/stacks/shop/files:/files\"]" }
	};
	static const struct world_edit mixed[WORLD_EDITS] = {
		{ "target|stack|data|members|db", "{\"directory\":\"/opt/app/db\"}" },
		{ "hosts|prod|trees|/opt/app/db", "{}" }
	};

	(void)state;
	refused(newer, "the database db is of version 17 on the source, and the server on prod is "
		       "of 15");
	refused(missing, "there is no database shop-db-1/app on prod");
	refused(nobody, "the server in shop-db-2 on prod does not answer: there is no such "
			"container");
	refused(lengthy, "is too long to have another one beside it");
	refused(twofold, "the container shop-db-1 on prod has /srv/stacks/shop/files");
	refused(mixed, "the member db is a postgres on test and a directory on prod");
}

#define MYSQL "{\"mysql\": {\"container\": \"shop-db-1\", \"database\": \"app\"}}"
#define ON(host) "hosts|" host "|compose|0|config|services|db|labels|"

/* The same steps, whoever keeps it; its user is another one if none is said. */
static void mysql_goes_the_same_way(void **state)
{
	static const struct world_edit both[WORLD_EDITS] = {
		{ "source|stack|data|members|db", MYSQL }, { "target|stack|data|members|db", MYSQL }
	};
	static const struct world_edit one[WORLD_EDITS] = { { "target|stack|data|members|db",
							      MYSQL } };
	static const struct world_edit newer[WORLD_EDITS] = {
		{ "source|stack|data|members|db", MYSQL },
		{ "target|stack|data|members|db", MYSQL },
		{ ON("test") "sim.version", "\"11.4.2\"" },
		{ ON("prod") "sim.version", "\"11.2.9\"" }
	};
	static const struct world_edit unfit[WORLD_EDITS] = {
		{ "source|stack|data|members|db", MYSQL },
		{ "target|stack|data|members|db", MYSQL },
		{ ON("test") "sim.unfit", "\"it has the view v\"" }
	};
	static const struct world_edit others[WORLD_EDITS] = {
		{ "source|stack|data|members|db", MYSQL },
		{ "target|stack|data|members|db", MYSQL },
		{ ON("test") "sim.make", "\"MySQL\"" }
	};
	struct bench b;

	(void)state;
	bench_open(&b, both);
	assert_int_equal(drive(&b, b.w.plan), 0);
	assert_data(&b, "prod", "test");
	assert_clean(&b);
	assert_int_equal(old_databases(&b), 1);
	bench_close(&b);
	refused(one, "the member db is a postgres on test and a mysql on prod");
	refused(newer, "the database db is of version MariaDB 11.4 on the source, and the server "
		       "on prod is of MariaDB 11.2");
	refused(unfit, "the database shop-db-1/app on test cannot travel as a dump: it has the "
		       "view v (member db)");
	refused(others, "the database db is of MySQL 15.8 on the source, and the server on prod is "
			"MariaDB 15.8");
}

static void a_server_that_does_not_run_is_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	assert_int_equal(rfa_sim_container_stop(b.w.prod, "shop-db-1", &b.err), 0);
	json_decref(b.before);
	b.before = world_data_serves(&b.w);
	assert_int_equal(drive(&b, b.w.plan), -RFA_EREFUSED);
	assert_told(b.err.msg,
		    "the server in shop-db-1 on prod does not answer: the container does "
		    "not run");
	assert_as_before(&b);
	bench_close(&b);
}

static void a_backup_has_it(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	bench_open(&b, NULL);
	assert_int_equal(drive(&b, world_backup_plan(&b.w, "test", "20261122-100000-test-data")),
			 0);
	assert_as_before(&b);
	assert_int_equal(drive(&b, world_restore_plan(&b.w, "drill", "test", "prod",
						      "20261122-100000-test-data")),
			 0);
	assert_as_before(&b);
	assert_int_equal(drive(&b, world_restore_plan(&b.w, "restore", "test", "prod",
						      "20261122-100000-test-data")),
			 0);
	assert_data(&b, "prod", "test");
	assert_clean(&b);
	assert_int_equal(old_databases(&b), 1);
	plan = json_pack("{s:i, s:s, s:s, s:n, s:O, s:{s:[s]}}", "format", 1, "flow", "prune",
			 "stack", "app", "source", "target", json_object_get(b.w.plan, "target"),
			 "options", "kinds", "data");
	json_object_set_new(rfa_facts_at(plan, "target/stack/data"), "keep_generations",
			    json_integer(0));
	b.w.options.hosts[RFA_SOURCE] = NULL;
	assert_int_equal(drive(&b, plan), 0);
	assert_int_equal(old_databases(&b), 0);
	assert_clean(&b);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_runs_all_the_while),
		cmocka_unit_test(a_stranger_with_a_session_is_in_the_way),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(mysql_goes_the_same_way),
		cmocka_unit_test(a_server_that_does_not_run_is_refused),
		cmocka_unit_test(a_backup_has_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
