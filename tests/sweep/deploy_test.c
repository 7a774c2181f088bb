/*
 * The sweep of deploy: images of a registry are pulled by prod's engine, or fetched through test
 * and brought there, and run there. And it must be able to fail: with each planted defect, one run
 * does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/harness/sweep.h"

static json_t *pulled(struct world *w, int which)
{
	world_make_registry(w, (enum scenario)which, 7, "target");
	return json_incref(w->plan);
}

static json_t *fetched(struct world *w, int which)
{
	world_make_registry(w, (enum scenario)which, 7, "test");
	return json_incref(w->plan);
}

/* What was pulled goes with a run that goes back. */
static void judge_images(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	struct rfa_error err;
	json_t *all = NULL, *image, *name;
	size_t i, j;

	if (result->final == RFA_FINAL_SUCCEEDED)
		return;
	/* It may have ended with a crash, or with a host that is starting. */
	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 30000);
	if (w->target->engine->list(w->target, RFA_IMAGE, &all, &err)) {
		rfa_buf_printf(why, "%s; ", err.msg);
		return;
	}
	json_array_foreach (all, i, image) {
		json_array_foreach (json_object_get(image, "RepoDigests"), j, name) {
			rfa_buf_printf(why, "%s is still there; ", json_string_value(name));
		}
	}
	json_decref(all);
}

#define SUBJECT(scenario_, way)                                             \
	{                                                                   \
#scenario_ " " #way, SCENARIO_##scenario_, way,             \
		    SCENARIO_##scenario_ == SCENARIO_UNHEALTHY              \
		    ? RFA_FINAL_ROLLED_BACK : RFA_FINAL_SUCCEEDED,          \
		    world_serves, judge_images, 150000, .ends_as_before = 0 \
	}

#define BOTH(scenario_, way)                                                           \
	static const struct sweep_subject scenario_##_##way = SUBJECT(scenario_, way); \
	SWEEP(scenario_##_##way)                                                       \
	PAIRS(scenario_##_##way)

BOTH(RUN, fetched)
BOTH(UNHEALTHY, pulled)

/* The sweep itself can fail. */
static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &RUN_fetched, SWEEP_NO_FAULT },
		{ &UNHEALTHY_pulled, SWEEP_NO_FAULT },
		{ NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_STOP_DOES_NOT_STOP,    RFA_SIM_MUTATION_START_DOES_NOT_START,
		RFA_SIM_MUTATION_RENAME_LOSES_OLD,      RFA_SIM_MUTATION_CREATE_DROPS_ENV,
		RFA_SIM_MUTATION_CREATE_DROPS_NETWORK,  RFA_SIM_MUTATION_CREATE_KEEPS_NETWORK,
		RFA_SIM_MUTATION_LOAD_DOES_NOTHING,     RFA_SIM_MUTATION_LOAD_LOSES_LABELS,
		RFA_SIM_MUTATION_LOCK_NEVER_FREED,      RFA_SIM_MUTATION_RUN_REMOVE_LEAVES,
		RFA_SIM_MUTATION_FILE_WRITE_LOSES_MODE, RFA_SIM_MUTATION_SPOOL_SWELLS,
		RFA_SIM_MUTATION_HEALTH_LIES,           RFA_SIM_MUTATION_UNTAG_LEAVES,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),        cmocka_unit_test(sweep_RUN_fetched),
		cmocka_unit_test(pairs_RUN_fetched),      cmocka_unit_test(sweep_UNHEALTHY_pulled),
		cmocka_unit_test(pairs_UNHEALTHY_pulled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
