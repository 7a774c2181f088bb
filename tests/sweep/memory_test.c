/*
 * The sweep of memory: runs in which one allocation fails, at each place of the code that makes
 * one. Such a run ends as any other: with a clear error and everything put back, or interrupted,
 * and resumed. Nothing leaks (the build with sanitizers).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/memory.h"
#include "tests/harness/served.h"
#include "tests/harness/sweep.h"

/* Every site; a part of them, another one for each subject, where a run is slow. */
#ifdef RFA_SWEEP_SANITIZED
enum { STRIDE = 29 };
#else
enum { STRIDE = 3 };
#endif

struct sites {
	unsigned long *at; /* owned */
	size_t n, next, stride;
	int learning;
	unsigned fired;
};

static int next(void *user)
{
	struct sites *s = user;

	if (s->learning)
		return 1;
	s->next += s->stride;
	return s->next < s->n;
}

static void arm(void *user, struct world *w)
{
	struct sites *s = user;

	if (s->learning)
		memory_learn(w->sim);
	else
		memory_arm(s->at[s->next], w->sim);
}

static void disarm(void *user)
{
	struct sites *s = user;

	if (s->learning)
		s->n = memory_learned(&s->at);
	else
		s->fired += (unsigned)memory_disarm();
	s->learning = 0;
}

/* RFA_MEMORY_SITE: only that one, to look at it. */
static void each_site(const struct sweep_subject *subject, size_t first)
{
	const char *only = getenv("RFA_MEMORY_SITE");
	struct sites s = { .learning = 1, .stride = getenv("RFA_TEST_ALL") ? 1 : STRIDE };
	const struct sweep_breaker breaker = { next, arm, disarm, &s };

	s.next = first % s.stride - s.stride;
	if (only) { /* and its stack: RFA_MEMORY_TRACE=1 */
		s.next = strtoul(only, NULL, 10) - 1;
		s.stride = 1;
	}
	sweep_broken(subject, &breaker, "memory");
	print_message("# %zu places, %u failures\n", s.n, s.fired);
	assert_true(s.n > 500);
	if (!only)
		assert_true(s.fired > s.n / s.stride * 9 / 10);
	free(s.at);
}

static json_t *plan_of(struct world *w, int which)
{
	world_make(w, (enum scenario)which, 7);
	if (which >= SCENARIO_DATA) /* containers have the time to pass their health checks */
		w->options.clock->sleep_ms(w->options.clock, 60000);
	return json_incref(w->plan);
}

static json_t *publish(struct world *w, int which)
{
	world_make_sources(w, (enum scenario)which, 7, NULL, NULL);
	return json_incref(w->plan);
}

static json_t *rollback(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan = plan_of(w, which);

	if (world_drive(w, plan, &result, &err))
		fail_msg("preparing the rollback: %s", err.msg);
	json_decref(plan);
	plan = world_rollback_plan(w);
	assert_non_null(plan);
	return plan;
}

#define SUBJECT(name_, scenario_, prepare_, serves_)                                               \
	{                                                                                          \
		name_, SCENARIO_##scenario_, prepare_, RFA_FINAL_SUCCEEDED, serves_, NULL, 150000, \
		    0, 0, 0                                                                        \
	}

static const struct sweep_subject subjects[] = {
	SUBJECT("promote", MIXED, plan_of, world_serves),
	SUBJECT("rollback", MIXED, rollback, world_serves),
	SUBJECT("promote-data", DATA_DATABASE, plan_of, world_data_serves),
	SUBJECT("rollback-data", DATA_DATABASE, rollback, world_data_serves),
	SUBJECT("publish", MIXED, publish, world_serves),
};

static void promote_runs_out_of_memory(void **state)
{
	(void)state;
	each_site(&subjects[0], 0);
}

static void rollback_runs_out_of_memory(void **state)
{
	(void)state;
	each_site(&subjects[1], 1);
}

static void data_runs_out_of_memory(void **state)
{
	(void)state;
	each_site(&subjects[2], 2);
}

static void rollback_data_runs_out_of_memory(void **state)
{
	(void)state;
	each_site(&subjects[3], 0);
}

static void publish_runs_out_of_memory(void **state)
{
	(void)state;
	each_site(&subjects[4], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(promote_runs_out_of_memory),
		cmocka_unit_test(rollback_runs_out_of_memory),
		cmocka_unit_test(data_runs_out_of_memory),
		cmocka_unit_test(rollback_data_runs_out_of_memory),
		cmocka_unit_test(publish_runs_out_of_memory),
	};

	memory_hook();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
