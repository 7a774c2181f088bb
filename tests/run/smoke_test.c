/*
 * Smoke tests: what runs there is checked, all of it is told, nothing is changed or locked; and
 * only who asks for it has the version marked.
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
#include "fsm/parts/catalog.h"
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

#define CHECKS "target|stack|checks"
#define HEALTH "hosts|prod|images|0|config|Labels|sim.health"
#define URL "{\"name\":\"page\",\"url\":\"http://127.0.0.1:8001/\"}"
#define SHUT "{\"name\":\"shut\",\"tcp\":\"127.0.0.1:1\",\"at\":[\"smoke\"]}"
#define LATER "{\"name\":\"later\",\"tcp\":\"127.0.0.1:2\",\"at\":[\"deploy\",\"data\"]}"
#define FALSE "{\"name\":\"command\",\"exec\":{\"service\":\"backend\",\"command\":[\"false\"]}}"

struct bench {
	struct world w;
	struct watcher x;
	json_t *before;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void open_bench(struct bench *b, const struct world_edit *edits, int mark)
{
	memset(b, 0, sizeof(*b));
	world_make_edited(&b->w, SCENARIO_RUN, 1, world_edit_all, (void *)(uintptr_t)edits);
	json_object_set_new(b->w.plan, "flow", json_string("smoke"));
	json_object_set_new(b->w.plan, "source", json_null());
	if (mark)
		json_object_set_new(json_object_get(b->w.plan, "options"), "mark", json_true());
	b->w.options.hosts[RFA_SOURCE] = NULL;
	watcher_begin(&b->x, &b->w);
	b->before = world_serves(&b->w);
}

static int smoke(struct bench *b)
{
	return rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

/* What it left is nothing but its records. */
static void close_bench(struct bench *b)
{
	struct rfa_buf why = RFA_BUF_INIT(1 << 20);
	json_t *after = world_serves(&b->w);

	rfa_sim_diff(b->before, after, &why);
	(void)world_is_clean(&b->w, &why);
	if (why.len)
		fail_msg("%s", rfa_buf_str(&why));
	assert_int_equal(rfa_sim_effects(b->w.prod, "lock_claim"), 0);
	assert_int_equal(rfa_sim_effects(b->w.prod, "file_write"), 0);
	rfa_buf_release(&why);
	json_decref(after);
	json_decref(b->before);
	watcher_end(&b->x);
	world_free(&b->w);
}

/* The version that prod has verified; "" for none. */
static const char *verified(struct bench *b, char out[64])
{
	struct rfa_error err;
	json_t *found = NULL;

	assert_int_equal(rfa_catalog_verified(b->w.ledger, "prod", "app", &found, &err), 0);
	snprintf(out, 64, "%s", rfa_facts_str(found, "version", ""));
	if (found)
		assert_string_equal(rfa_facts_str(found, "run", ""), b->result.run);
	if (found)
		assert_int_equal(json_array_size(json_object_get(found, "images")), 2);
	json_decref(found);
	return out;
}

static json_t *checks_of(struct bench *b, enum rfa_record_kind kind)
{
	struct rfa_history *h = NULL;
	struct rfa_error err;
	json_t *found = NULL;
	size_t i;

	assert_int_equal(rfa_ledger_load(b->w.ledger, b->result.run, &h, &err), 0);
	for (i = 0; i < h->n; i++)
		if (!strcmp(h->records[i].step, "target.smoke") && h->records[i].kind == kind)
			found = json_incref(json_object_get(h->records[i].facts, "checks"));
	rfa_history_free(h);
	return found;
}

static void what_serves_passes(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { CHECKS, "[" URL "," LATER "]" } };
	char version[64];
	struct bench b;
	json_t *checks;
	int mark;

	(void)state;
	for (mark = 0; mark < 2; mark++) {
		open_bench(&b, edits, mark);
		if (smoke(&b))
			fail_msg("%s", b.err.msg);
		assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
		assert_string_equal(b.result.version, "v1");
		assert_string_equal(verified(&b, version), mark ? "v1" : "");
		checks = checks_of(&b, RFA_RECORD_DONE);
		assert_int_equal(json_array_size(checks), 1);
		assert_true(rfa_facts_bool(json_array_get(checks, 0), "ok", 0));
		json_decref(checks);
		close_bench(&b);
	}
}

/* One that fails does not hide the others; and nothing is marked. */
static void all_that_is_wrong_is_told(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { CHECKS, "[" SHUT "," URL "," FALSE
									"," LATER "]" } };
	static const char *const told[] = { "check shut: 127.0.0.1:1: connection refused",
					    "check command: false ended with status 1" };
	char version[64];
	struct bench b;
	json_t *checks, *one;
	size_t i;

	(void)state;
	open_bench(&b, edits, 1);
	assert_int_equal(smoke(&b), -RFA_EUNHEALTHY);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_string_equal(b.err.msg, "2 of 3 check(s) are wrong: shut, command");
	assert_non_null(strstr(b.err.hint, "rfa show"));
	for (i = 0; i < 2; i++)
		assert_non_null(strstr(rfa_buf_str(&b.x.all), told[i]));
	checks = checks_of(&b, RFA_RECORD_FAILED);
	assert_int_equal(json_array_size(checks), 3);
	json_array_foreach (checks, i, one) {
		assert_int_equal(rfa_facts_bool(one, "ok", 0), i == 1);
		assert_int_equal(rfa_facts_int(one, "tries", 0), i == 1 ? 1 : 3);
	}
	json_decref(checks);
	assert_string_equal(verified(&b, version), "");
	close_bench(&b);
}

/* A service that hiccups is asked again. */
static void a_hiccup_is_forgiven(void **state)
{
	static const struct world_edit twice[WORLD_EDITS] = { { CHECKS, "[" URL "]" },
							      { HEALTH, "\"flaky:2\"" } };
	static const struct world_edit thrice[WORLD_EDITS] = { { CHECKS, "[" URL "]" },
							       { HEALTH, "\"flaky:3\"" } };
	struct bench b;

	(void)state;
	open_bench(&b, twice, 0);
	assert_int_equal(smoke(&b), 0);
	close_bench(&b);
	open_bench(&b, thrice, 0);
	assert_int_equal(smoke(&b), -RFA_EUNHEALTHY);
	close_bench(&b);
}

/* Where nobody could look, nothing is left to go on with: the next run is not in its way. */
static void what_cannot_look_ends(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { CHECKS, "[" URL "]" } };
	struct bench b;

	(void)state;
	open_bench(&b, edits, 0);
	rfa_sim_forwarding(b.w.prod, 0);
	assert_int_equal(smoke(&b), -RFA_EFORWARDING);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	rfa_sim_forwarding(b.w.prod, 1);
	assert_int_equal(smoke(&b), 0);
	close_bench(&b);
}

/* A signal ends it as well. */
static void it_can_be_stopped(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { CHECKS, "[" SHUT "]" } };
	static int cancel;
	struct bench b;

	(void)state;
	open_bench(&b, edits, 0);
	cancel = 1;
	b.w.options.cancel = &cancel;
	assert_int_equal(smoke(&b), -RFA_ECANCELLED);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	close_bench(&b);
}

/* Somebody brings another version between the first look and the mark. */
static void bring_another(struct watcher *x, uint64_t call, const char *label)
{
	const struct rfa_job_key stop = { "20261122-000000-abcdef", "x", "stop" };
	const struct rfa_job_key drop = { "20261122-000000-abcdef", "x", "remove" };
	struct rfa_host *h = x->w->target;
	struct rfa_error err;

	(void)call;
	(void)label;
	if (!x->user)
		return;
	x->user = NULL;
	assert_int_equal(h->engine->container_stop(h, &stop, "frontend", &err), 0);
	assert_int_equal(h->engine->container_remove(h, &drop, "frontend", &err), 0);
}

static void another_version_is_not_marked(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { CHECKS, "[" URL "]" } };
	char version[64];
	struct bench b;

	(void)state;
	open_bench(&b, edits, 1);
	b.x.hook = bring_another;
	b.x.user = &b;
	snprintf(b.x.hook_step, sizeof(b.x.hook_step), "target.smoke");
	assert_int_equal(smoke(&b), -RFA_EREFUSED);
	assert_non_null(strstr(b.err.msg, "another version was brought"));
	assert_string_equal(verified(&b, version), "");
	json_decref(b.before);
	watcher_end(&b.x);
	world_free(&b.w);
}

/* What stands still was asked nothing: it is not proven, and so nothing is. */
static void what_does_not_run_is_not_marked(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { { CHECKS, "[" URL "]" } };
	struct rfa_error err;
	char version[64];
	struct bench b;

	(void)state;
	open_bench(&b, edits, 1);
	assert_int_equal(rfa_sim_container_stop(b.w.prod, "frontend", &err), 0);
	assert_int_equal(smoke(&b), -RFA_EREFUSED);
	assert_non_null(strstr(b.err.msg, "what it would run is not proven"));
	assert_string_equal(verified(&b, version), "");
	json_decref(b.before);
	watcher_end(&b.x);
	world_free(&b.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_serves_passes),
		cmocka_unit_test(all_that_is_wrong_is_told),
		cmocka_unit_test(a_hiccup_is_forgiven),
		cmocka_unit_test(what_cannot_look_ends),
		cmocka_unit_test(it_can_be_stopped),
		cmocka_unit_test(another_version_is_not_marked),
		cmocka_unit_test(what_does_not_run_is_not_marked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("smoke", tests, NULL, NULL);
}
