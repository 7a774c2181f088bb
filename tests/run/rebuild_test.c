/*
 * A stack is made anew: its containers, and with --new-volumes its data. What was there before
 * stays beside until all is proven, and is there again byte for byte where it is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/run/vault_bench.h"

static void open_bench(struct bench *b, enum scenario s, int how)
{
	memset(b, 0, sizeof(*b));
	world_make_versions(&b->w, s, how | WORLD_WEB);
	world_promote_v2(&b->w, ID);
	bench_begin(b);
	json_decref(b->before);
	b->before = world_rebuild_serves(&b->w);
}

/* The id of a container of prod that runs this image. */
static void runs(struct bench *b, const char *name, const char *image, char id[80])
{
	struct rfa_error err;
	json_t *is = NULL;

	assert_int_equal(b->w.target->engine->inspect(b->w.target, RFA_CONTAINER, name, &is, &err),
			 0);
	assert_string_equal(rfa_facts_str(is, "Config/Image", ""), image);
	assert_true(rfa_facts_bool(is, "State/Running", 0));
	snprintf(id, 80, "%s", rfa_facts_str(is, "Id", ""));
	json_decref(is);
}

static void must(struct bench *b, json_t *plan)
{
	if (run(b, plan))
		fail_msg("%s (%s)\n%s", b->err.msg, b->err.where, rfa_buf_str(&b->x.lines));
}

/* Nobody calls for volumes to go, and nothing of a volume is removed. */
static void assert_no_volume_goes(struct bench *b)
{
	assert_null(strstr(rfa_sim_trace(b->w.sim), "volume_remove"));
}

static void containers_are_made_anew_and_the_data_stays(void **state)
{
	char before[2][80], after[2][80];
	struct bench b;

	(void)state;
	open_bench(&b, SCENARIO_DATA, 0);
	runs(&b, "shop-web-1", "web:v2", before[0]);
	runs(&b, "backend", "backend:v2", before[1]);
	must(&b, world_rebuild_plan(&b.w, 0));
	runs(&b, "shop-web-1", "web:v2", after[0]);
	runs(&b, "backend", "backend:v2", after[1]);
	assert_string_not_equal(before[0], after[0]);
	assert_string_not_equal(before[1], after[1]);
	assert_data(&b, "prod", "test");
	assert_string_equal(b.result.data, "");
	assert_no_volume_goes(&b);
	assert_clean(&b);
	bench_close(&b);
}

static int is_empty(struct bench *b, const char *member)
{
	json_t *all = world_data(&b->w);
	const char *origin =
	    rfa_facts_str(json_object_get(json_object_get(all, "prod"), member), "origin", "");
	int empty = !*origin;

	json_decref(all);
	return empty;
}

static void the_data_goes_and_can_be_had_again(enum scenario s)
{
	char id[80], path[200];
	struct bench b;
	json_t *plan;

	open_bench(&b, s, 0);
	must(&b, world_rebuild_plan(&b.w, 1));
	assert_true(is_empty(&b, "auth"));
	assert_true(is_empty(&b, "es"));
	assert_true(is_empty(&b, "files"));
	if (s == SCENARIO_DATA_DATABASE)
		assert_true(is_empty(&b, "db"));
	runs(&b, "backend", "backend:v2", id);
	runs(&b, "shop-web-1", "web:v2", id);
	assert_int_equal(strncmp(b.result.data, "data-", 5), 0);
	assert_no_volume_goes(&b);

	/* Until it is pruned. */
	snprintf(path, sizeof(path), "points/prod/app/%s.json", b.result.data);
	plan = own(world_restore_plan(&b.w, "rollback-data", "prod", "prod", ID));
	json_object_set_new(plan, "point", ledger_json(&b, path));
	json_object_set_new(plan, "source", json_null());
	json_object_del(json_object_get(plan, "options"), "vault");
	json_object_del(json_object_get(plan, "options"), "backup");
	b.w.options.hosts[RFA_SOURCE] = NULL;
	must(&b, plan);
	assert_data(&b, "prod", "test");
	bench_close(&b);
}

static void test_wipe(void **state)
{
	(void)state;
	the_data_goes_and_can_be_had_again(SCENARIO_DATA);
}

static void test_wipe_a_database(void **state)
{
	(void)state;
	the_data_goes_and_can_be_had_again(SCENARIO_DATA_DATABASE);
}

/* How much lies beside the data of prod. */
static size_t count_beside(struct bench *b)
{
	struct rfa_error err;
	json_t *seen = NULL;
	size_t n;

	assert_int_equal(rfa_sim_snapshot(&seen, b->w.prod, RFA_SIM_OWN, &err), 0);
	n = json_object_size(rfa_facts_at(seen, "own/copies"));
	json_decref(seen);
	return n;
}

/* What a run before has put aside is none of its affair. */
static void the_old_data_goes_for_good_where_it_is_asked_for(void **state)
{
	struct bench b;
	json_t *plan;
	size_t before;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	must(&b, world_rebuild_plan(&b.w, 1));
	before = count_beside(&b);
	assert_true(before > 0);
	plan = own(world_rebuild_plan(&b.w, 1));
	json_object_set_new(json_object_get(plan, "options"), "purge", json_true());
	must(&b, plan);
	assert_int_equal(count_beside(&b), before);
	assert_string_equal(b.result.data, "");
	assert_no_volume_goes(&b);
	/* But not where the run comes to nothing. */
	bench_close(&b);
	open_bench(&b, SCENARIO_DATA_DATABASE, WORLD_FULL);
	plan = own(world_rebuild_plan(&b.w, 1));
	json_object_set_new(json_object_get(plan, "options"), "purge", json_true());
	assert_int_equal(run(&b, plan), -RFA_EROLLED_BACK);
	assert_data(&b, "prod", "test");
	bench_close(&b);
}

static const char *line_of(struct bench *b, const char *what)
{
	const char *at = strstr(rfa_buf_str(&b->x.lines), what);

	if (!at)
		fail_msg("no \"%s\" in:\n%s", what, rfa_buf_str(&b->x.lines));
	return at;
}

/* What is ill without data: the old data is back before any old container starts. */
static void comes_to_nothing(enum scenario s)
{
	struct bench b;

	open_bench(&b, s, WORLD_FULL);
	assert_int_equal(run(&b, world_rebuild_plan(&b.w, 1)), -RFA_EROLLED_BACK);
	assert_same_as_before(&b, world_rebuild_serves(&b.w));
	assert_data(&b, "prod", "test");
	assert_true(line_of(&b, "step-undone target.swap") <
		    line_of(&b, "step-undone target.stop"));
	assert_clean(&b);
	bench_close(&b);
}

static void test_ill(void **state)
{
	(void)state;
	comes_to_nothing(SCENARIO_DATA);
	comes_to_nothing(SCENARIO_DATA_DATABASE);
}

/* What the ledger knows is not on the host any more, and nobody was asked for it. */
static void images_are_there_before_anything_stops(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	open_bench(&b, SCENARIO_DATA, 0);
	plan = own(world_rebuild_plan(&b.w, 0));
	json_object_set_new(rfa_facts_at(plan, "options/desired/images/0"), "identity",
			    json_string("0000000000000000000000000000000000000000000000000000000000"
					"000000"));
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "images", "is no longer on prod"));
	assert_same_as_before(&b, world_rebuild_serves(&b.w));
	bench_close(&b);
}

/* Its first file, and what it is asked for afterwards. */
static json_t *init_plan(struct bench *b, int wipe)
{
	json_t *plan = own(world_rebuild_plan(&b->w, wipe));

	world_rebuild_init(&b->w, plan);
	json_decref(b->before);
	b->before = world_rebuild_serves(&b->w);
	return plan;
}

static void assert_origin(struct bench *b, const char *member, const char *origin)
{
	json_t *all = world_data(&b->w);

	assert_string_equal(
	    rfa_facts_str(json_object_get(json_object_get(all, "prod"), member), "origin", ""),
	    origin);
	json_decref(all);
}

static void an_empty_database_begins_with_its_files(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	must(&b, init_plan(&b, 1));
	assert_origin(&b, "db", "init");
	assert_true(is_empty(&b, "es"));
	assert_told(rfa_buf_str(&b.x.all), "1 file(s) of SQL have run");
	assert_told(rfa_buf_str(&b.x.all), "\"sha256\"");
	assert_told(rfa_buf_str(&b.x.all), "the database has its stamp");
	assert_told(rfa_buf_str(&b.x.all), "app has 4 table(s)");
	/* The database is there before the others are made. */
	assert_true(line_of(&b, "step-done target.init") <
		    line_of(&b, "step-started target.replace"));
	/* Once. */
	must(&b, init_plan(&b, 0));
	assert_told(rfa_buf_str(&b.x.all), "it has 4 table(s) already: a, b, c, …");
	assert_origin(&b, "db", "init");
	bench_close(&b);
}

static void a_database_that_is_not_empty_keeps_what_it_has(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	must(&b, init_plan(&b, 0));
	assert_data(&b, "prod", "test");
	assert_null(strstr(rfa_sim_trace(b.w.sim), "database_init"));
	bench_close(&b);
}

static void turns_back(int how, int tables_min, const char *why)
{
	struct bench b;
	json_t *plan;

	open_bench(&b, SCENARIO_DATA_DATABASE, how);
	plan = init_plan(&b, 1);
	json_object_set_new(rfa_facts_at(plan, "target/stack/init"), "tables_min",
			    json_integer(tables_min));
	assert_int_equal(run(&b, plan), -RFA_EROLLED_BACK);
	assert_told(rfa_buf_str(&b.x.all), why);
	/* What each service has said is kept. */
	assert_told(rfa_buf_str(&b.x.all), "shop-db-1 | ");
	assert_told(rfa_buf_str(&b.x.all), "shop-web-1 | ");
	assert_same_as_before(&b, world_rebuild_serves(&b.w));
	assert_data(&b, "prod", "test");
	assert_clean(&b);
	bench_close(&b);
}

static void what_does_not_begin_well_turns_back(void **state)
{
	(void)state;
	turns_back(0, 50, "has 4 table(s), and must have 50");
	turns_back(WORLD_NO_SQL, 0, "two.sql, line 3: ERROR: no");
}

/* One key of the service db in the Compose files of prod; NULL: it has none. Steals value. */
static void change_db(struct bench *b, const char *key, json_t *value)
{
	static const char path[] = "/srv/stacks/shop/docker-compose.yml";
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *files = NULL, *db;
	char *changed;

	assert_int_equal(b->w.target->files->read(b->w.target, path, 1 << 20, &text, &b->err), 0);
	assert_int_equal(rfa_facts_parse(&files, rfa_buf_str(&text), text.len, path, &b->err), 0);
	db = rfa_facts_at(files, "services/db");
	if (value)
		json_object_set_new(db, key, value);
	else
		json_object_del(db, key);
	changed = json_dumps(files, 0);
	assert_int_equal(rfa_sim_file_put(b->w.prod, path, 0644, changed, &b->err), 0);
	free(changed);
	json_decref(files);
	rfa_buf_release(&text);
}

/* The server lets nobody in; the one that its files would make does. */
static void who_gets_in_is_read_again(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	change_db(&b, "labels", json_pack("{s:s}", "sim.open", "line 7 lets all in"));
	assert_int_equal(run(&b, init_plan(&b, 1)), -RFA_EROLLED_BACK);
	assert_told(rfa_buf_str(&b.x.all), "the server in shop-db-1: line 7 lets all in");
	assert_data(&b, "prod", "test");
	bench_close(&b);
}

/* Its port is open to all; the files have been mended since, and it is made anew of them. */
static void what_its_files_mend_is_no_reason_to_stop(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	change_db(&b, "ports", json_pack("[{s:i, s:s}]", "target", 5432, "published", "25432"));
	assert_int_equal(run(&b, init_plan(&b, 0)), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "published ports", "of the service db"));
	plan = init_plan(&b, 0);
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "gates",
			    json_pack("{s:b}", "allow_published", 1));
	must(&b, plan);
	change_db(&b, "ports", NULL);
	must(&b, init_plan(&b, 0));
	bench_close(&b);
}

/* It would end the transaction in which all files run. */
static void a_file_that_commits_is_told_before_anything_stops(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	plan = init_plan(&b, 1);
	assert_int_equal(rfa_sim_file_put(b.w.prod, "/srv/stacks/shop/init.sql", 0644,
					  "CREATE TABLE t();\nCOMMIT;\n", &b.err),
			 0);
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "init files",
				       "/srv/stacks/shop/init.sql, line 2, on prod: COMMIT"));
	bench_close(&b);
}

static void files_of_sql_are_there_before_anything_stops(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	plan = init_plan(&b, 1);
	json_array_append_new(rfa_facts_at(plan, "target/stack/init/files"),
			      json_string("partitions.sql"));
	assert_int_equal(run(&b, plan), -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "init files",
				       "there is no file of SQL /srv/stacks/shop/partitions.sql"));
	assert_same_as_before(&b, world_rebuild_serves(&b.w));
	bench_close(&b);
}

/* A version of a registry, as a deploy brings it; also to a host on which nothing is yet. */
static void a_version_of_a_registry_comes(void **state)
{
	static const enum scenario scenarios[] = { SCENARIO_RUN, SCENARIO_COMPOSE, SCENARIO_FIRST };
	static const char *const ways[] = { "target", "test" };
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		struct rfa_run_result result;
		struct rfa_error err;
		json_t *options;
		struct watcher x;
		struct world w;

		world_make_registry(&w, scenarios[i / 2], 7, ways[i % 2]);
		watcher_begin(&x, &w);
		json_object_set_new(w.plan, "flow", json_string("rebuild"));
		options = json_object_get(w.plan, "options");
		json_object_set_new(options, "recreate", json_true());
		json_object_set_new(options, "keeps_data", json_true());
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("%zu: %s (%s)\n%s", i, err.msg, err.where, rfa_buf_str(&x.lines));
		assert_string_equal(result.version, "v3");
		watcher_end(&x);
		world_free(&w);
	}
}

/* A service that starts first and was not there goes again, also one that the version does not
 * bring. */
static void what_has_started_first_goes_again(void **state)
{
	static const char path[] = "/srv/stacks/shop/docker-compose.yml";
	const struct rfa_sim_layer layer = { "db", 40000 };
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	json_t *options, *files = NULL, *seen = NULL;
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char *changed;

	(void)state;
	world_make_registry(&w, SCENARIO_COMPOSE, 7, "target");
	assert_int_equal(w.target->files->read(w.target, path, 1 << 20, &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&files, rfa_buf_str(&text), text.len, path, &err), 0);
	json_object_set_new(json_object_get(files, "services"), "cache",
			    json_pack("{s:s}", "image", "cache:1"));
	changed = json_dumps(files, 0);
	assert_int_equal(rfa_sim_file_put(w.prod, path, 0644, changed, &err), 0);
	assert_int_equal(rfa_sim_image_add(w.prod, "cache:1", &layer, 1, NULL, &err), 0);
	json_object_set_new(w.plan, "flow", json_string("rebuild"));
	options = json_object_get(w.plan, "options");
	json_object_set_new(options, "recreate", json_true());
	json_object_set_new(options, "keeps_data", json_true());
	/* Of an init that comes to nothing. */
	json_object_set_new(rfa_facts_at(w.plan, "target/stack"), "init",
			    json_pack("{s:[s], s:{s:s, s:s}, s:[s]}", "first", "cache", "postgres",
				      "container", "nowhere", "database", "app", "files", "i.sql"));
	assert_int_equal(rfa_sim_file_put(w.prod, "/srv/stacks/shop/i.sql", 0644, "", &err), 0);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EROLLED_BACK);
	assert_int_equal(
	    w.target->engine->inspect(w.target, RFA_CONTAINER, "shop-cache-1", &seen, &err),
	    -RFA_ENOTFOUND);
	free(changed);
	json_decref(files);
	rfa_buf_release(&text);
	world_free(&w);
}

/* The images of v3, as a run without a migration has brought them. New. */
static json_t *images_of_v3(struct world *w)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *version = NULL, *images;

	assert_int_equal(rfa_ledger_read(w->ledger, "versions/app/v3.json", &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&version, rfa_buf_str(&text), text.len, "v", &err), 0);
	images = json_incref(json_object_get(version, "images"));
	json_decref(version);
	rfa_buf_release(&text);
	return images;
}

/*
 * Data that stays keeps its schema: a version that wants another one comes with its migration. What
 * has run well there is made anew, whatever runs there now.
 */
static void a_version_with_a_migration_comes_otherwise(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *options, *images = NULL;
	struct world w;
	int i, rc;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_make_registry(&w, SCENARIO_COMPOSE, 7, "target");
		json_object_set_new(w.plan, "flow", json_string("rebuild"));
		options = json_object_get(w.plan, "options");
		json_object_set_new(options, "recreate", json_true());
		json_object_set_new(options, "keeps_data", json_true());
		if (i)
			json_object_set_new(rfa_facts_at(w.plan, "target/stack"), "migrate",
					    json_pack("{s:s, s:[s], s:s, s:s, s:i}", "service",
						      "web", "run", "migrate", "kind", "expand",
						      "undo", "none", "timeout_s", 60));
		if (i == 2)
			json_object_set_new(
			    options, "proven",
			    json_pack("{s:s, s:O}", "version", "v3", "images", images));
		rc = rfa_run_begin(&w.options, w.plan, &result, &err);
		if (rc && (i != 1 || !strstr(err.msg, "a rebuild runs none")))
			fail_msg("%d: %s (%s)", i, err.msg, err.where);
		assert_int_equal(rc != 0, i == 1);
		if (!i)
			images = images_of_v3(&w);
		world_free(&w);
	}
	json_decref(images);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_are_made_anew_and_the_data_stays),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_wipe_a_database),
		cmocka_unit_test(test_ill),
		cmocka_unit_test(the_old_data_goes_for_good_where_it_is_asked_for),
		cmocka_unit_test(images_are_there_before_anything_stops),
		cmocka_unit_test(a_version_of_a_registry_comes),
		cmocka_unit_test(what_has_started_first_goes_again),
		cmocka_unit_test(a_version_with_a_migration_comes_otherwise),
		cmocka_unit_test(an_empty_database_begins_with_its_files),
		cmocka_unit_test(a_database_that_is_not_empty_keeps_what_it_has),
		cmocka_unit_test(what_does_not_begin_well_turns_back),
		cmocka_unit_test(who_gets_in_is_read_again),
		cmocka_unit_test(what_its_files_mend_is_no_reason_to_stop),
		cmocka_unit_test(a_file_that_commits_is_told_before_anything_stops),
		cmocka_unit_test(files_of_sql_are_there_before_anything_stops),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST"))
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
