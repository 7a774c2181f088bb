/*
 * The sweep of a stack that is made anew and whose data goes. Whatever happens, production has all
 * of its old data or none of it; what it had lies beside until it is pruned; and nothing of an old
 * container ever starts on empty data. And it must be able to fail: with each planted defect, one
 * run does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/served.h"
#include "tests/harness/sweep.h"

#define ID "20261122-100100-prod-data"

/* Added to a scenario: what is made anew is ill without data; the database begins with files of
 * SQL. */
enum { ILL = 0x100, INIT = 0x200 };

static json_t *prepare(struct world *w, int which)
{
	json_t *plan;

	world_make_versions(w, (enum scenario)(which & 0xff),
			    (which & ILL ? WORLD_FULL : 0) | (which & INIT ? WORLD_WEB : 0));
	world_promote_v2(w, ID);
	plan = world_rebuild_plan(w, 1);
	if (which & INIT)
		world_rebuild_init(w, plan);
	return plan;
}

/* Of the members those that are empty, or are not there; how many there are at all. */
static size_t count_empty(struct world *w, size_t *all)
{
	json_t *data = world_data(w), *one;
	const char *name;
	size_t n = 0;

	*all = 0;
	json_object_foreach (json_object_get(data, "prod"), name, one) {
		++*all;
		n += !*rfa_facts_str(one, "origin", "");
	}
	json_decref(data);
	return n;
}

static void judge(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	int gone = result->final == RFA_FINAL_SUCCEEDED;
	size_t all, empty = count_empty(w, &all);

	if (empty != (gone ? all : 0))
		rfa_buf_printf(why, "%zu of %zu members are empty; ", empty, all);
	if (!gone)
		(void)world_is_one_moment(w, "prod", why);
	if (gone && strncmp(result->data, "data-", 5) != 0)
		rfa_buf_puts(why, "no point keeps the old data; ");
}

/* The database begins with what its files say, once. */
static void judge_init(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	json_t *data = world_data(w);
	const char *origin = rfa_facts_str(rfa_facts_at(data, "prod/db"), "origin", "");

	if (result->final == RFA_FINAL_SUCCEEDED && strcmp(origin, "init") != 0)
		rfa_buf_printf(why, "the database has begun with \"%s\"; ", origin);
	if (result->final != RFA_FINAL_SUCCEEDED)
		(void)world_data_is(w, "prod", "test", why);
	json_decref(data);
}

#define SUBJECT(name_, which_, final_) SUBJECT_OF(name_, which_, final_, judge)
#define SUBJECT_OF(name_, which_, final_, judge_)                                                \
	{                                                                                        \
		name_, which_, prepare, RFA_FINAL_##final_, world_rebuild_serves, judge_, 20000, \
		    .ends_as_before = 0                                                          \
	}

static const struct sweep_subject plain = SUBJECT("rebuild", SCENARIO_DATA, SUCCEEDED);
static const struct sweep_subject ill = SUBJECT("rebuild, ill", SCENARIO_DATA | ILL, ROLLED_BACK);
static const struct sweep_subject dump =
    SUBJECT("rebuild, a database", SCENARIO_DATA_DATABASE, SUCCEEDED);
static const struct sweep_subject ill_dump =
    SUBJECT("rebuild, a database, ill", SCENARIO_DATA_DATABASE | ILL, ROLLED_BACK);

static const struct sweep_subject init =
    SUBJECT_OF("rebuild, files of SQL", SCENARIO_DATA_DATABASE | INIT, SUCCEEDED, judge_init);

static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &plain, SWEEP_NO_FAULT },    { &ill, SWEEP_NO_FAULT }, { &dump, SWEEP_NO_FAULT },
		{ &ill_dump, SWEEP_NO_FAULT }, { NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_STOP_DOES_NOT_STOP,
		RFA_SIM_MUTATION_START_DOES_NOT_START,
		RFA_SIM_MUTATION_SWAP_FORGETS_LAST,
		RFA_SIM_MUTATION_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_REMOVE_LEAVES_COPIES,
		RFA_SIM_MUTATION_STOP_LEAVES_WRITER,
		RFA_SIM_MUTATION_LOCK_NEVER_FREED,
		RFA_SIM_MUTATION_DATABASE_SWAP_DOES_NOTHING,
		RFA_SIM_MUTATION_DATABASE_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_DATABASE_STAYS_SHUT,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

SWEEP(plain)
SWEEP(ill)
SWEEP(dump)
SWEEP(ill_dump)
SWEEP(init)
PAIRS(plain)
PAIRS(ill)
PAIRS(dump)
PAIRS(ill_dump)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail), cmocka_unit_test(sweep_plain),
		cmocka_unit_test(sweep_ill),       cmocka_unit_test(sweep_dump),
		cmocka_unit_test(sweep_ill_dump),  cmocka_unit_test(sweep_init),
		cmocka_unit_test(pairs_plain),     cmocka_unit_test(pairs_ill),
		cmocka_unit_test(pairs_dump),      cmocka_unit_test(pairs_ill_dump),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
