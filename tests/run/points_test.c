/*
 * Rollback points and secrets: what a point brings back, how long its images stay, what becomes of
 * a point that was tampered with; and that no secret of a container leaves its host.
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
#include "tests/harness/ledger_kit.h"
#include "tests/harness/watcher.h"
#include "tests/harness/world_prune.h"

static void assert_told(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" does not say \"%s\"", text, what);
}

static json_t *snapshot(struct rfa_sim_host *host, unsigned sections)
{
	struct rfa_error err;
	json_t *shared = NULL;
	json_t *copy;

	assert_int_equal(rfa_sim_snapshot(&shared, host, sections, &err), 0);
	copy = json_deep_copy(shared);
	json_decref(shared);
	return copy;
}

static void assert_same(const json_t *a, const json_t *b)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	rfa_sim_diff(a, b, &text);
	if (text.len)
		fail_msg("%s", rfa_buf_str(&text));
	rfa_buf_release(&text);
}

/* Secrets. */

static const char secret[] = "hunter2-correct-horse";

/* Only the containers on prod have it: neither plan nor image could know. */
static void hide_secret(void *user, json_t *setup, json_t *plan)
{
	json_t *one;
	size_t i;

	(void)user;
	(void)plan;
	json_array_foreach (rfa_facts_at(setup, "hosts/prod/containers"), i, one)
		json_array_append_new(rfa_facts_at(one, "body/Env"),
				      json_sprintf("TOKEN=%s", secret));
}

static json_t *spec_file(struct world *w, const char *run)
{
	json_t *own = snapshot(w->prod, RFA_SIM_OWN);
	char path[200];
	json_t *file;

	snprintf(path, sizeof(path), "/var/lib/rfa/points/app/%s.json", run);
	file = json_incref(json_object_get(rfa_facts_at(own, "own/files"), path));
	json_decref(own);
	return file;
}

static void secrets_of(enum scenario s)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 24);
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	struct kit kit;
	char script[300];
	json_t *file;
	int rc;

	world_make_edited(&w, s, 7, hide_secret, NULL);
	world_use_git(&w, &kit);
	watcher_begin(&x, &w);
	rc = rfa_run_begin(&w.options, w.plan, &result, &err);
	assert_int_equal(rc, s == SCENARIO_UNHEALTHY ? -RFA_EROLLED_BACK : 0);
	world_ledger_text(&w, result.run, &text);
	assert_true(text.len > 4000);
	assert_null(strstr(rfa_buf_str(&text), secret));
	assert_true(x.all.len > 4000);
	assert_null(strstr(rfa_buf_str(&x.all), secret));
	assert_null(strstr(err.msg, secret));
	/* Every object that git has, and whatever else is in the repository. */
	snprintf(script, sizeof(script),
		 "cd $L; { git cat-file --batch-all-objects --batch; git for-each-ref; cat "
		 "$(find . -type f ! -path './objects/*'); } | grep -a -c -- '%s'",
		 secret);
	kit_sh(&kit, &text, script);
	assert_string_equal(rfa_buf_str(&text), "0\n");

	file = spec_file(&w, result.run);
	if (s == SCENARIO_UNHEALTHY) {
		assert_null(file);
	} else {
		json_t *now = snapshot(w.prod, RFA_SIM_CONTAINERS);
		char *all = json_dumps(now, 0);

		/* It is where it belongs, and there only. */
		assert_told(all, secret);
		assert_int_equal(rfa_facts_int(file, "mode", 0), 0600);
		assert_told(rfa_facts_str(file, "text", ""), secret);
		free(all);
		json_decref(now);
	}
	json_decref(file);
	rfa_buf_release(&text);
	watcher_end(&x);
	world_free(&w);
	kit_close(&kit);
}

static void test_secrets(void **state)
{
	(void)state;
	secrets_of(SCENARIO_RUN);
	secrets_of(SCENARIO_UNHEALTHY);
}

/* How long images stay. */

static int has_tag(struct world *w, const char *ref)
{
	json_t *tags = snapshot(w->prod, RFA_SIM_TAGS);
	int has = json_object_get(json_object_get(tags, "tags"), ref) != NULL;

	json_decref(tags);
	return has;
}

static size_t images_on_prod(struct world *w)
{
	json_t *images = snapshot(w->prod, RFA_SIM_IMAGES);
	size_t n = json_object_size(json_object_get(images, "images"));

	json_decref(images);
	return n;
}

/* The plan of a rollback to this point. New. */
static json_t *plan_to(struct world *w, const char *point)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	json_t *plan = world_rollback_plan(w);
	struct rfa_error err;
	char path[200];
	json_t *json;

	snprintf(path, sizeof(path), "points/prod/app/%s.json", point);
	if (rfa_ledger_read(w->ledger, path, &text, &err))
		fail_msg("%s: %s", path, err.msg);
	json = json_loads(rfa_buf_str(&text), 0, NULL);
	assert_non_null(json);
	json_object_set_new(plan, "point", json);
	rfa_buf_release(&text);
	return plan;
}

static const char *runs_now(struct world *w, char *out, size_t size)
{
	json_t *snap = snapshot(w->prod, RFA_SIM_CONTAINERS);

	snprintf(out, size, "%s", rfa_facts_str(snap, "containers/backend/ref", "nothing"));
	json_decref(snap);
	return out;
}

/* Several owners. */

static int keeps(struct world *w, const char *ref)
{
	struct rfa_error err;
	json_t *image = NULL;
	int is = !w->target->engine->inspect(w->target, RFA_IMAGE, ref, &image, &err);

	json_decref(image);
	return is;
}

/*
 * One host, two owners of the same images: another stack, or the same one of somebody with a ledger
 * of his own. The clean-up of one takes nothing from the points of the other.
 */
static void owners(int other_ledger)
{
	struct rfa_ledger_options of_pia = { 0 };
	struct rfa_run_options pia;
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	json_t *point;
	json_t *plan;
	json_t *theirs;
	char point_name[128];
	char path[256];
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	int v;

	world_make(&w, SCENARIO_RUN, 7);
	watcher_begin(&x, &w);
	pia = w.options;
	theirs = json_deep_copy(w.plan);
	if (other_ledger) {
		of_pia.clock = w.options.clock;
		of_pia.author_name = "Pia Partner";
		of_pia.author_email = "pia@example.org";
		assert_int_equal(rfa_ledger_open_memory(&pia.ledger, &of_pia, &err), 0);
	} else {
		json_object_set_new(theirs, "stack", json_string("twin"));
	}
	/* The other one's point: v1 of both. */
	if (rfa_run_begin(&pia, theirs, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	snprintf(point_name, sizeof(point_name), "%s", result.point);
	snprintf(path, sizeof(path), "points/prod/%s/%s.json", rfa_facts_str(theirs, "stack", ""),
		 point_name);
	assert_int_equal(rfa_ledger_read(pia.ledger, path, &text, &err), 0);
	assert_int_equal(rfa_facts_parse(&point, rfa_buf_str(&text), text.len, path, &err), 0);
	plan = json_pack("{s:i, s:s, s:O, s:n, s:O, s:O, s:O}", "format", 1, "flow", "rollback",
			 "stack", json_object_get(theirs, "stack"), "source", "target",
			 json_object_get(theirs, "target"), "point", point, "options",
			 json_object_get(theirs, "options"));
	/* It goes back, so that this one's first point is of v1 as well. */
	w.options.clock->sleep_ms(w.options.clock, 3600000);
	if (rfa_run_begin(&pia, plan, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	/* This one's go on and on, until the points of v1 and v2 give up their images. */
	for (v = 2; v <= 7; v++) {
		w.options.clock->sleep_ms(w.options.clock, 3600000);
		if (v > 2) {
			world_ship(&w, "backend", "8001", v);
			world_ship(&w, "frontend", "8080", v);
		}
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("v%d: %s (%s)", v, err.msg, err.where);
	}
	assert_true(keeps(&w, rfa_facts_str(point, "images/0/pin", "")));
	assert_true(keeps(&w, rfa_facts_str(point, "images/1/pin", "")));
	/* So it can be gone back to. */
	watcher_clear(&x);
	if (rfa_run_begin(&pia, plan, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	assert_int_equal(result.final, RFA_FINAL_SUCCEEDED);
	if (other_ledger)
		rfa_ledger_free(pia.ledger);
	json_decref(plan);
	json_decref(point);
	json_decref(theirs);
	rfa_buf_release(&text);
	watcher_end(&x);
	world_free(&w);
}

static void test_two_stacks(void **state)
{
	(void)state;
	owners(0);
}

static void test_two_ledgers(void **state)
{
	(void)state;
	owners(1);
}

static void test_keep_images(void **state)
{
	static const char *const back_to[] = { "v4", "v5", "v6" };
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	char now[64], want[64];
	json_t *before;
	json_t *after;
	json_t *plan;
	size_t i;
	int v;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	watcher_begin(&x, &w);
	for (v = 2; v <= 7; v++) {
		char version[16], point[16];

		if (v > 2) {
			world_ship(&w, "backend", "8001", v);
			world_ship(&w, "frontend", "8080", v);
		}
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("v%d: %s (%s)", v, err.msg, err.where);
		snprintf(version, sizeof(version), "v%d", v);
		snprintf(point, sizeof(point), "v%d", v - 1);
		assert_string_equal(result.version, version);
		assert_string_equal(result.point, point);
		w.options.clock->sleep_ms(w.options.clock, 3600000);
	}
	/* What runs, and the three newest points. */
	for (v = 1; v <= 7; v++) {
		snprintf(want, sizeof(want), "backend:v%d", v);
		if (has_tag(&w, want) != (v >= 4))
			fail_msg("%s is %s", want, v >= 4 ? "gone" : "still there");
	}
	assert_int_equal(images_on_prod(&w), 8);

	/* An older one cannot come back, and nothing is touched to find that out. */
	before = snapshot(w.prod, RFA_SIM_SERVES);
	plan = plan_to(&w, "v1");
	watcher_clear(&x);
	assert_int_equal(rfa_run_begin(&w.options, plan, &result, &err), -RFA_EREFUSED);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_told(err.where, "gate 'rollback point'");
	assert_told(err.hint, "promote that version again");
	assert_told(rfa_facts_str(json_array_get(x.refused, 0), "evidence", ""),
		    "backend:v1 of the rollback point is no longer on prod");
	after = snapshot(w.prod, RFA_SIM_SERVES);
	assert_same(before, after);
	json_decref(before);
	json_decref(after);
	json_decref(plan);

	for (i = 0; i < 3; i++) {
		plan = plan_to(&w, back_to[i]);
		if (rfa_run_begin(&w.options, plan, &result, &err))
			fail_msg("back to %s: %s (%s)", back_to[i], err.msg, err.where);
		snprintf(want, sizeof(want), "backend:%s", back_to[i]);
		assert_string_equal(runs_now(&w, now, sizeof(now)), want);
		assert_string_equal(result.version, back_to[i]);
		json_decref(plan);
		w.options.clock->sleep_ms(w.options.clock, 3600000);
	}
	watcher_end(&x);
	world_free(&w);
}

/* A run that finds what it brings takes no point's place: the way back stays what it was. */
static void test_same_again(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	char now[64];
	json_t *plan;
	int i;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	for (i = 0; i < 6; i++) {
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("promote %d: %s (%s)", i, err.msg, err.where);
		assert_string_equal(result.point, i ? "" : "v1");
		w.options.clock->sleep_ms(w.options.clock, 3600000);
	}
	assert_true(has_tag(&w, "backend:v1"));
	plan = plan_to(&w, "v1");
	if (rfa_run_begin(&w.options, plan, &result, &err))
		fail_msg("back to v1: %s (%s)", err.msg, err.where);
	assert_string_equal(runs_now(&w, now, sizeof(now)), "backend:v1");
	json_decref(plan);
	world_free(&w);
}

static json_t *data_plan(struct world *w)
{
	json_t *plan = json_deep_copy(w->plan);
	json_t *members =
	    json_pack("{s:{s:{s:s}}}", "members", "app", "directory", "/opt/app/data");

	json_object_set_new(plan, "flow", json_string("promote-data"));
	json_object_set(rfa_facts_at(plan, "source/stack"), "data", members);
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "data", members);
	return plan;
}

/* Generations of data are rollback points too, and take nobody's place among those of images. */
static void test_data_does_not_count(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	char want[64];
	json_t *data;
	int v, i;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	data = data_plan(&w);
	for (v = 2; v <= 5; v++) {
		if (v > 2) {
			world_ship(&w, "backend", "8001", v);
			world_ship(&w, "frontend", "8080", v);
		}
		if (rfa_run_begin(&w.options, w.plan, &result, &err))
			fail_msg("v%d: %s (%s)", v, err.msg, err.where);
		for (i = 0; i < 3; i++) {
			w.options.clock->sleep_ms(w.options.clock, 3600000);
			if (rfa_run_begin(&w.options, data, &result, &err))
				fail_msg("data after v%d: %s (%s)", v, err.msg, err.where);
			assert_int_equal(strncmp(result.point, "data-", 5), 0);
		}
	}
	for (v = 1; v <= 5; v++) {
		snprintf(want, sizeof(want), "backend:v%d", v);
		if (has_tag(&w, want) != (v >= 2))
			fail_msg("%s is %s", want, v >= 2 ? "gone" : "still there");
	}
	json_decref(data);
	world_free(&w);
}

/* What a point brings back. */

static void make_again(struct world *w, const char *env)
{
	struct rfa_error err;
	json_t *body = json_pack("{s:s, s:[s], s:{s:s, s:{s:[{s:s, s:s}]}}}", "Image", "backend:v2",
				 "Env", env, "HostConfig", "NetworkMode", "appnet", "PortBindings",
				 "8001/tcp", "HostIp", "127.0.0.1", "HostPort", "8001");

	assert_int_equal(rfa_sim_container_stop(w->prod, "backend", &err), 0);
	assert_int_equal(rfa_sim_container_remove(w->prod, "backend", &err), 0);
	assert_int_equal(rfa_sim_container_run(w->prod, "backend", body, &err), 0);
	json_decref(body);
}

static void test_config_of_the_point(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	json_t *before;
	json_t *after;
	json_t *plan;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	before = world_serves(&w);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	make_again(&w, "MODE=changed-meanwhile");
	plan = world_rollback_plan(&w);
	if (rfa_run_begin(&w.options, plan, &result, &err))
		fail_msg("%s (%s)", err.msg, err.where);
	after = world_serves(&w);
	/* The newer images stay, for the way forward again. */
	json_object_del(before, "tags");
	json_object_del(after, "tags");
	assert_same(before, after);
	json_decref(before);
	json_decref(after);
	json_decref(plan);
	world_free(&w);
}

/* How the point's description is dealt with before the rollback. */
static void spoilt(const char *text, const char *told)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	const char *path;
	json_t *before;
	json_t *after;
	json_t *plan;

	world_make(&w, SCENARIO_RUN, 7);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	plan = world_rollback_plan(&w);
	path = rfa_facts_str(plan, "point/specs/file", "");
	if (text)
		assert_int_equal(rfa_sim_file_put(w.prod, path, 0600, text, &err), 0);
	else
		assert_int_equal(w.target->files->remove(w.target, path, &err), 0);
	watcher_begin(&x, &w);
	before = snapshot(w.prod, RFA_SIM_SERVES);
	/* By a gate: before anything is touched. */
	assert_int_equal(rfa_run_begin(&w.options, plan, &result, &err), -RFA_EREFUSED);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_told(err.where, "gate 'rollback point'");
	assert_told(err.msg, told);
	assert_told(err.hint, "promote that version again");
	after = snapshot(w.prod, RFA_SIM_SERVES);
	assert_same(before, after);
	json_decref(before);
	json_decref(after);
	json_decref(plan);
	watcher_end(&x);
	world_free(&w);
}

static void test_spoilt_points(void **state)
{
	(void)state;
	spoilt(NULL, "is no longer on prod");
	spoilt("{\"format\":1,\"nonce\":\"0\",\"containers\":{}}",
	       "is not the one that the ledger names");
	spoilt("{\"format\":1,", "is not the one that the ledger names");
	spoilt("", "is not the one that the ledger names");
}

/* Altered between the gate and its use: nothing that is made from it gets to serve. */
static void spoil(struct watcher *x, uint64_t call, const char *label)
{
	struct rfa_error err;

	(void)call;
	(void)label;
	assert_int_equal(rfa_sim_file_put(x->w->prod, x->user, 0600, "{\"containers\":{}}", &err),
			 0);
}

static void test_spoilt_meanwhile(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	json_t *before;
	json_t *after;
	json_t *plan;

	(void)state;
	world_make(&w, SCENARIO_RUN, 7);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	plan = world_rollback_plan(&w);
	watcher_begin(&x, &w);
	x.hook = spoil;
	x.user = (void *)(uintptr_t)rfa_facts_str(plan, "point/specs/file", "");
	snprintf(x.hook_step, sizeof(x.hook_step), "target.replace");
	before = world_serves(&w);
	assert_int_equal(rfa_run_begin(&w.options, plan, &result, &err), -RFA_EROLLED_BACK);
	assert_told(err.msg, "is not the one that the ledger names");
	assert_int_equal(x.hooked, 1);
	after = world_serves(&w);
	assert_same(before, after);
	json_decref(before);
	json_decref(after);
	json_decref(plan);
	watcher_end(&x);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_keep_images),
		cmocka_unit_test(test_two_stacks),
		cmocka_unit_test(test_two_ledgers),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_data_does_not_count),
		cmocka_unit_test(test_config_of_the_point),
		cmocka_unit_test(test_spoilt_points),
		cmocka_unit_test(test_spoilt_meanwhile),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
