/*
 * The sweep of a promote that changes the schema of the data. Whatever happens, the command has
 * begun once at most, no container of the new version has run before its end, and the old version
 * never on a schema that breaks it; a breaking change is there after a success and only then; and
 * what is told of the schema is true. And it must be able to fail: with each planted defect, one
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
#include "tests/harness/world_migrate.h"

/* Added to a scenario. */
enum { DATABASE = 0x1000 };

static json_t *prepare(struct world *w, int how)
{
	world_make_migration(w, how & DATABASE ? SCENARIO_DATA_DATABASE : SCENARIO_DATA,
			     how & ~DATABASE);
	return json_incref(w->plan);
}

static int says(const char *told, const char *part)
{
	return strstr(told, part) != NULL;
}

/* Does the ledger say that this data has seen it? */
static int is_known(struct world *w)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	int is = !rfa_ledger_read(w->ledger, "migrations/prod/app.json", &text, &err);

	rfa_buf_release(&text);
	return is;
}

/* What the way back has told, and what is there. */
static void judge_told(struct world *w, const char *schema, const char *told, struct rfa_buf *why)
{
	int breaking = !strcmp(rfa_facts_str(w->plan, "target/stack/migrate/kind", ""), "breaking");
	int stays = says(told, "the schema is that of ");

	if (breaking && strcmp(schema, "prod") != 0)
		rfa_buf_printf(why, "it went back, and the data is of '%s'; ", schema);
	if (stays != is_known(w))
		rfa_buf_printf(why, "it is told '%s', and the ledger %s it; ", told,
			       is_known(w) ? "knows" : "does not know");
	if (stays && strcmp(schema, "new") != 0)
		rfa_buf_printf(why, "it is told '%s', and the data is of '%s'; ", told, schema);
	if (!stays && strcmp(schema, "prod") != 0 && !says(told, "did not end well"))
		rfa_buf_printf(why, "the data is of '%s', and it is told '%s'; ", schema, told);
}

static void judge(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	const json_t *migrate = rfa_facts_at(w->plan, "target/stack/migrate");
	int web = !strcmp(rfa_facts_str(migrate, "service", ""), "web");
	const char *schema = world_schema(w, web ? MIGRATION_WEB : 0);
	struct rfa_buf told = RFA_BUF_INIT(4096);

	if (result->run[0])
		world_fact(w, result->run, "target.schema", "schema_back", &told);
	/* A command that takes it back counts as well, as often as it is tried. */
	if (rfa_sim_migrations(w->prod) > 1 && !json_is_object(json_object_get(migrate, "undo")))
		rfa_buf_printf(why, "the command has begun %u times; ",
			       rfa_sim_migrations(w->prod));
	if (result->final != RFA_FINAL_SUCCEEDED)
		judge_told(w, schema, rfa_buf_str(&told), why);
	else if (strcmp(schema, "new") != 0 || !is_known(w))
		rfa_buf_printf(why, "it succeeded, and the data is of '%s'; ", schema);
	if (!web && world_data_is(w, "prod", schema, why))
		(void)world_is_one_moment(w, "prod", why);
	rfa_buf_release(&told);
}

#define SUBJECT(name_, which_, final_)                                                            \
	{                                                                                         \
		name_, which_, prepare, RFA_FINAL_##final_, world_migration_serves, judge, 20000, \
		    .ends_as_before = 0                                                           \
	}

static const struct sweep_subject expand = SUBJECT("expand", MIGRATION_CHECK, SUCCEEDED);
static const struct sweep_subject expand_ill = SUBJECT("expand, ill", MIGRATION_ILL, ROLLED_BACK);
static const struct sweep_subject expand_web =
    SUBJECT("expand, of Compose", MIGRATION_WEB | MIGRATION_FAILS, ROLLED_BACK);
static const struct sweep_subject breaking =
    SUBJECT("breaking", MIGRATION_BREAKING | DATABASE, SUCCEEDED);
static const struct sweep_subject breaking_ill =
    SUBJECT("breaking, ill", MIGRATION_BREAKING | MIGRATION_ILL | DATABASE, ROLLED_BACK);
static const struct sweep_subject breaking_fails =
    SUBJECT("breaking, fails", MIGRATION_BREAKING | MIGRATION_FAILS, ROLLED_BACK);
static const struct sweep_subject breaking_web = SUBJECT(
    "breaking, of Compose, ill", MIGRATION_BREAKING | MIGRATION_WEB | MIGRATION_ILL, ROLLED_BACK);
static const struct sweep_subject command =
    SUBJECT("breaking, undone by a command", MIGRATION_BREAKING | MIGRATION_COMMAND | MIGRATION_ILL,
	    ROLLED_BACK);

static void sweeps_can_fail(void **state)
{
	static const struct sweep_try tries[] = {
		{ &expand, SWEEP_NO_FAULT },       { &breaking, SWEEP_NO_FAULT },
		{ &breaking_ill, SWEEP_NO_FAULT }, { &breaking_fails, SWEEP_NO_FAULT },
		{ &breaking_web, SWEEP_NO_FAULT }, { &command, SWEEP_NO_FAULT },
		{ NULL, SWEEP_NO_FAULT },
	};
	static const enum rfa_sim_mutation planted[] = {
		RFA_SIM_MUTATION_WAIT_LOSES_STATUS,          RFA_SIM_MUTATION_WAIT_DOES_NOT_WAIT,
		RFA_SIM_MUTATION_STOP_DOES_NOT_STOP,         RFA_SIM_MUTATION_START_DOES_NOT_START,
		RFA_SIM_MUTATION_SWAP_FORGETS_LAST,          RFA_SIM_MUTATION_REMOVE_LEAVES_COPIES,
		RFA_SIM_MUTATION_STOP_LEAVES_WRITER,         RFA_SIM_MUTATION_DATABASE_LOAD_HALF,
		RFA_SIM_MUTATION_DATABASE_SWAP_DOES_NOTHING, RFA_SIM_MUTATION_DATABASE_STAYS_SHUT,
		RFA_SIM_MUTATION_DATABASE_DROP_LEAVES,
	};

	(void)state;
	sweep_finds_all(tries, planted, sizeof(planted) / sizeof(planted[0]));
}

/* A command that has run, and whose end was not heard, is not begun again. */
static void one_that_begins_twice_is_seen(void **state)
{
	static const int kinds[] = { RFA_SIM_LOSE_ANSWER, RFA_SIM_CRASH_AFTER };
	size_t i;

	(void)state;
	assert_false(sweep_sees(&expand, RFA_SIM_MUTATION_FORGETS_ONCE, SWEEP_NO_FAULT));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!sweep_sees(&expand, RFA_SIM_MUTATION_FORGETS_ONCE, kinds[i]))
			fail_msg("a migration that begins twice is not seen (%s)",
				 rfa_sim_fault_word((enum rfa_sim_fault_kind)kinds[i]));
}

SWEEP(expand)
SWEEP(expand_ill)
SWEEP(expand_web)
SWEEP(breaking)
SWEEP(breaking_ill)
SWEEP(breaking_fails)
SWEEP(breaking_web)
SWEEP(command)
PAIRS(expand)
PAIRS(breaking)
PAIRS(breaking_ill)
PAIRS(breaking_fails)
PAIRS(breaking_web)
PAIRS(command)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweeps_can_fail),
		cmocka_unit_test(one_that_begins_twice_is_seen),
		cmocka_unit_test(sweep_expand),
		cmocka_unit_test(sweep_expand_ill),
		cmocka_unit_test(sweep_expand_web),
		cmocka_unit_test(sweep_breaking),
		cmocka_unit_test(sweep_breaking_ill),
		cmocka_unit_test(sweep_breaking_fails),
		cmocka_unit_test(sweep_breaking_web),
		cmocka_unit_test(sweep_command),
		cmocka_unit_test(pairs_expand),
		cmocka_unit_test(pairs_breaking),
		cmocka_unit_test(pairs_breaking_ill),
		cmocka_unit_test(pairs_breaking_fails),
		cmocka_unit_test(pairs_breaking_web),
		cmocka_unit_test(pairs_command),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (getenv("RFA_TEST")) /* one of them, by a pattern */
		cmocka_set_test_filter(getenv("RFA_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
