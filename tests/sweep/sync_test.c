/* The sweep of sync: files come to a Compose directory, back from it, and back to a point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/sweep.h"

enum { THERE, BACK, POINT };

static json_t *prepare(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;

	world_make_files(w, 7, which == BACK);
	if (which != POINT)
		return json_incref(w->plan);
	if (world_drive(w, w->plan, &result, &err) || result.final != RFA_FINAL_SUCCEEDED)
		fail_msg("%s", err.msg);
	return world_files_back_plan(w);
}

/* What the operator has. */
static json_t *own_files(struct world *w)
{
	struct rfa_error err;
	json_t *shown = NULL, *files;

	if (rfa_sim_snapshot(&shown, w->test, RFA_SIM_SERVES, &err))
		abort();
	files = json_deep_copy(json_object_get(shown, "files"));
	json_decref(shown);
	return files;
}

#define SUBJECT(which)                                                                        \
	{                                                                                     \
		"sync " #which, which, prepare, RFA_FINAL_SUCCEEDED,                          \
		    which == BACK ? own_files : world_serves, NULL, 100, .ends_as_before = 0, \
									 .least_faults = 4    \
	}
static const struct sweep_subject there = SUBJECT(THERE), back = SUBJECT(BACK),
				  point = SUBJECT(POINT);

SWEEP(there)
PAIRS(there)
SWEEP(back)
PAIRS(back)
SWEEP(point)
PAIRS(point)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweep_there), cmocka_unit_test(pairs_there),
		cmocka_unit_test(sweep_back),  cmocka_unit_test(pairs_back),
		cmocka_unit_test(sweep_point), cmocka_unit_test(pairs_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
