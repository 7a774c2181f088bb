/*
 * A rollback with its data: the old version comes back together with what was stored then. Neither
 * version ever starts on the data of the other, whatever happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/parts/catalog.h"
#include "tests/run/vault_bench.h"

static void open_bench(struct bench *b, enum scenario s, int how)
{
	memset(b, 0, sizeof(*b));
	world_make_versions(&b->w, s, how | WORLD_WEB);
	world_promote_v2(&b->w, ID);
	bench_begin(b);
	json_decref(b->before);
	b->before = world_versions_serves(&b->w);
}

static void assert_all_back(struct bench *b)
{
	assert_same_as_before(b, world_versions_serves(&b->w));
}

/* A container of prod runs this image, and has the policy that it had. */
static void runs(struct bench *b, const char *name, const char *image)
{
	struct rfa_error err;
	json_t *is = NULL;

	assert_int_equal(b->w.target->engine->inspect(b->w.target, RFA_CONTAINER, name, &is, &err),
			 0);
	assert_string_equal(rfa_facts_str(is, "Config/Image", ""), image);
	assert_true(rfa_facts_bool(is, "State/Running", 0));
	assert_string_equal(rfa_facts_str(is, "HostConfig/RestartPolicy/Name", ""),
			    strcmp(name, "backend") ? "unless-stopped" : "always");
	json_decref(is);
}

static void assert_version(struct bench *b, const char *version)
{
	char image[64];

	snprintf(image, sizeof(image), "backend:%s", version);
	runs(b, "backend", image);
	snprintf(image, sizeof(image), "frontend:%s", version);
	runs(b, "frontend", image);
	snprintf(image, sizeof(image), "web:%s", version);
	runs(b, "shop-web-1", image);
	runs(b, "shop-es-1", "es:v1");
}

/* The promote alone has met the data of another version. */
static void assert_apart(struct bench *b)
{
	assert_int_equal(rfa_sim_migrations(b->w.prod), 1);
}

static void goes_back(enum scenario s)
{
	char path[200];
	struct bench b;
	json_t *m;

	open_bench(&b, s, 0);
	assert_data(&b, "prod", "test");
	assert_version(&b, "v2");
	if (run(&b, world_whole_plan(&b.w, ID)))
		fail_msg("%s (%s)\n%s", b.err.msg, b.err.where, rfa_buf_str(&b.x.lines));
	assert_data(&b, "prod", "prod");
	assert_version(&b, "v1");
	assert_apart(&b);
	assert_clean(&b);

	/* Both ways forward are left, and the run's own point is that of images. */
	assert_string_equal(b.result.version, "v1");
	assert_int_equal(strncmp(b.result.point, "set-", 4), 0);
	assert_int_equal(strncmp(b.result.data, "data-", 5), 0);
	snprintf(path, sizeof(path), "points/prod/app/%s.json", b.result.point);
	m = ledger_json(&b, path);
	assert_non_null(m);
	assert_null(json_object_get(m, "backup"));
	json_decref(m);
	m = ledger_json(&b, "data/prod/app.json");
	assert_string_equal(rfa_facts_str(m, "backup", ""), ID);
	json_decref(m);
	m = ledger_json(&b, "environments/prod/app.json");
	assert_string_equal(rfa_facts_str(m, "version", ""), "v1");
	json_decref(m);
	bench_close(&b);
}

static void test_goes_back(void **state)
{
	(void)state;
	goes_back(SCENARIO_DATA);
}

/* A server of a database runs all the while. */
static void test_goes_back_with_a_dump(void **state)
{
	(void)state;
	goes_back(SCENARIO_DATA_DATABASE);
}

/* Forward again, by the two ordinary commands. */
static void test_forward_again(void **state)
{
	char images[200], data[200];
	struct bench b;
	json_t *plan;
	int rc;

	(void)state;
	open_bench(&b, SCENARIO_DATA, 0);
	assert_int_equal(run(&b, world_whole_plan(&b.w, ID)), 0);
	snprintf(images, sizeof(images), "points/prod/app/%s.json", b.result.point);
	snprintf(data, sizeof(data), "points/prod/app/%s.json", b.result.data);
	plan = own(world_restore_plan(&b.w, "rollback", "prod", "prod", ID));
	json_object_set_new(plan, "point", ledger_json(&b, images));
	json_object_set_new(plan, "source", json_null());
	b.w.options.hosts[RFA_SOURCE] = NULL;
	rc = run(&b, plan);
	if (rc)
		fail_msg("%s", b.err.msg);
	plan = own(world_restore_plan(&b.w, "rollback-data", "prod", "prod", ID));
	json_object_set_new(plan, "point", ledger_json(&b, data));
	json_object_set_new(plan, "source", json_null());
	json_object_del(json_object_get(plan, "options"), "vault");
	json_object_del(json_object_get(plan, "options"), "backup");
	b.w.options.hosts[RFA_SOURCE] = NULL;
	rc = run(&b, plan);
	if (rc)
		fail_msg("%s", b.err.msg);
	assert_version(&b, "v2");
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

/* Everything is back, and the data before any container starts. */
static void comes_to_nothing(enum scenario s)
{
	struct bench b;

	open_bench(&b, s, WORLD_ILL);
	assert_int_equal(run(&b, world_whole_plan(&b.w, ID)), -RFA_EROLLED_BACK);
	assert_all_back(&b);
	assert_data(&b, "prod", "test");
	assert_version(&b, "v2");
	assert_apart(&b);
	assert_true(line_of(&b, "step-undone target.replace") <
		    line_of(&b, "step-undone target.swap"));
	assert_true(line_of(&b, "step-undone target.swap") <
		    line_of(&b, "step-undone target.stop"));
	bench_close(&b);
}

static void test_ill(void **state)
{
	(void)state;
	comes_to_nothing(SCENARIO_DATA);
	comes_to_nothing(SCENARIO_DATA_DATABASE);
}

/* Dies once at every call of the rows that make containers again, and is undone by hand. */
static void undone_from(const char *step, unsigned call, int *more)
{
	char id[RFA_RUN_ID_MAX];
	struct bench b;
	json_t *plan;
	int rc;

	open_bench(&b, SCENARIO_DATA, 0);
	plan = world_whole_plan(&b.w, ID);
	watcher_clear(&b.x);
	watcher_crash(&b.x, step, call);
	rc = rfa_run_begin(&b.w.options, plan, &b.result, &b.err);
	*more = b.x.hooked > 0;
	json_decref(plan);
	if (!*more) {
		assert_int_equal(rc, 0);
	} else {
		snprintf(id, sizeof(id), "%s", b.result.run);
		rfa_sim_recover(b.w.sim);
		rfa_sim_plan_clear(b.w.sim);
		watcher_clear(&b.x);
		rc = rfa_run_resume(&b.w.options, id, RFA_RESUME_ROLLBACK, &b.result, &b.err);
		if (rc != -RFA_EROLLED_BACK && rc)
			fail_msg("%s, call %u: %s (%s)", step, call, b.err.msg, b.err.where);
		assert_all_back(&b);
		assert_version(&b, "v2");
	}
	assert_apart(&b);
	bench_close(&b);
}

static void test_undone_by_hand(void **state)
{
	static const char *const steps[] = { "target.replace", "target.compose", "target.start" };
	unsigned call, i;
	int more;

	(void)state;
	for (i = 0; i < 3; i++)
		for (call = 0, more = 1; more; call++)
			undone_from(steps[i], call, &more);
}

/* Who uses the data, and is none of the stack, has to be well, too. */
static void test_others_are_waited_for(void **state)
{
	struct rfa_error err;
	struct bench b;
	json_t *is = NULL;

	(void)state;
	open_bench(&b, SCENARIO_DATA, WORLD_OTHER);
	if (run(&b, world_whole_plan(&b.w, ID)))
		fail_msg("%s (%s)\n%s", b.err.msg, b.err.where, rfa_buf_str(&b.x.lines));
	assert_int_equal(b.w.target->engine->inspect(b.w.target, RFA_CONTAINER, "cron", &is, &err),
			 0);
	assert_string_equal(rfa_facts_str(is, "State/Health/Status", ""), "healthy");
	json_decref(is);
	bench_close(&b);
}

/* Backups that points name. */

/* The newest point of images keeps them, and needs its backup; beside that the rules keep one. */
static void backup_keeping_one(struct bench *b, const char *id)
{
	json_t *plan = own(world_backup_plan(&b->w, "prod", id)), *pins = NULL;

	assert_int_equal(rfa_catalog_pins(b->w.ledger, "prod", "app", 1, &pins, &b->err), 0);
	plan = with(with(plan, "pinned", pins), "retention", json_pack("{s:i}", "count", 1));
	b->w.options.clock->sleep_ms(b->w.options.clock, 60000);
	if (run(b, plan))
		fail_msg("%s (%s)", b->err.msg, b->err.where);
}

/* A backup stays as long as the images of a point that names it, and no longer. */
static void test_a_named_backup_stays(void **state)
{
	char path[200];
	struct bench b;
	json_t *plan;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_make_versions(&b.w, SCENARIO_DATA, 0);
	bench_begin(&b);
	backup(&b, "prod", ID);
	plan = with(own(json_incref(b.w.plan)), "data_backup", json_string(ID));
	json_object_set_new(plan, "flow", json_string("promote"));
	b.w.options.hosts[RFA_SOURCE] = b.w.source;
	assert_int_equal(run(&b, plan), 0);
	snprintf(path, sizeof(path), "points/prod/app/%s.json", b.result.point);
	backup_keeping_one(&b, "20261122-110000-prod-data");
	backup_keeping_one(&b, "20261122-120000-prod-data");
	assert_vault(&b, ID " 20261122-120000-prod-data ");

	/* A newer point, which names none: nobody needs the backup any more. */
	plan = own(world_restore_plan(&b.w, "rollback", "prod", "prod", ID));
	json_object_set_new(plan, "point", ledger_json(&b, path));
	json_object_set_new(plan, "source", json_null());
	b.w.options.hosts[RFA_SOURCE] = NULL;
	assert_int_equal(run(&b, plan), 0);
	backup_keeping_one(&b, "20261122-130000-prod-data");
	assert_vault(&b, "20261122-130000-prod-data ");
	bench_close(&b);
}

/* With the configuration. */

static void open_with_files(struct bench *b, int how)
{
	memset(b, 0, sizeof(*b));
	world_make_versions(&b->w, SCENARIO_DATA, how | WORLD_WEB);
	world_promote_v2_files(&b->w, ID);
	bench_begin(b);
	json_decref(b->before);
	b->before = world_versions_serves(&b->w);
}

static void assert_configuration(struct bench *b, const char *variables, int changed)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	struct rfa_error err;
	json_t *is = NULL;
	char *env;

	assert_int_equal(
	    b->w.target->files->read(b->w.target, "/srv/stacks/shop/.env", 4000, &text, &err), 0);
	assert_string_equal(rfa_buf_str(&text), variables);
	assert_int_equal(
	    b->w.target->engine->inspect(b->w.target, RFA_CONTAINER, "shop-web-1", &is, &err), 0);
	env = json_dumps(rfa_facts_at(is, "Config/Env"), 0);
	assert_non_null(env);
	assert_int_equal(strstr(env, "MODE=changed") != NULL, changed);
	free(env);
	json_decref(is);
	rfa_buf_release(&text);
}

/* Files are written while nothing of the data runs, and before any container is made of them. */
static void test_with_files(void **state)
{
	struct bench b;
	json_t *plan, *there;
	char kept_by[64];

	(void)state;
	open_with_files(&b, 0);
	assert_configuration(&b, WORLD_NEW_VARIABLES, 1);
	plan = world_whole_files_plan(&b.w, ID);
	snprintf(kept_by, sizeof(kept_by), "%s",
		 rfa_facts_str(plan, "point/configuration/run", "-"));
	if (run(&b, plan))
		fail_msg("%s (%s)\n%s", b.err.msg, b.err.where, rfa_buf_str(&b.x.lines));
	assert_data(&b, "prod", "prod");
	assert_version(&b, "v1");
	assert_configuration(&b, WORLD_OLD_VARIABLES, 0);
	assert_apart(&b);
	assert_true(line_of(&b, "step-done target.verify-stopped") <
		    line_of(&b, "step-done target.write"));
	assert_true(line_of(&b, "step-done target.write") <
		    line_of(&b, "step-started target.replace"));
	there = ledger_json(&b, "environments/prod/app.json");
	assert_string_equal(rfa_facts_str(there, "configuration/run", ""), kept_by);
	json_decref(there);
	assert_clean(&b);
	bench_close(&b);
}

static void test_with_files_ill(void **state)
{
	struct bench b;

	(void)state;
	open_with_files(&b, WORLD_ILL);
	assert_int_equal(run(&b, world_whole_files_plan(&b.w, ID)), -RFA_EROLLED_BACK);
	assert_all_back(&b);
	assert_data(&b, "prod", "test");
	assert_version(&b, "v2");
	assert_configuration(&b, WORLD_NEW_VARIABLES, 1);
	assert_apart(&b);
	bench_close(&b);
}

/* Without being asked for they stay, and it is told. */
static void test_without_files(void **state)
{
	struct bench b;

	(void)state;
	open_with_files(&b, 0);
	assert_int_equal(run(&b, world_whole_plan(&b.w, ID)), 0);
	assert_configuration(&b, WORLD_NEW_VARIABLES, 1);
	assert_non_null(strstr(rfa_buf_str(&b.x.all), "the configuration is not as it was then: "));
	bench_close(&b);
}

static void assert_refused(struct bench *b, json_t *plan, const char *gate, const char *text)
{
	assert_int_equal(run(b, plan), -RFA_EREFUSED);
	if (!watcher_is_refused(b->x.refused, gate, text))
		fail_msg("gate '%s' does not say \"%s\": %s", gate, text, b->err.msg);
	assert_version(b, "v2");
	assert_apart(b);
}

static void test_refused(void **state)
{
	struct bench b;
	json_t *plan;

	(void)state;
	open_bench(&b, SCENARIO_DATA, 0);
	assert_refused(&b, world_whole_plan(&b.w, "20261122-090909-prod-data"), "backup",
		       "there is no complete backup");
	plan = own(world_whole_plan(&b.w, ID));
	json_object_del(json_object_get(plan, "point"), "images");
	assert_refused(&b, plan, "rollback point", "names no images");
	bench_close(&b);

	/* A server that the point would replace. */
	open_bench(&b, SCENARIO_DATA_DATABASE, 0);
	plan = own(world_whole_plan(&b.w, ID));
	{
		json_t *one;
		size_t i;

		json_array_foreach (rfa_facts_at(plan, "point/images"), i, one) {
			if (!strcmp(rfa_facts_str(one, "key", ""), "db"))
				json_object_set_new(one, "ref", json_string("postgres:v0"));
		}
	}
	assert_refused(&b, plan, "servers", "keeps a database");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_back),
		cmocka_unit_test(test_goes_back_with_a_dump),
		cmocka_unit_test(test_forward_again),
		cmocka_unit_test(test_ill),
		cmocka_unit_test(test_undone_by_hand),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_a_named_backup_stays),
		cmocka_unit_test(test_with_files),
		cmocka_unit_test(test_with_files_ill),
		cmocka_unit_test(test_without_files),
		cmocka_unit_test(test_others_are_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
