/*
 * The sweep of promote and of its rollback. And it must be able to fail: with each planted defect
 * of the world, one run does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/sweep.h"

static json_t *promote(struct world *w, int which)
{
	world_make(w, (enum scenario)which, 7);
	return json_incref(w->plan);
}

static json_t *rollback(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan;

	world_make(w, (enum scenario)which, 7);
	if (world_drive(w, w->plan, &result, &err))
		fail_msg("preparing the rollback: %s", err.msg);
	plan = world_rollback_plan(w);
	assert_non_null(plan);
	return plan;
}

#define SUBJECT(scenario_, kind_)                                   \
	{                                                           \
#scenario_ " " #kind_, SCENARIO_##scenario_, kind_, \
		    SCENARIO_##scenario_ == SCENARIO_UNHEALTHY      \
		    ? RFA_FINAL_ROLLED_BACK : RFA_FINAL_SUCCEEDED,  \
		    world_serves, NULL, 150000, .ends_as_before = 0 \
	}

/* The sweep itself can fail. */

static const struct sweep_subject run = SUBJECT(RUN, promote);
static const struct sweep_subject compose = SUBJECT(COMPOSE, promote);
static const struct sweep_subject unhealthy = SUBJECT(UNHEALTHY, promote);
static const struct sweep_subject same_tag = SUBJECT(SAME_TAG, rollback);

/*
 * Five defects are behind a second line of defence, so that no single run may go wrong by them:
 * the transfer's digests stand before the engine's own check and behind it, every change has a key
 * of its own, an image that is in use is untagged only while it has another name, and who gets the
 * lock is a matter of two runs. Other tests plant those.
 */
static void sweeps_can_fail(void **state)
{
	static const enum rfa_sim_mutation elsewhere[] = {
		RFA_SIM_MUTATION_LOAD_IGNORES_CORRUPTION, RFA_SIM_MUTATION_DIGESTS_LIE,
		RFA_SIM_MUTATION_JOB_RUNS_TWICE,          RFA_SIM_MUTATION_UNTAG_REMOVES_IN_USE,
		RFA_SIM_MUTATION_LOCK_NEVER_REFUSED,
	};
	static const struct sweep_try tries[] = {
		{ &run, SWEEP_NO_FAULT },       { &compose, SWEEP_NO_FAULT },
		{ &unhealthy, SWEEP_NO_FAULT }, { &same_tag, SWEEP_NO_FAULT },
		{ &run, RFA_SIM_CORRUPT },      { NULL, SWEEP_NO_FAULT },
	};
	int m;

	(void)state;
	for (m = 0; m < RFA_SIM_MUTATION_DATA; m++) {
		size_t i;
		int here = 1;

		for (i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
			here &= (int)elsewhere[i] != m;
		if (here)
			sweep_finds(tries, (enum rfa_sim_mutation)m);
	}
}

#define BOTH(scenario_, kind_)                                                             \
	static const struct sweep_subject scenario_##_##kind_ = SUBJECT(scenario_, kind_); \
	SWEEP(scenario_##_##kind_)                                                         \
	PAIRS(scenario_##_##kind_)

BOTH(RUN, promote)
BOTH(RUN, rollback)
BOTH(COMPOSE, promote)
BOTH(COMPOSE, rollback)
BOTH(MIXED, promote)
BOTH(FIRST, promote)
BOTH(UNHEALTHY, promote)
BOTH(SAME_TAG, promote)
BOTH(SAME_TAG, rollback)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),
		cmocka_unit_test(sweep_RUN_promote),
		cmocka_unit_test(pairs_RUN_promote),
		cmocka_unit_test(sweep_RUN_rollback),
		cmocka_unit_test(pairs_RUN_rollback),
		cmocka_unit_test(sweep_COMPOSE_promote),
		cmocka_unit_test(pairs_COMPOSE_promote),
		cmocka_unit_test(sweep_COMPOSE_rollback),
		cmocka_unit_test(pairs_COMPOSE_rollback),
		cmocka_unit_test(sweep_MIXED_promote),
		cmocka_unit_test(pairs_MIXED_promote),
		cmocka_unit_test(sweep_FIRST_promote),
		cmocka_unit_test(pairs_FIRST_promote),
		cmocka_unit_test(sweep_UNHEALTHY_promote),
		cmocka_unit_test(pairs_UNHEALTHY_promote),
		cmocka_unit_test(sweep_SAME_TAG_promote),
		cmocka_unit_test(pairs_SAME_TAG_promote),
		cmocka_unit_test(sweep_SAME_TAG_rollback),
		cmocka_unit_test(pairs_SAME_TAG_rollback),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
