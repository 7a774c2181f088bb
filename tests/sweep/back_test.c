/*
 * The sweep of rollbacks that bring back more than images that are there: the configuration, and
 * images that another host or a registry has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/sweep.h"

static json_t *prepare(struct world *w, int which)
{
	return world_make_back(w, (enum world_back)which, 7);
}

#define SUBJECT(which)                                                            \
	{                                                                         \
		"back " #which, WORLD_BACK_##which, prepare,                      \
		    WORLD_BACK_##which == WORLD_BACK_SICK ? RFA_FINAL_ROLLED_BACK \
							  : RFA_FINAL_SUCCEEDED,  \
		    world_serves, NULL, 150000, .ends_as_before = 0               \
	}
static const struct sweep_subject files = SUBJECT(FILES), sick = SUBJECT(SICK),
				  given = SUBJECT(GIVEN), stored = SUBJECT(STORED),
				  pulled = SUBJECT(PULLED);

/* The sweep itself can fail. */
static void sweeps_can_fail(void **state)
{
	(void)state;
	assert_true(sweep_sees(&files, RFA_SIM_MUTATION_FILE_WRITE_LOSES_MODE, SWEEP_NO_FAULT));
	assert_true(sweep_sees(&sick, RFA_SIM_MUTATION_COMPOSE_IGNORES_OVERRIDE, SWEEP_NO_FAULT) ||
		    sweep_sees(&sick, RFA_SIM_MUTATION_STOP_DOES_NOT_STOP, SWEEP_NO_FAULT) ||
		    sweep_sees(&files, RFA_SIM_MUTATION_RUN_REMOVE_LEAVES, SWEEP_NO_FAULT));
	assert_true(sweep_sees(&given, RFA_SIM_MUTATION_LOAD_DOES_NOTHING, SWEEP_NO_FAULT));
	assert_true(sweep_sees(&stored, RFA_SIM_MUTATION_LOAD_DOES_NOTHING, SWEEP_NO_FAULT));
}

SWEEP(files)
PAIRS(files)
SWEEP(sick)
PAIRS(sick)
SWEEP(given)
PAIRS(given)
SWEEP(stored)
PAIRS(stored)
SWEEP(pulled)
PAIRS(pulled)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail), cmocka_unit_test(sweep_files),
		cmocka_unit_test(pairs_files),     cmocka_unit_test(sweep_sick),
		cmocka_unit_test(pairs_sick),      cmocka_unit_test(sweep_given),
		cmocka_unit_test(pairs_given),     cmocka_unit_test(sweep_stored),
		cmocka_unit_test(pairs_stored),    cmocka_unit_test(sweep_pulled),
		cmocka_unit_test(pairs_pulled),
	};

	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
