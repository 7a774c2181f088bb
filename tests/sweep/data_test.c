/*
 * The sweep of the flows about data. Whatever happens, production's data is all old or all new, of
 * one moment and whole, both sides run as before, and nothing is left but the generation that a
 * rollback point names. And it must be able to fail: with each planted defect, one run does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/served.h"
#include "tests/harness/sweep.h"

/*
 * Added to a scenario: world_make_one_writer(), without and with the guarded file in a member;
 * prod's backend answers 500 while it has data of test.
 */
enum { ONE_WRITER = 0x100, GUARDED = 0x200, DISLIKES = 0x400 };

static const struct world_edit dislikes[WORLD_EDITS] = {
	{ "hosts|prod|images|0|config|Labels|sim.dislikes", "\"test\"" },
};

static void make(struct world *w, int which)
{
	enum scenario s = (enum scenario)(which & 0xff);

	if (which & (ONE_WRITER | GUARDED))
		world_make_one_writer(w, s, which & GUARDED);
	else if (which & DISLIKES)
		world_make_edited(w, s, 7, world_edit_all, (void *)(uintptr_t)dislikes);
	else
		world_make(w, s, 7);
	/* Containers that have a health check have had the time to pass it. */
	w->options.clock->sleep_ms(w->options.clock, 60000);
}

static json_t *data(struct world *w, int which)
{
	make(w, which);
	return json_incref(w->plan);
}

static json_t *rollback(struct world *w, int which)
{
	struct rfa_run_result result;
	struct rfa_error err;
	json_t *plan;

	make(w, which);
	if (world_drive(w, w->plan, &result, &err))
		fail_msg("preparing the rollback: %s", err.msg);
	plan = world_rollback_plan(w);
	assert_non_null(plan);
	return plan;
}

/* Never empty, torn or mixed; test keeps its own. */
static void judge(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	json_t *data = world_data(w);
	const char *env, *member, *origin = NULL;
	json_t *members;
	json_t *one;

	(void)result;
	json_object_foreach (data, env, members) {
		origin = NULL;
		json_object_foreach (members, member, one) {
			const char *is = rfa_facts_str(one, "origin", "");

			if (!*is || (origin && strcmp(is, origin) != 0) ||
			    rfa_facts_bool(one, "torn", 1) || rfa_facts_bool(one, "corrupt", 0))
				rfa_buf_printf(why, "%s on %s is of '%s'%s; ", member, env, is,
					       rfa_facts_bool(one, "torn", 1) ? ", torn" : "");
			origin = is;
		}
	}
	json_decref(data);
}

static void judge_moment(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	judge(w, result, why);
	(void)world_is_one_moment(w, "prod", why);
	(void)world_is_one_moment(w, "test", why);
}

/* Where there was nothing before, or a database that is not whole, serves() says enough. */
#define SUBJECT(name_, prepare_, which_, final_, judge_)                                       \
	{                                                                                      \
		name_, which_, prepare_, RFA_FINAL_##final_, world_data_serves, judge_, 20000, \
		    .ends_as_before = 0                                                        \
	}

static const struct sweep_subject plain =
    SUBJECT("promote-data", data, SCENARIO_DATA, SUCCEEDED, judge);
static const struct sweep_subject moment =
    SUBJECT("data, one moment", data, SCENARIO_DATA | GUARDED, SUCCEEDED, judge_moment);
static const struct sweep_subject database =
    SUBJECT("data, a dump", data, SCENARIO_DATA_DATABASE | GUARDED, SUCCEEDED, judge_moment);
static const struct sweep_subject back_database = SUBJECT(
    "rollback-data, a dump", rollback, SCENARIO_DATA_DATABASE | GUARDED, SUCCEEDED, judge_moment);
static const struct sweep_subject sick_database =
    SUBJECT("data, a dump, unhealthy", data, SCENARIO_DATA_DATABASE | DISLIKES, ROLLED_BACK, judge);
static const struct sweep_subject reflink =
    SUBJECT("data, reflinks", data, SCENARIO_DATA_REFLINK | ONE_WRITER, SUCCEEDED, judge_moment);
static const struct sweep_subject first =
    SUBJECT("data, first", data, SCENARIO_DATA_FIRST, SUCCEEDED, NULL);
static const struct sweep_subject unhealthy =
    SUBJECT("data, unhealthy", data, SCENARIO_DATA_UNHEALTHY | GUARDED, ROLLED_BACK, judge_moment);
static const struct sweep_subject corrupt =
    SUBJECT("data, corrupt", data, SCENARIO_DATA_CORRUPT, ROLLED_BACK, NULL);
static const struct sweep_subject stopped =
    SUBJECT("data, stopped", data, SCENARIO_DATA_STOPPED, SUCCEEDED, judge);
static const struct sweep_subject back =
    SUBJECT("rollback-data", rollback, SCENARIO_DATA | GUARDED, SUCCEEDED, judge_moment);
static const struct sweep_subject back_first =
    SUBJECT("rollback-data, first", rollback, SCENARIO_DATA_FIRST, SUCCEEDED, NULL);

/* The sweep itself can fail. */

static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &moment, SWEEP_NO_FAULT },        { &unhealthy, SWEEP_NO_FAULT },
		{ &corrupt, SWEEP_NO_FAULT },       { &database, SWEEP_NO_FAULT },
		{ &sick_database, SWEEP_NO_FAULT }, { NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_STOP_DOES_NOT_STOP,
		RFA_SIM_MUTATION_START_DOES_NOT_START,
		RFA_SIM_MUTATION_SWAP_FORGETS_LAST,
		RFA_SIM_MUTATION_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_FINAL_COPY_TORN,
		RFA_SIM_MUTATION_UNPACK_HALF,
		RFA_SIM_MUTATION_UNPACK_WRONG_BLOCK,
		RFA_SIM_MUTATION_REMOVE_LEAVES_COPIES,
		RFA_SIM_MUTATION_STOP_LEAVES_WRITER,
		RFA_SIM_MUTATION_SQLITE_CHECK_LIES,
		RFA_SIM_MUTATION_FILE_WRITE_LOSES_MODE,
		RFA_SIM_MUTATION_LOCK_NEVER_FREED,
		RFA_SIM_MUTATION_RUN_REMOVE_LEAVES,
		RFA_SIM_MUTATION_DUMP_HALF,
		RFA_SIM_MUTATION_DATABASE_LOAD_HALF,
		RFA_SIM_MUTATION_DATABASE_SWAP_DOES_NOTHING,
		RFA_SIM_MUTATION_DATABASE_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_DATABASE_DROP_LEAVES,
		RFA_SIM_MUTATION_DATABASE_STAYS_SHUT,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

/* Those that go other ways, not all that there are: one that is ill goes the way of one with a dump
 * that is ill. */
SWEEP(moment)
SWEEP(database)
SWEEP(sick_database)
SWEEP(first)
SWEEP(back)
PAIRS(plain)
PAIRS(moment)
PAIRS(reflink)
PAIRS(first)
PAIRS(unhealthy)
PAIRS(corrupt)
PAIRS(stopped)
PAIRS(back)
PAIRS(back_first)
PAIRS(database)
PAIRS(sick_database)
PAIRS(back_database)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),     cmocka_unit_test(sweep_moment),
		cmocka_unit_test(sweep_first),         cmocka_unit_test(sweep_back),
		cmocka_unit_test(pairs_plain),         cmocka_unit_test(pairs_moment),
		cmocka_unit_test(pairs_reflink),       cmocka_unit_test(pairs_first),
		cmocka_unit_test(pairs_unhealthy),     cmocka_unit_test(pairs_corrupt),
		cmocka_unit_test(pairs_stopped),       cmocka_unit_test(pairs_back),
		cmocka_unit_test(pairs_back_first),    cmocka_unit_test(sweep_database),
		cmocka_unit_test(sweep_sick_database), cmocka_unit_test(pairs_database),
		cmocka_unit_test(pairs_sick_database), cmocka_unit_test(pairs_back_database),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
