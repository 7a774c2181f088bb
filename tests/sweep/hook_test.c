/* The sweep of a promote whose stack has a hook on the host: it never runs twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/harness/edits.h"
#include "tests/harness/sweep.h"

static json_t *promote(struct world *w, int which)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ "target|stack|hooks", "{\"before\":{\"command\":[\"true\"],\"on\":\"host\"}}" },
		{ NULL, NULL },
	};

	world_make_edited(w, (enum scenario)which, 7, world_edit_all, (void *)(uintptr_t)edits);
	return json_incref(w->plan);
}

static void once(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	unsigned ran = rfa_sim_effects(w->prod, "command");

	if (ran > 1)
		rfa_buf_printf(why, "the hook ran %u times", ran);
	if (!ran && result->final == RFA_FINAL_SUCCEEDED)
		rfa_buf_puts(why, "the hook did not run");
}

static const struct sweep_subject subject = {
	"promote with a hook", SCENARIO_RUN, promote, RFA_FINAL_SUCCEEDED,
	world_serves,          once,         150000,  .ends_as_before = 0,
};

static void one_fault(void **state)
{
	(void)state;
	sweep_one_fault(&subject);
}

/* What runs a job twice for its key is found out. */
static void it_can_fail(void **state)
{
	(void)state;
	assert_true(sweep_sees(&subject, RFA_SIM_MUTATION_JOB_RUNS_TWICE, RFA_SIM_LOSE_ANSWER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_fault),
		cmocka_unit_test(it_can_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
