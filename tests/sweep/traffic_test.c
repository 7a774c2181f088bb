/*
 * The sweep of runs that move traffic: no request is ever lost, whatever breaks. And it must be
 * able to fail: each planted defect of a router is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/sweep.h"
#include "tests/harness/world_traffic.h"

static json_t *promote(struct world *w, int which)
{
	world_make_traffic(w, (enum scenario)which, 7);
	return json_incref(w->plan);
}

static json_t *rollback(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan;

	world_make_traffic(w, (enum scenario)which, 7);
	if (world_drive(w, w->plan, &result, &err))
		fail_msg("preparing the rollback: %s", err.msg);
	plan = world_rollback_plan(w);
	assert_non_null(plan);
	return plan;
}

/* A power cut loses what it loses: a container that is warming up then, too. */
static void no_request_is_lost(struct world *w, const struct rfa_run_result *result,
			       struct rfa_buf *why)
{
	struct rfa_sim_router_told told;

	rfa_sim_router_told(w->prod, world_traffic_service(w), &told);
	if (told.live || told.kept)
		rfa_buf_printf(why, "the share is %lld, and would be %lld; ", (long long)told.live,
			       (long long)told.kept);
	if (result->final == RFA_FINAL_SUCCEEDED && !told.green &&
	    !strstr(rfa_sim_fired(w->sim), "reboot"))
		rfa_buf_puts(why, "no request ever reached the stand-in; ");
	if (strstr(rfa_sim_fired(w->sim), "reboot"))
		return;
	if (told.lost)
		rfa_buf_printf(why, "%lld requests went where nobody listens; ",
			       (long long)told.lost);
	if (told.cut)
		rfa_buf_printf(why, "%lld stops cut requests off; ", (long long)told.cut);
}

#define SUBJECT(scenario_, kind_, final_)                                               \
	{                                                                               \
#scenario_ " " #kind_, SCENARIO_##scenario_, kind_, RFA_FINAL_##final_, \
		    world_serves, no_request_is_lost, 150000, .ends_as_before = 0       \
	}

static const struct sweep_subject RUN_promote = SUBJECT(RUN, promote, SUCCEEDED);
static const struct sweep_subject COMPOSE_promote = SUBJECT(COMPOSE, promote, SUCCEEDED);
static const struct sweep_subject UNHEALTHY_promote = SUBJECT(UNHEALTHY, promote, ROLLED_BACK);
static const struct sweep_subject RUN_rollback = SUBJECT(RUN, rollback, SUCCEEDED);
static const struct sweep_subject COMPOSE_rollback = SUBJECT(COMPOSE, rollback, SUCCEEDED);

SWEEP(RUN_promote)
SWEEP(COMPOSE_promote)
SWEEP(UNHEALTHY_promote)
SWEEP(RUN_rollback)
SWEEP(COMPOSE_rollback)
PAIRS(RUN_promote)

static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &RUN_promote, SWEEP_NO_FAULT },
		{ &COMPOSE_promote, SWEEP_NO_FAULT },
		{ &UNHEALTHY_promote, SWEEP_NO_FAULT },
		{ &RUN_promote, RFA_SIM_FAIL },
		{ NULL, SWEEP_NO_FAULT },
	};

	(void)state;
	sweep_finds_range(tries, RFA_SIM_MUTATION_ROUTERS, RFA_SIM_MUTATION_MIGRATIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),       cmocka_unit_test(sweep_RUN_promote),
		cmocka_unit_test(sweep_COMPOSE_promote), cmocka_unit_test(sweep_UNHEALTHY_promote),
		cmocka_unit_test(sweep_RUN_rollback),    cmocka_unit_test(sweep_COMPOSE_rollback),
		cmocka_unit_test(pairs_RUN_promote),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
