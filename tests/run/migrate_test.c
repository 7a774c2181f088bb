/* Changes of the schema: when the command runs, what its end does, and what is told then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/served.h"
#include "tests/harness/world_migrate.h"

/* Drives the plan to this end. */
static void drive(struct world *w, enum rfa_final final, struct rfa_run_result *result,
		  struct rfa_error *err)
{
	struct rfa_buf why = RFA_BUF_INIT(4096);
	int rc;

	rfa_error_clear(err);
	rc = world_drive(w, w->plan, result, err);
	if (result->final != final && getenv("RFA_TEST_TRACE"))
		fputs(rfa_sim_trace(w->sim), stderr);
	if (result->final != final)
		fail_msg("it ended %s, not %s: %s (%s)", rfa_final_word(result->final),
			 rfa_final_word(final), err->msg, err->where);
	assert_int_equal(rc == 0, final == RFA_FINAL_SUCCEEDED);
	if (!world_is_clean(w, &why))
		fail_msg("%s", rfa_buf_str(&why));
	rfa_buf_release(&why);
}

static void assert_told(struct world *w, const char *run, const char *step, const char *key,
			const char *part)
{
	struct rfa_buf told = RFA_BUF_INIT(4096);

	world_fact(w, run, step, key, &told);
	if (!strstr(rfa_buf_str(&told), part))
		fail_msg("%s of %s is \"%s\", without \"%s\"", key, step, rfa_buf_str(&told), part);
	rfa_buf_release(&told);
}

/* Which migrations the ledger knows of. New; NULL: none. */
static json_t *known(struct world *w)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *json = NULL, *done = NULL;

	if (!rfa_ledger_read(w->ledger, "migrations/prod/app.json", &text, &err)) {
		assert_int_equal(rfa_facts_parse(&json, rfa_buf_str(&text), text.len, "m", &err),
				 0);
		done = json_incref(json_object_get(json, "done"));
	}
	json_decref(json);
	rfa_buf_release(&text);
	return done;
}

static void assert_known(struct world *w, size_t n)
{
	json_t *done = known(w);

	assert_int_equal(json_array_size(done), n);
	json_decref(done);
}

static void expand_stops_nothing(void **state)
{
	static const int ways[] = { MIGRATION_CHECK, MIGRATION_WEB, 0 };
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_make_migration(&w, SCENARIO_DATA, ways[i]);
		drive(&w, RFA_FINAL_SUCCEEDED, &result, &err);
		assert_string_equal(world_schema(&w, ways[i]), "new");
		assert_int_equal(rfa_sim_migrations(w.prod), 1);
		assert_known(&w, 1);
		assert_told(&w, result.run, "target.migrate", "schema", "the schema is that of ");
		assert_told(&w, result.run, "target.stop", "skipped", "the data is not touched");
		world_free(&w);
	}
}

static void an_expanded_schema_stays(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_migration(&w, SCENARIO_DATA, MIGRATION_ILL);
	drive(&w, RFA_FINAL_ROLLED_BACK, &result, &err);
	assert_string_equal(world_schema(&w, MIGRATION_ILL), "new");
	assert_told(&w, result.run, "target.schema", "schema_back", "; the old version runs on it");
	assert_known(&w, 1);
	world_free(&w);
}

static void a_breaking_one_is_taken_back(void **state)
{
	static const int ways[] = { MIGRATION_ILL,
				    MIGRATION_FAILS,
				    MIGRATION_LATE,
				    MIGRATION_ILL | MIGRATION_COMMAND,
				    MIGRATION_FAILS | MIGRATION_COMMAND,
				    MIGRATION_ILL | MIGRATION_WEB };
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(ways) / sizeof(ways[0]); i++) {
		int how = MIGRATION_BREAKING | ways[i / 2];

		world_make_migration(&w, i % 2 ? SCENARIO_DATA_DATABASE : SCENARIO_DATA, how);
		drive(&w, RFA_FINAL_ROLLED_BACK, &result, &err);
		assert_string_equal(world_schema(&w, how), "prod");
		assert_told(&w, result.run, "target.schema", "schema_back",
			    how & MIGRATION_COMMAND ? "migrate.undo has taken back"
						    : "those of before the migration");
		assert_known(&w, 0);
		world_free(&w);
	}
}

static void a_breaking_one_succeeds(void **state)
{
	int how = MIGRATION_BREAKING | MIGRATION_CHECK;
	struct rfa_buf why = RFA_BUF_INIT(4096);
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_migration(&w, SCENARIO_DATA_DATABASE, how);
	drive(&w, RFA_FINAL_SUCCEEDED, &result, &err);
	assert_string_equal(world_schema(&w, how), "new");
	assert_known(&w, 1);
	assert_told(&w, result.run, "target.migrate", "schema", "no older version may run on it");
	if (!world_is_one_moment(&w, "prod", &why))
		fail_msg("%s", rfa_buf_str(&why));
	rfa_buf_release(&why);
	world_free(&w);
}

/* Beside a container that a breaking migration stops nothing can stand, on no way. */
static void traffic_rests(void **state)
{
	static const int ways[] = { MIGRATION_BREAKING, MIGRATION_BREAKING | MIGRATION_ILL };
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct rfa_buf skipped = RFA_BUF_INIT(4096);

		world_make_migration(&w, SCENARIO_DATA_DATABASE, ways[i]);
		json_object_set_new(
		    rfa_facts_at(w.plan, "target/stack"), "traffic",
		    json_pack("{s:{s:{s:s}}}", "services", "web", "how", "start-first"));
		drive(&w, ways[i] & MIGRATION_ILL ? RFA_FINAL_ROLLED_BACK : RFA_FINAL_SUCCEEDED,
		      &result, &err);
		world_fact(&w, result.run, "target.beside", "skipped", &skipped);
		assert_string_equal(rfa_buf_str(&skipped),
				    "no service of this run moves its traffic");
		rfa_buf_release(&skipped);
		world_free(&w);
	}
}

static void half_of_it_is_told(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_migration(&w, SCENARIO_DATA, MIGRATION_FAILS);
	drive(&w, RFA_FINAL_ROLLED_BACK, &result, &err);
	assert_non_null(strstr(err.msg, "ended with status 3"));
	assert_string_equal(world_schema(&w, MIGRATION_FAILS), "half");
	assert_told(&w, result.run, "target.schema", "schema_back", "did not end well");
	assert_known(&w, 0);
	world_free(&w);
}

static void it_is_not_done_again(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_migration(&w, SCENARIO_DATA, MIGRATION_ILL);
	drive(&w, RFA_FINAL_ROLLED_BACK, &result, &err);
	json_object_set_new(json_object_get(w.plan, "options"), "migrated", known(&w));
	drive(&w, RFA_FINAL_ROLLED_BACK, &result, &err);
	assert_int_equal(rfa_sim_migrations(w.prod), 1);
	assert_told(&w, result.run, "target.migrate", "skipped", "has seen the migration of ");
	world_free(&w);
}

#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

/* What a later breaking migration has changed is not given to what is known to be older. */
static void an_older_version_does_not_come_again(void **state)
{
	static const char *const runs[] = { "20990101-000000-ffff", "20000101-000000-ffff" };
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	json_t *done;
	size_t i;

	(void)state;
	/* The data has seen its own migration, or it ran before there was one. */
	for (i = 0; i < 3; i++) {
		world_make_migration(&w, SCENARIO_DATA, 0);
		drive(&w, RFA_FINAL_SUCCEEDED, &result, &err);
		done = i ? json_array() : known(&w);
		json_array_append_new(done, json_pack("{s:s, s:s, s:s, s:s}", "version", "9.9.9",
						      "identity", OTHER, "kind", "breaking", "run",
						      runs[i == 2]));
		json_object_set_new(json_object_get(w.plan, "options"), "migrated", done);
		drive(&w, i == 2 ? RFA_FINAL_SUCCEEDED : RFA_FINAL_FAILED, &result, &err);
		if (i < 2 && !strstr(err.msg, "the schema is that of 9.9.9"))
			fail_msg("%s", err.msg);
		world_free(&w);
	}
}

/* A file of the ledger. New. */
static json_t *file_of(struct world *w, const char *path)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *json = NULL;

	assert_int_equal(rfa_ledger_read(w->ledger, path, &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&json, rfa_buf_str(&text), text.len, path, &err), 0);
	rfa_buf_release(&text);
	return json;
}

/* user: the identity of the image that is built; "": of a stack without a migration. */
static void edit_sources(void *user, json_t *setup, json_t *plan)
{
	const char *identity = user;
	json_t *options = json_object_get(plan, "options");

	world_edit_one_writer(setup, plan);
	if (!*identity)
		return;
	json_object_set_new(options, "data_backup", json_string("20261122-090000-prod-data"));
	json_object_set_new(options, "migrated",
			    json_pack("[{s:s, s:s, s:s, s:s}]", "version", "v2", "identity",
				      identity, "kind", "breaking", "run", "20261122-090000-ffff"));
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "migrate",
			    json_pack("{s:s, s:[s], s:s, s:s, s:i}", "service", "backend", "run",
				      "migrate", "kind", "breaking", "undo", "restore", "timeout_s",
				      60));
}

/* What is built proves to be what the data has seen, when the data has been looked at: no snapshot
 * is left. */
static void what_is_built_may_be_known(void **state)
{
	char identity[2][128] = { "", "" };
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *version, *image;
	struct world w;
	size_t i, j;

	(void)state;
	for (i = 0; i < 2; i++) {
		world_make_sources(&w, SCENARIO_DATA, 7, edit_sources, identity[i]);
		w.options.clock->sleep_ms(w.options.clock, 60000);
		drive(&w, RFA_FINAL_SUCCEEDED, &result, &err);
		version = file_of(&w, "versions/app/v3.json");
		json_array_foreach (json_object_get(version, "images"), j, image)
			if (!strcmp(rfa_facts_str(image, "key", ""), "backend"))
				snprintf(identity[1], sizeof(identity[1]), "%s",
					 rfa_facts_str(image, "identity", ""));
		json_decref(version);
		if (i)
			assert_told(&w, result.run, "target.migrate", "skipped",
				    "has seen the migration of v2");
		world_free(&w);
	}
}

#define BACKUP "20261122-100100-prod-data"

/* The plan of a drill on test, with the version that runs there. */
static json_t *drill_plan(struct world *w, int how)
{
	struct rfa_history *history = NULL;
	struct rfa_run_result result;
	struct rfa_error err;
	struct world other;
	json_t *plan, *tried = NULL;
	size_t i;

	/* Which images it is, is known from where it was brought to. */
	world_make_migration(&other, SCENARIO_DATA, how);
	(void)!world_drive(&other, other.plan, &result, &err);
	assert_int_equal(rfa_ledger_load(other.ledger, result.run, &history, &err), 0);
	for (i = 0; i < history->n; i++)
		if (!tried && !strcmp(history->records[i].step, "source.observe"))
			tried =
			    rfa_facts_copy(json_object_get(history->records[i].facts, "images"));
	assert_non_null(tried);
	rfa_history_free(history);
	world_free(&other);

	world_make_migration(w, SCENARIO_DATA, how);
	plan = w->plan;
	w->plan = world_backup_plan(w, "prod", BACKUP);
	json_object_set(w->plan, "target", json_object_get(plan, "target"));
	drive(w, RFA_FINAL_SUCCEEDED, &result, &err);
	json_decref(w->plan);
	w->plan = plan;
	plan = world_restore_plan(w, "drill", "prod", "test", BACKUP);
	json_object_set_new(json_object_get(plan, "options"), "tried", tried);
	json_object_set(rfa_facts_at(plan, "target/stack"), "migrate",
			rfa_facts_at(w->plan, "target/stack/migrate"));
	return plan;
}

static void use_plan(struct world *w, json_t *plan)
{
	json_decref(w->plan);
	w->plan = plan;
}

static void a_drill_tries_it(void **state)
{
	static const int ways[] = { MIGRATION_CHECK, MIGRATION_WEB | MIGRATION_BREAKING };
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *data, *version;
	struct world w;
	char path[256];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		use_plan(&w, drill_plan(&w, ways[i]));
		drive(&w, RFA_FINAL_SUCCEEDED, &result, &err);
		assert_told(&w, result.run, "target.migrate", "tried/kind",
			    ways[i] & MIGRATION_BREAKING ? "breaking" : "expand");
		assert_int_equal(rfa_sim_migrations(w.test), 1);
		data = world_data(&w);
		assert_string_equal(rfa_facts_str(data, "test/files/origin", ""), "test");
		json_decref(data);
		snprintf(path, sizeof(path), "versions/app/%s.json",
			 rfa_facts_str(w.plan, "options/tried/version", ""));
		version = file_of(&w, path);
		assert_string_equal(rfa_facts_str(version, "verified/0/how", ""), "migrated");
		json_decref(version);
		world_free(&w);
	}
}

/* One that fails says nothing of the backup, and nothing of it is left. */
static void a_drill_finds_one_that_fails(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	json_t *data;

	(void)state;
	use_plan(&w, drill_plan(&w, MIGRATION_FAILS));
	drive(&w, RFA_FINAL_ROLLED_BACK, &result, &err);
	assert_non_null(strstr(err.msg, "ended with status 3"));
	data = world_data(&w);
	assert_string_equal(rfa_facts_str(data, "test/files/origin", ""), "test");
	assert_int_equal(rfa_ledger_read(w.ledger, "drills/test/app.json", &text, &err),
			 -RFA_ENOTFOUND);
	json_decref(data);
	rfa_buf_release(&text);
	world_free(&w);
}

static void refused(int how, const char *path, const char *key, json_t *value, const char *part)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	world_make_migration(&w, SCENARIO_DATA, how);
	json_object_set_new(rfa_facts_at(w.plan, path), key, value);
	drive(&w, RFA_FINAL_FAILED, &result, &err);
	if (!strstr(err.msg, part))
		fail_msg("%s", err.msg);
	assert_int_equal(rfa_sim_migrations(w.prod), 0);
	world_free(&w);
}

static void gates_refuse(void **state)
{
	(void)state;
	refused(MIGRATION_BREAKING, "options", "no_backup", json_true(),
		"needs a backup of the data");
	refused(MIGRATION_BREAKING, "options", "data_backup", json_string(""),
		"needs a backup of the data");
	refused(0, "target/stack/migrate", "service", json_string("nobody"),
		"brings no image of nobody");
	refused(MIGRATION_BREAKING, "target/stack/migrate", "env",
		json_pack("{s:s}", "A", "${NOBODY_KNOWS}"), "there is no value for it");
	refused(0, "target/stack", "gates", json_pack("{s:b}", "migration_tried", 1),
		"no drill has tried the migration of ");
	refused(MIGRATION_BREAKING, "target/stack", "data", json_object(),
		"has no data to bring back");
	refused(MIGRATION_WEB | MIGRATION_ADDRESS, "options", "no_backup", json_false(),
		"has the address 172.30.0.9 of its own and runs on");
}

/* It stops before its migration, so its address is free. */
static void an_address_is_free_where_it_stops(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;

	(void)state;
	world_make_migration(&w, SCENARIO_DATA,
			     MIGRATION_WEB | MIGRATION_ADDRESS | MIGRATION_BREAKING);
	drive(&w, RFA_FINAL_SUCCEEDED, &result, &err);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expand_stops_nothing),
		cmocka_unit_test(an_expanded_schema_stays),
		cmocka_unit_test(a_breaking_one_succeeds),
		cmocka_unit_test(a_breaking_one_is_taken_back),
		cmocka_unit_test(traffic_rests),
		cmocka_unit_test(half_of_it_is_told),
		cmocka_unit_test(it_is_not_done_again),
		cmocka_unit_test(an_older_version_does_not_come_again),
		cmocka_unit_test(what_is_built_may_be_known),
		cmocka_unit_test(a_drill_tries_it),
		cmocka_unit_test(a_drill_finds_one_that_fails),
		cmocka_unit_test(gates_refuse),
		cmocka_unit_test(an_address_is_free_where_it_stops),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
