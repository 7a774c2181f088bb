/*
 * The sweep of release: a commit is sent to the builder, images are built of it and brought to
 * prod, with their files. Of the builder only the names that the run gave are looked at: they are
 * there after a success, and gone otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/sweep.h"

static json_t *release(struct world *w, int which)
{
	world_make_release(w, (enum scenario)which, 7);
	return json_incref(w->plan);
}

#define SUBJECT(scenario_)                                                         \
	{                                                                          \
#scenario_ " release", SCENARIO_##scenario_, release,              \
		    SCENARIO_##scenario_ == SCENARIO_UNHEALTHY                     \
		    ? RFA_FINAL_ROLLED_BACK : RFA_FINAL_SUCCEEDED,                 \
		    world_serves, world_judge_builder, 150000, .ends_as_before = 0 \
	}

/* The sweep itself can fail. */
static void sweeps_can_fail(void **state)
{
	static const struct sweep_subject subject = SUBJECT(RUN);
	static const struct sweep_try tries[] = {
		{ &subject, SWEEP_NO_FAULT },
		{ NULL, SWEEP_NO_FAULT },
	};

	(void)state;
	sweep_finds_range(tries, RFA_SIM_MUTATION_RELEASES, RFA_SIM_MUTATION_PULLS);
}

#define BOTH(scenario_)                                                             \
	static const struct sweep_subject scenario_##_release = SUBJECT(scenario_); \
	SWEEP(scenario_##_release)                                                  \
	PAIRS(scenario_##_release)

BOTH(RUN)
BOTH(COMPOSE)
BOTH(UNHEALTHY)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),
		cmocka_unit_test(sweep_RUN_release),
		cmocka_unit_test(pairs_RUN_release),
		cmocka_unit_test(sweep_COMPOSE_release),
		cmocka_unit_test(pairs_COMPOSE_release),
		cmocka_unit_test(sweep_UNHEALTHY_release),
		cmocka_unit_test(pairs_UNHEALTHY_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
