/*
 * Health: what does not stay up is not well, nor what is in other networks than before; and what is
 * said at the end is what was looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

#define STACK "target|stack|"
#define BEHAVIOUR(image) "hosts|test|images|" image "|config|Labels|sim.health"
#define POLICY "hosts|prod|containers|0|body|HostConfig|RestartPolicy"

struct health_case {
	enum scenario scenario;
	struct world_edit edits[WORLD_EDITS];
	enum rfa_final final;
	const char *why;    /* in the error; NULL: anything */
	const char *says;   /* of the last health check; NULL: anything */
	const char *warned; /* by a gate, before; NULL: none did */
};

#define TWO_URLS                                                                                   \
	{                                                                                          \
		STACK "checks",                                                                    \
		    "[{\"name\":\"http://127.0.0.1:8001/health\",\"url\":\"http://127.0.0.1:8001/" \
		    "health\"},"                                                                   \
		    "{\"name\":\"http://127.0.0.1:7777/x\",\"url\":\"http://127.0.0.1:7777/x\"}]"  \
	}

static const struct health_case cases[] = {
	{ SCENARIO_RUN,
	  { { 0 } },
	  RFA_FINAL_SUCCEEDED,
	  NULL,
	  "2 container(s), 1 check(s) passed",
	  NULL },
	{ SCENARIO_RUN,
	  { { STACK "checks", "[]" } },
	  RFA_FINAL_SUCCEEDED,
	  NULL,
	  "no check was asked: rfa.json names none",
	  NULL },
	/* It answers, and dies two seconds later: started again by the engine, or not. */
	{ SCENARIO_RUN,
	  { { BEHAVIOUR("0"), "\"dies:2000\"" } },
	  RFA_FINAL_ROLLED_BACK,
	  "backend did not stay up",
	  "what ran before runs again: 2 container(s), 1 check(s) passed",
	  NULL },
	{ SCENARIO_RUN,
	  { { BEHAVIOUR("1"), "\"dies:3000\"" },
	    { "hosts|prod|containers|1|body|HostConfig|RestartPolicy", NULL } },
	  RFA_FINAL_ROLLED_BACK,
	  "frontend has ended with exit status 1",
	  NULL,
	  NULL },
	{ SCENARIO_COMPOSE,
	  { { BEHAVIOUR("1"), "\"dies:2000\"" } },
	  RFA_FINAL_ROLLED_BACK,
	  "did not stay up",
	  NULL,
	  NULL },
	{ SCENARIO_RUN,
	  { { BEHAVIOUR("0"), "\"dies:2000\"" }, { STACK "health_settle_s", "1" } },
	  RFA_FINAL_SUCCEEDED,
	  NULL,
	  NULL,
	  NULL },
	{ SCENARIO_RUN,
	  { { BEHAVIOUR("0"), "\"dies:20000\"" }, { STACK "health_settle_s", "30" } },
	  RFA_FINAL_ROLLED_BACK,
	  "did not stay up: it was started again within 30 s",
	  NULL,
	  NULL },
	/* A URL that nobody answers now will not be answered afterwards either. */
	{ SCENARIO_RUN,
	  { TWO_URLS },
	  RFA_FINAL_ROLLED_BACK,
	  "7777",
	  "1 of 2 check(s) passed: the rest was wrong before the run, too",
	  "http://127.0.0.1:7777/x is not as it should be now" },
	/* Where nothing ran, nothing is said to run again, and nothing is warned of. */
	{ SCENARIO_FIRST,
	  { { BEHAVIOUR("0"), "\"500\"" } },
	  RFA_FINAL_ROLLED_BACK,
	  "answers 500",
	  "nothing ran before",
	  NULL },
};

/* The last word of a look on the way back, or else of the one forward. */
static json_t *last_facts(struct world *w, const char *run)
{
	struct rfa_history *h = NULL;
	struct rfa_error err;
	json_t *facts = NULL;
	size_t i;

	assert_int_equal(rfa_ledger_load(w->ledger, run, &h, &err), 0);
	for (i = 0; i < h->n; i++)
		if (strstr(h->records[i].step, "target.health") &&
		    h->records[i].kind == RFA_RECORD_DONE) {
			json_decref(facts);
			facts = json_incref(h->records[i].facts);
		}
	rfa_history_free(h);
	return facts;
}

static void check(const struct health_case *c)
{
	struct rfa_run_result result;
	struct watcher x;
	struct rfa_error err;
	const char *said;
	struct world w;
	json_t *facts;

	rfa_error_clear(&err);
	world_make_edited(&w, c->scenario, 1, world_edit_all, (void *)(uintptr_t)c->edits);
	watcher_begin(&x, &w);
	(void)!rfa_run_begin(&w.options, w.plan, &result, &err);
	if (result.final != c->final)
		fail_msg("%s instead of %s: %s", rfa_final_word(result.final),
			 rfa_final_word(c->final), err.msg);
	if (c->why && !strstr(err.msg, c->why))
		fail_msg("\"%s\" is not in: %s", c->why, err.msg);
	facts = last_facts(&w, result.run);
	said = rfa_facts_str(facts, "summary", rfa_facts_str(facts, "skipped", ""));
	if (c->says && !strstr(said, c->says))
		fail_msg("\"%s\" is not in: %s", c->says, said);
	if (c->warned)
		assert_non_null(strstr(rfa_buf_str(&x.all), c->warned));
	assert_int_equal(strstr(rfa_buf_str(&x.lines), "gate gates warning") != NULL,
			 c->warned != NULL);
	json_decref(facts);
	watcher_end(&x);
	world_free(&w);
}

static void every_case(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i]);
}

/* sshd stops forwarding in the midst of a run: nobody knows how the service is, so nobody judges.
 */
static void forbid(struct watcher *x, uint64_t call, const char *label)
{
	(void)call;
	(void)label;
	rfa_sim_forwarding(x->w->prod, 0);
}

static void blind_is_not_ill(void **state)
{
	struct rfa_run_result result;
	char run[RFA_RUN_ID_MAX];
	struct rfa_error err;
	struct watcher x;
	struct world w;

	(void)state;
	world_make(&w, SCENARIO_RUN, 1);
	watcher_begin(&x, &w);
	x.hook = forbid;
	snprintf(x.hook_step, sizeof(x.hook_step), "target.health");
	assert_int_equal(rfa_run_begin(&w.options, w.plan, &result, &err), -RFA_EINTERRUPTED);
	assert_int_equal(result.final, RFA_FINAL_NONE);
	assert_non_null(strstr(err.msg, "opens no connection"));
	assert_non_null(strstr(err.hint, "AllowTcpForwarding"));
	rfa_sim_forwarding(w.prod, 1);
	snprintf(run, sizeof(run), "%s", result.run);
	assert_int_equal(rfa_run_resume(&w.options, run, RFA_RESUME_CONTINUE, &result, &err), 0);
	assert_int_equal(result.final, RFA_FINAL_SUCCEEDED);
	watcher_end(&x);
	world_free(&w);
}

/* An engine that leaves the new container in a network too many, or takes it out of one. */
static void networks_are_looked_at(void **state)
{
	static const struct {
		enum rfa_sim_mutation mutation;
		const char *why;
	} engines[] = {
		{ RFA_SIM_MUTATION_CREATE_KEEPS_NETWORK, "where it should not be" },
		{ RFA_SIM_MUTATION_CREATE_DROPS_NETWORK, "where it has to be" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct rfa_run_result result;
		struct rfa_error err;
		struct watcher x;
		struct world w;

		world_make(&w, SCENARIO_RUN, 1);
		rfa_sim_mutate(w.sim, engines[i].mutation);
		watcher_begin(&x, &w);
		assert_true(rfa_run_begin(&w.options, w.plan, &result, &err) < 0);
		assert_int_equal(result.final, RFA_FINAL_ROLLED_BACK);
		if (!strstr(err.msg, engines[i].why))
			fail_msg("\"%s\" is not in: %s", engines[i].why, err.msg);
		watcher_end(&x);
		world_free(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(blind_is_not_ill),
		cmocka_unit_test(networks_are_looked_at),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
