/* Runs of one command in a container: whatever comes in between, the command runs once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/watcher.h"

struct bench {
	struct world w;
	struct watcher x;
	json_t *plan;
	struct rfa_run_result result;
	struct rfa_error err;
	enum rfa_sim_fault_kind fault;
};

static void bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	world_make(&b->w, SCENARIO_RUN, 7);
	watcher_begin(&b->x, &b->w);
	b->x.user = b;
	b->w.options.hosts[RFA_SOURCE] = NULL;
	b->plan = json_deep_copy(b->w.plan);
	json_object_set_new(b->plan, "flow", json_string("exec"));
	json_object_set_new(b->plan, "source", json_null());
	json_object_update_new(json_object_get(b->plan, "options"),
			       json_pack("{s:s, s:[s, s], s:i}", "service", "backend", "command",
					 "echo", "hello", "timeout_s", 30));
}

static void bench_close(struct bench *b)
{
	json_decref(b->plan);
	watcher_end(&b->x);
	world_free(&b->w);
}

/* How often the host was asked to run it. */
static int times(struct bench *b)
{
	const char *at = rfa_sim_trace(b->w.sim);
	int n = 0;

	for (; (at = strstr(at, " prod exec ")); at++)
		n++;
	return n;
}

/* The call that runs it comes behind the look at the container. */
static void hurt(struct watcher *x, uint64_t call, const char *label)
{
	struct bench *b = x->user;
	struct rfa_sim_fault fault = { .at = call, .kind = b->fault };
	struct rfa_error err;

	x->hook_call++;
	if (!strstr(label, " exec "))
		return;
	x->hook = NULL;
	assert_int_equal(rfa_sim_plan(x->w->sim, &fault, &err), 0);
}

static int run_hurt(struct bench *b, enum rfa_sim_fault_kind fault)
{
	b->fault = fault;
	b->x.hook = hurt;
	b->x.hook_again = 1;
	snprintf(b->x.hook_step, sizeof(b->x.hook_step), "target.exec");
	return rfa_run_begin(&b->w.options, b->plan, &b->result, &b->err);
}

static void test_runs(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, b.plan, &b.result, &b.err), 0);
	assert_int_equal(times(&b), 1);
	bench_close(&b);
}

/* The answer is lost: nobody knows, and a person has to look. */
static void test_lost(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(run_hurt(&b, RFA_SIM_LOSE_ANSWER), -RFA_ESTUCK);
	assert_non_null(strstr(b.err.msg, "nobody knows how the command ended"));
	assert_non_null(strstr(rfa_sim_fired(b.w.sim), "lose-answer"));
	assert_int_equal(times(&b), 1);
	bench_close(&b);
}

/* The host never saw it: it is sent again. */
static void test_refused(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(run_hurt(&b, RFA_SIM_REFUSE), 0);
	assert_non_null(strstr(rfa_sim_fired(b.w.sim), "refuse"));
	assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
	bench_close(&b);
}

/* rfa dies over it, and is started again; before it was sent, and behind that. */
static void test_resumed(void **state)
{
	static const struct {
		enum rfa_sim_fault_kind fault;
		int answer;
	} deaths[] = { { RFA_SIM_CRASH_BEFORE, -RFA_ESTUCK },
		       { RFA_SIM_CRASH_AFTER, -RFA_ESTUCK } };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bench b;
		char run[RFA_RUN_ID_MAX];

		bench_open(&b);
		assert_true(run_hurt(&b, deaths[i].fault) < 0);
		snprintf(run, sizeof(run), "%s", b.result.run);
		b.x.hook = NULL;
		rfa_sim_recover(b.w.sim);
		assert_int_equal(
		    rfa_run_resume(&b.w.options, run, RFA_RESUME_CONTINUE, &b.result, &b.err),
		    deaths[i].answer);
		assert_int_equal(times(&b), 1);
		bench_close(&b);
	}
}

/* Given up before it has begun: nothing is left, and nothing was run. */
static void test_given_up(void **state)
{
	struct bench b;
	char run[RFA_RUN_ID_MAX];

	(void)state;
	bench_open(&b);
	watcher_begin_until(&b.x, b.plan, "target.exec", 0, &b.result);
	snprintf(run, sizeof(run), "%s", b.result.run);
	assert_int_equal(rfa_run_resume(&b.w.options, run, RFA_RESUME_ABORT, &b.result, &b.err),
			 -RFA_EABORTED);
	assert_int_equal(times(&b), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),     cmocka_unit_test(test_lost),
		cmocka_unit_test(test_refused),  cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
