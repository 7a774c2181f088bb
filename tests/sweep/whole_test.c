/*
 * The sweep of the rollback that brings images and data back. Whatever happens, production is all
 * old or all new: images and data of one time, of one moment and whole; and neither version has
 * ever started on the data of the other. And it must be able to fail: with each planted defect,
 * one run does.
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

/* Added to a scenario: the old version is ill when it is back; the configuration goes back, too. */
enum { ILL = 0x100, FILES = 0x200 };

static json_t *prepare(struct world *w, int which)
{
	world_make_versions(w, (enum scenario)(which & 0xff), which & ILL ? WORLD_ILL : 0);
	if (which & FILES) {
		world_promote_v2_files(w, ID);
		return world_whole_files_plan(w, ID);
	}
	world_promote_v2(w, ID);
	return world_whole_plan(w, ID);
}

/* Of the promote there was one. */
static void judge(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	unsigned met = rfa_sim_migrations(w->prod);
	struct rfa_buf unlike = RFA_BUF_INIT(4096);

	if (met != 1)
		rfa_buf_printf(why, "a version has met the data of the other %u time(s); ",
			       met - 1);
	if (!world_data_is(w, "prod", result->final == RFA_FINAL_SUCCEEDED ? "prod" : "test",
			   &unlike))
		rfa_buf_puts(why, rfa_buf_str(&unlike));
	(void)world_is_one_moment(w, "prod", why);
	rfa_buf_release(&unlike);
}

/* The containers of a version were made with the files of its time. */
static void judge_files(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	int old = result->final == RFA_FINAL_SUCCEEDED;
	json_t *serves = world_versions_serves(w);
	char *env = json_dumps(rfa_facts_at(serves, "prod/containers/shop-web-1/config/Env"), 0);

	judge(w, result, why);
	if (!env || (strstr(env, "MODE=changed") == NULL) != old)
		rfa_buf_printf(why, "shop-web-1 was made with the files of the other version: %s; ",
			       env ? env : "");
	free(env);
	json_decref(serves);
}

#define SUBJECT(name_, which_, final_) SUBJECT_OF(name_, which_, final_, judge)
#define SUBJECT_OF(name_, which_, final_, judge_)                                                 \
	{                                                                                         \
		name_, which_, prepare, RFA_FINAL_##final_, world_versions_serves, judge_, 20000, \
		    .ends_as_before = 0                                                           \
	}

static const struct sweep_subject plain = SUBJECT("rollback-whole", SCENARIO_DATA, SUCCEEDED);
static const struct sweep_subject ill =
    SUBJECT("rollback-whole, ill", SCENARIO_DATA | ILL, ROLLED_BACK);
static const struct sweep_subject dump =
    SUBJECT("rollback-whole, a dump", SCENARIO_DATA_DATABASE, SUCCEEDED);
static const struct sweep_subject ill_dump =
    SUBJECT("rollback-whole, a dump, ill", SCENARIO_DATA_DATABASE | ILL, ROLLED_BACK);
static const struct sweep_subject files =
    SUBJECT_OF("rollback-whole, with files", SCENARIO_DATA | FILES, SUCCEEDED, judge_files);
static const struct sweep_subject ill_files = SUBJECT_OF(
    "rollback-whole, with files, ill", SCENARIO_DATA | FILES | ILL, ROLLED_BACK, judge_files);

static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &plain, SWEEP_NO_FAULT }, { &ill, SWEEP_NO_FAULT },
		{ &dump, SWEEP_NO_FAULT },  { &ill_dump, SWEEP_NO_FAULT },
		{ &files, SWEEP_NO_FAULT }, { &ill_files, SWEEP_NO_FAULT },
		{ NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_STOP_DOES_NOT_STOP,
		RFA_SIM_MUTATION_START_DOES_NOT_START,
		RFA_SIM_MUTATION_SWAP_FORGETS_LAST,
		RFA_SIM_MUTATION_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_UNPACK_HALF,
		RFA_SIM_MUTATION_REMOVE_LEAVES_COPIES,
		RFA_SIM_MUTATION_STOP_LEAVES_WRITER,
		RFA_SIM_MUTATION_LOCK_NEVER_FREED,
		RFA_SIM_MUTATION_DATABASE_LOAD_HALF,
		RFA_SIM_MUTATION_DATABASE_SWAP_DOES_NOTHING,
		RFA_SIM_MUTATION_DATABASE_SWAP_BACK_DOES_NOTHING,
		RFA_SIM_MUTATION_DATABASE_STAYS_SHUT,
		RFA_SIM_MUTATION_FILE_WRITE_LOSES_MODE,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

SWEEP(plain)
SWEEP(ill)
SWEEP(dump)
SWEEP(files)
SWEEP(ill_files)
PAIRS(plain)
PAIRS(ill)
PAIRS(dump)
PAIRS(ill_dump)
PAIRS(files)
PAIRS(ill_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail), cmocka_unit_test(sweep_plain),
		cmocka_unit_test(sweep_ill),       cmocka_unit_test(sweep_dump),
		cmocka_unit_test(pairs_plain),     cmocka_unit_test(pairs_ill),
		cmocka_unit_test(pairs_dump),      cmocka_unit_test(pairs_ill_dump),
		cmocka_unit_test(sweep_files),     cmocka_unit_test(sweep_ill_files),
		cmocka_unit_test(pairs_files),     cmocka_unit_test(pairs_ill_files),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
