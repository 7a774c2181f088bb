/* The operator's own command before a run: what it is told, what its answer does, and that it runs
 * once. */
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

struct here {
	struct rfa_sim_world *sim;
	int called, status, dies;
	char env[2048];
	char word[64];
};

static int command(void *user, const struct rfa_host_command *c, struct rfa_exec_answer *answer,
		   struct rfa_error *err)
{
	struct here *h = user;

	h->called++;
	for (size_t i = 0; c->env[i]; i++) {
		strncat(h->env, c->env[i], sizeof(h->env) - strlen(h->env) - 2);
		strncat(h->env, "|", sizeof(h->env) - strlen(h->env) - 1);
	}
	snprintf(h->word, sizeof(h->word), "%s", c->argv[1]);
	assert_int_equal(c->timeout_s, 60);
	rfa_buf_puts(answer->said, "not today\n");
	answer->status = h->status;
	/* rfa dies before it can write down what it has seen. */
	if (h->dies) {
		struct rfa_sim_fault fault = { .at = rfa_sim_calls(h->sim),
					       .kind = RFA_SIM_CRASH_BEFORE };

		return rfa_sim_plan(h->sim, &fault, err);
	}
	return 0;
}

static void open_world_of(struct world *w, struct watcher *x, struct here *h,
			  enum scenario scenario, const char *hooks)
{
	struct world_edit edits[WORLD_EDITS] = { { "target|stack|hooks", hooks }, { NULL, NULL } };

	memset(h, 0, sizeof(*h));
	world_make_edited(w, scenario, 7, world_edit_all, edits);
	h->sim = w->sim;
	w->options.command = command;
	w->options.secret_user = h;
	watcher_begin(x, w);
}

static void open_world(struct world *w, struct watcher *x, struct here *h, const char *hooks)
{
	open_world_of(w, x, h, SCENARIO_RUN, hooks);
}

static void close_world(struct world *w, struct watcher *x)
{
	watcher_end(x);
	world_free(w);
}

#define HERE "{\"before\":{\"command\":[\"may\",\"a b\"]}}"
#define THERE(program) "{\"before\":{\"command\":[\"" program "\"],\"on\":\"host\"}}"

static void test_yes(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	struct here h;
	char run[64];

	(void)state;
	open_world(&w, &x, &h, HERE);
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	assert_int_equal(h.called, 1);
	assert_string_equal(h.word, "a b");
	snprintf(run, sizeof(run), "RFA_RUN=%s|", result.run);
	assert_non_null(strstr(h.env, run));
	assert_non_null(strstr(h.env, "|RFA_STACK=app|RFA_ENV=prod|RFA_VERSION="));
	assert_non_null(strstr(h.env, "|RFA_FINAL=|RFA_NEXT=|"));
	close_world(&w, &x);
}

static void check_refused(const char *hooks, int here_status)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	struct here h;
	json_t *before, *after;

	open_world(&w, &x, &h, hooks);
	h.status = here_status;
	before = world_serves(&w);
	assert_int_not_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_non_null(strstr(err.msg, "ended with status"));
	after = world_serves(&w);
	assert_true(json_equal(before, after));
	if (here_status)
		assert_non_null(strstr(rfa_buf_str(&x.all), "not today"));
	json_decref(before);
	json_decref(after);
	close_world(&w, &x);
}

static void test_no(void **state)
{
	(void)state;
	check_refused(HERE, 3);
	check_refused(THERE("false"), 0);
	check_refused(THERE("there-is-no-such-program"), 0);
}

/* Nobody knows what a command has done that rfa has not seen end: it is not run again. */
static void test_died(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	struct here h;
	char run[RFA_RUN_ID_MAX];

	(void)state;
	open_world(&w, &x, &h, HERE);
	h.dies = 1;
	assert_int_not_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	assert_int_equal(result.final, RFA_FINAL_NONE);
	h.dies = 0;
	snprintf(run, sizeof(run), "%s", result.run);
	rfa_sim_recover(w.sim);
	assert_int_not_equal(rfa_run_resume(&w.options, run, RFA_RESUME_CONTINUE, &result, &err),
			     0);
	assert_int_equal(result.final, RFA_FINAL_FAILED);
	assert_non_null(strstr(err.msg, "nobody knows how the hook ended"));
	assert_int_equal(h.called, 1);
	close_world(&w, &x);
}

/* A preview runs no hook, and a stack without one needs nobody who could. */
static void test_none(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	json_t *preview = NULL;
	struct world w;
	struct here h;

	(void)state;
	open_world(&w, &x, &h, HERE);
	assert_int_equal(rfa_run_preview(&w.options, w.plan, &preview, &err), 0);
	assert_int_equal(h.called, 0);
	json_decref(preview);
	close_world(&w, &x);
	open_world(&w, &x, &h, "{\"after\":{\"command\":[\"x\"]}}");
	w.options.command = NULL;
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
	close_world(&w, &x);
}

/* Data, too: neither side stops for what is not wanted. */
static void test_data(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct watcher x;
	struct world w;
	struct here h;

	(void)state;
	for (int status = 0; status < 2; status++) {
		open_world_of(&w, &x, &h, SCENARIO_DATA, HERE);
		h.status = status;
		assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err) != 0, status);
		assert_int_equal(result.final, status ? RFA_FINAL_FAILED : RFA_FINAL_SUCCEEDED);
		assert_int_equal(h.called, 1);
		assert_non_null(strstr(h.env, "|RFA_ENV=prod|RFA_VERSION=|"));
		assert_int_equal(rfa_sim_effects(w.test, "container_stop") == 0, status);
		close_world(&w, &x);
	}
}

/* Files that come to the host are a change there; files that are taken from it are none. */
static void test_files(void **state)
{
	struct rfa_run_result result;
	struct rfa_error err = { 0 };
	struct world w;
	struct here h;

	(void)state;
	for (int take = 0; take < 2; take++) {
		memset(&h, 0, sizeof(h));
		world_make_files(&w, 7, take);
		w.options.command = command;
		w.options.secret_user = &h;
		assert_int_equal(json_object_set_new(
				     rfa_facts_at(w.plan, "target/stack"), "hooks",
				     json_pack("{s:{s:[s,s]}}", "before", "command", "may", "b")),
				 0);
		assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), 0);
		assert_int_equal(h.called, !take);
		world_free(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yes),  cmocka_unit_test(test_no),
		cmocka_unit_test(test_died), cmocka_unit_test(test_none),
		cmocka_unit_test(test_data), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
