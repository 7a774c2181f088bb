/* release: what is built of which commit, which files come, what is refused, and how it goes back.
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
#include "tests/harness/watcher.h"

#define PLACE "/srv/stacks/shop"
#define VARIABLES "/var/lib/rfa/stacks/shop/variables.env"

static const char *ref_of(struct rfa_host *host, const char *container, char out[128])
{
	struct rfa_error err;
	json_t *seen = NULL;

	assert_int_equal(host->engine->inspect(host, RFA_CONTAINER, container, &seen, &err), 0);
	snprintf(out, 128, "%s", rfa_facts_str(seen, "Config/Image", ""));
	json_decref(seen);
	return out;
}

static int has(struct rfa_host *host, const char *path, const char *text)
{
	struct rfa_buf is = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	int found = !host->files->read(host, path, 1 << 20, &is, &err) &&
		    strstr(rfa_buf_str(&is), text) != NULL;

	rfa_buf_release(&is);
	return found;
}

static unsigned builds, unpacks, writes;
static void count(void *user, uint64_t call, const char *label)
{
	(void)user;
	(void)call;
	builds += strstr(label, "image_build") != NULL;
	unpacks += strstr(label, "source_unpack") != NULL;
	writes += strstr(label, "spool_write") != NULL;
}

static int release(struct world *w, struct rfa_run_result *result, struct rfa_error *err)
{
	rfa_error_clear(err);
	builds = unpacks = writes = 0;
	rfa_sim_on_call(w->sim, count, NULL);
	return rfa_run_begin(&w->options, w->plan, result, err);
}

static void test_release(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char ref[128];

	(void)state;
	world_make_release(&w, SCENARIO_RUN, 7);
	if (release(&w, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	assert_string_equal(result.version, "v3");
	assert_string_equal(ref_of(w.target, "backend", ref), "backend:v3");
	assert_string_equal(ref_of(w.target, "frontend", ref), "frontend:v3");
	assert_int_equal(builds, 2);
	assert_int_equal(unpacks, 1);

	/* The same once more: nothing is sent, nothing is built. */
	if (release(&w, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	assert_int_equal(builds + unpacks + writes, 0);
	world_free(&w);
}

/* The builder has lost them, but prod has them. */
static void test_builder_without(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct rfa_job_key key = { "by-hand", "untag", "1" };
	struct world w;

	(void)state;
	world_make_release(&w, SCENARIO_RUN, 7);
	assert_int_equal(release(&w, &result, &err), 0);
	assert_int_equal(w.source->engine->image_untag(w.source, &key, "backend:v3", &err), 0);
	if (release(&w, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	assert_int_equal(builds + unpacks, 0);
	world_free(&w);
}

static void test_files_come(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	json_t *synced = NULL, *seen = NULL;
	struct rfa_buf told = RFA_BUF_INIT(1 << 22);
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	(void)state;
	world_make_release(&w, SCENARIO_COMPOSE, 7);
	if (release(&w, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	assert_true(has(w.target, PLACE "/docker-compose.yml", "of the commit"));
	assert_true(has(w.target, PLACE "/conf/new.yml", "new"));
	assert_true(has(w.target, VARIABLES, "STAGE=\"it's blue\"\n"));
	assert_int_equal(
	    w.target->engine->inspect(w.target, RFA_CONTAINER, "shop-web-1", &seen, &err), 0);
	assert_true(
	    rfa_facts_has_text(rfa_facts_at(seen, "Config/Env"), "MODE=of the commit it's blue"));
	json_decref(seen);
	world_ledger_text(&w, result.run, &told);
	assert_non_null(strstr(rfa_buf_str(&told), "STAGE"));
	assert_null(strstr(rfa_buf_str(&told), "blue"));
	rfa_buf_release(&told);
	assert_int_equal(rfa_ledger_read(w.ledger, "synced/prod/app.json", &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&synced, rfa_buf_str(&text), text.len, "synced", &err), 0);
	assert_int_equal(json_object_size(json_object_get(synced, "files")), 2);
	json_decref(synced);
	rfa_buf_release(&text);
	world_free(&w);
}

/* What does not prove healthy takes its files with it. */
static void test_files_go_back(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char ref[128];

	(void)state;
	world_make_release(&w, SCENARIO_COMPOSE, 7);
	json_object_set_new(json_array_get(rfa_facts_at(w.plan, "target/stack/checks"), 0), "url",
			    json_string("http://127.0.0.1:9/none"));
	assert_int_equal(release(&w, &result, &err), -RFA_EROLLED_BACK);
	assert_string_equal(ref_of(w.target, "shop-web-1", ref), "web:v1");
	assert_false(has(w.target, PLACE "/docker-compose.yml", "of the commit"));
	assert_false(has(w.target, PLACE "/conf/new.yml", ""));
	assert_false(has(w.target, VARIABLES, ""));
	world_free(&w);
}

/* The stack has had variables, and has none any more. */
static void test_no_more_variables(void **state)
{
	(void)state;
	for (int ill = 0; ill < 2; ill++) {
		struct rfa_run_result result;
		struct rfa_error err;
		struct world w;

		world_make_release(&w, SCENARIO_COMPOSE, 7);
		json_object_del(rfa_facts_at(w.plan, "target/stack"), "variables");
		assert_int_equal(rfa_sim_file_put(w.prod, VARIABLES, 0600, "STAGE='old'\n", &err),
				 0);
		assert_int_equal(rfa_sim_file_put(w.prod, PLACE "/.env", 0600, "STAGE=x\n", &err),
				 0);
		if (ill)
			json_object_set_new(
			    json_array_get(rfa_facts_at(w.plan, "target/stack/checks"), 0), "url",
			    json_string("http://127.0.0.1:9/none"));
		assert_int_equal(release(&w, &result, &err), ill ? -RFA_EROLLED_BACK : 0);
		assert_int_equal(has(w.target, VARIABLES, "old"), ill);
		world_free(&w);
	}
}

static void test_edited_there(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct watcher x;
	struct world w;

	(void)state;
	world_make_release(&w, SCENARIO_COMPOSE, 7);
	assert_int_equal(rfa_sim_file_put(w.prod, PLACE "/conf/new.yml", 0644, "mine\n", &err), 0);
	watcher_begin(&x, &w);
	assert_int_equal(release(&w, &result, &err), -RFA_EREFUSED);
	assert_true(watcher_is_refused(x.refused, "edited", "conf/new.yml"));
	assert_true(has(w.target, PLACE "/conf/new.yml", "mine"));
	watcher_end(&x);
	world_free(&w);
}

/* Gates. */

static void test_no_value(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct watcher x;
	struct world w;

	(void)state;
	world_make_release(&w, SCENARIO_COMPOSE, 7);
	json_object_del(rfa_facts_at(w.plan, "target/stack"), "variables");
	watcher_begin(&x, &w);
	assert_int_equal(release(&w, &result, &err), -RFA_EREFUSED);
	assert_true(watcher_is_refused(x.refused, "variables", "use STAGE"));
	watcher_end(&x);
	world_free(&w);
}

static void test_gates(void **state)
{
	static const struct {
		const char *key, *value, *gate, *text;
	} rows[] = {
		{ "submodules", "[\"lib/other\"]", "repository", "lib/other" },
		{ "bytes", "5000000000", "repository", "at most 4.0 GB are sent" },
		{ "pointers", "[\"big.bin\"]", "repository", "big.bin" },
		{ "other", "\"0123456789abcdef\"", "tag", "0123456789ab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rfa_run_result result;
		struct rfa_error err;
		struct watcher x;
		struct world w;

		world_make_release(&w, SCENARIO_RUN, 7);
		json_object_set_new(rfa_facts_at(w.plan, "options/release"), rows[i].key,
				    json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		watcher_begin(&x, &w);
		assert_int_equal(release(&w, &result, &err), -RFA_EREFUSED);
		assert_true(watcher_is_refused(x.refused, rows[i].gate, rows[i].text));
		assert_int_equal(builds + unpacks + writes, 0);
		watcher_end(&x);
		world_free(&w);
	}
}

static void test_not_in_the_commit(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct watcher x;
	struct world w;

	(void)state;
	world_make_release(&w, SCENARIO_RUN, 7);
	json_object_set_new(rfa_facts_at(w.plan, "target/stack/build/images/backend"), "dockerfile",
			    json_string("Other"));
	watcher_begin(&x, &w);
	assert_int_equal(release(&w, &result, &err), -RFA_EREFUSED);
	assert_true(watcher_is_refused(x.refused, "sources", "no file backend/Other"));
	watcher_end(&x);
	world_free(&w);
}

/* The repository answers otherwise than when the run began. */
static void test_another_commit(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err;
	struct world w;
	char ref[128];

	(void)state;
	world_make_release(&w, SCENARIO_RUN, 7);
	world_release_other(1);
	assert_int_not_equal(release(&w, &result, &err), 0);
	assert_int_equal(builds, 0);
	world_release_other(0);
	world_free(&w);

	/* It says the commit, and has other bytes. */
	world_make_release(&w, SCENARIO_RUN, 7);
	world_release_change("backend/Dockerfile", "{\"layers\":[[\"other\",1]],\"config\":{}}");
	assert_int_not_equal(release(&w, &result, &err), 0);
	assert_int_equal(builds, 0);
	assert_string_equal(ref_of(w.target, "backend", ref), "backend:v1");
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release),        cmocka_unit_test(test_builder_without),
		cmocka_unit_test(test_files_come),     cmocka_unit_test(test_files_go_back),
		cmocka_unit_test(test_edited_there),   cmocka_unit_test(test_no_value),
		cmocka_unit_test(test_gates),          cmocka_unit_test(test_not_in_the_commit),
		cmocka_unit_test(test_another_commit), cmocka_unit_test(test_no_more_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
