/*
 * What a run owes to its ledger, and the hosts to theirs: a ledger that is older than what the
 * hosts have seen is found out, and no record is lost for a secret that is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/harness/ledger_kit.h"
#include "tests/run/data_bench.h"

#define DEAD "20261121-101010-abcdef"

static const char unknown[] =
    "0000000000000000000000000000000000000000000000000000000000000001 " DEAD "\n";

/* Heads. */

static const char *head_path(struct bench *b, char path[160])
{
	char id[65];

	assert_int_equal(rfa_ledger_id(b->w.ledger, id, &b->err), 0);
	snprintf(path, 160, "/var/lib/rfa/ledger-heads/%s", id);
	return path;
}

static void put_head(struct bench *b, struct rfa_sim_host *host, const char *text)
{
	char path[160];

	assert_int_equal(rfa_sim_file_put(host, head_path(b, path), 0600, text, &b->err), 0);
}

static void assert_head(struct bench *b, struct rfa_host *host, const char *want)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);
	char path[160];

	assert_int_equal(host->files->read(host, head_path(b, path), 4096, &text, &b->err), 0);
	assert_string_equal(rfa_buf_str(&text), want);
	rfa_buf_release(&text);
}

static void assert_known(struct bench *b, struct rfa_host *host)
{
	json_t *kept = NULL;

	assert_int_equal(rfa_run_kept_head(b->w.ledger, host, &kept, &b->err), 0);
	assert_true(rfa_facts_bool(kept, "known", 0));
	assert_string_equal(rfa_facts_str(kept, "run", ""), b->result.run);
	json_decref(kept);
}

static json_t *accept_plan(struct bench *b)
{
	json_t *side = json_copy(json_object_get(b->w.plan, "target"));

	b->w.options.hosts[RFA_SOURCE] = NULL;
	json_object_del(side, "stack");
	return json_pack("{s:i, s:s, s:s, s:n, s:o, s:{s:s, s:b}}", "format", 1, "flow",
			 "accept-ledger", "stack", "_host", "source", "target", side, "options",
			 "reason", "restored from a copy", "accept_head", 1);
}

static void test_known(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	/* Of another ledger: none of ours. */
	assert_int_equal(rfa_sim_file_put(b.w.prod,
					  "/var/lib/rfa/ledger-heads/"
					  "00000000000000000000000000000000",
					  0600, unknown, &b.err),
			 0);
	assert_int_equal(begin(&b), 0);
	assert_known(&b, b.w.target);
	assert_known(&b, b.w.source);
	b.w.options.clock->sleep_ms(b.w.options.clock, 60000);
	assert_int_equal(begin(&b), 0);
	assert_known(&b, b.w.target);
	bench_close(&b);
}

static void refused_on(const char *env, const char *text)
{
	struct bench b;
	struct rfa_sim_host *host;

	bench_open(&b, SCENARIO_RUN);
	host = strcmp(env, "prod") ? b.w.test : b.w.prod;
	put_head(&b, host, text);
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_told(b.err.msg, "this copy of the ledger does not have it");
	assert_told(b.err.hint, "rfa ledger accept ");
	assert_told(b.err.hint, env);
	assert_null(strchr(b.err.msg, '\x1b'));
	/* The evidence is still there, and so is all else. */
	assert_head(&b, strcmp(env, "prod") ? b.w.source : b.w.target, text);
	assert_as_before(&b);
	/* So it is the next time. */
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	assert_head(&b, strcmp(env, "prod") ? b.w.source : b.w.target, text);
	bench_close(&b);
}

static void test_unknown(void **state)
{
	(void)state;
	refused_on("prod", unknown);
	refused_on("test", unknown);
	refused_on("prod", "");
	refused_on("prod", "no head at all\n");
	refused_on("prod", "\x1b[31m" DEAD "\n");
}

/* The history that a copy lost may hold the end of this very run. */
static void test_unknown_at_resume(void **state)
{
	static const enum rfa_resume_mode ways[] = { RFA_RESUME_CONTINUE, RFA_RESUME_ROLLBACK,
						     RFA_RESUME_ABORT };
	char run[RFA_RUN_ID_MAX];
	uint64_t calls;
	struct bench b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		bench_open(&b, SCENARIO_RUN);
		watcher_begin_until(&b.x, b.w.plan, "target.replace", 6, &b.result);
		put_head(&b, b.w.prod, unknown);
		snprintf(run, sizeof(run), "%s", b.result.run);
		calls = b.x.host_calls;
		assert_int_equal(rfa_run_resume(&b.w.options, run, ways[i], &b.result, &b.err),
				 -RFA_EREFUSED);
		/* No more than the two looks. */
		assert_int_equal(b.x.host_calls, calls + 2);
		assert_told(b.err.msg, "prod keeps the head");
		assert_head(&b, b.w.target, unknown);
		assert_int_equal(
		    rfa_run_resume(&b.w.options, run, RFA_RESUME_DETACH, &b.result, &b.err),
		    -RFA_EABORTED);
		assert_head(&b, b.w.target, unknown);
		bench_close(&b);
	}
}

static json_t *facts_of(struct bench *b, const char *step)
{
	struct rfa_history *h = NULL;
	json_t *facts = NULL;
	size_t i;

	assert_int_equal(rfa_ledger_load(b->w.ledger, b->result.run, &h, &b->err), 0);
	for (i = 0; i < h->n; i++)
		if (!strcmp(h->records[i].step, step) && h->records[i].kind == RFA_RECORD_DONE)
			facts = json_incref(h->records[i].facts);
	rfa_history_free(h);
	return facts;
}

static void test_accepted(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct bench b;
	json_t *facts;
	json_t *plan;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	put_head(&b, b.w.prod, unknown);
	plan = accept_plan(&b);
	assert_int_equal(rfa_run_begin(&b.w.options, plan, &b.result, &b.err), 0);
	assert_known(&b, b.w.target);
	/* What it was is on record, and why it was accepted. */
	facts = facts_of(&b, "target.claim");
	assert_string_equal(rfa_facts_str(facts, "kept_head/run", ""), DEAD);
	json_decref(facts);
	assert_int_equal(rfa_ledger_read(b.w.ledger, "history.log", &text, &b.err), 0);
	assert_told(rfa_buf_str(&text), "restored from a copy");
	json_decref(plan);
	b.w.options.hosts[RFA_SOURCE] = b.w.source;
	assert_int_equal(begin(&b), 0);
	rfa_buf_release(&text);
	bench_close(&b);
}

/* The real thing: a copy of the repository, made before the last run. */
static void test_older_copy(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct rfa_ledger *copy = NULL;
	struct rfa_ledger *newest;
	struct bench b;
	struct kit kit;
	char path[700];

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	world_use_git(&b.w, &kit);
	newest = b.w.ledger;
	assert_int_equal(begin(&b), 0);
	assert_int_equal(kit_sh(&kit, &text, "cp -a $L $L.old"), 0);
	b.w.options.clock->sleep_ms(b.w.options.clock, 60000);
	assert_int_equal(begin(&b), 0);
	assert_known(&b, b.w.target);
	snprintf(path, sizeof(path), "%s.old", kit.path);
	kit.options.path = path;
	assert_int_equal(rfa_ledger_open(&copy, &kit.options, &b.err), 0);
	b.w.options.ledger = copy;
	b.w.options.clock->sleep_ms(b.w.options.clock, 60000);
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	assert_told(b.err.msg, "keeps the head");
	/* What the copy wrote since does not make it the newest one; the right one goes on. */
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	b.w.options.ledger = newest;
	assert_int_equal(begin(&b), 0);
	assert_known(&b, b.w.target);
	rfa_ledger_free(copy);
	rfa_buf_release(&text);
	bench_close(&b);
	kit_close(&kit);
}

/* A reason. */

/* Whoever carries a run on need not know why it was begun. */
static void test_reason(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	char run[RFA_RUN_ID_MAX];
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	json_object_set_new(json_object_get(b.w.plan, "options"), "reason",
			    json_string("ticket 4711"));
	watcher_begin_until(&b.x, b.w.plan, "target.replace", 6, &b.result);
	snprintf(run, sizeof(run), "%s", b.result.run);
	b.w.options.reason = NULL;
	assert_int_equal(rfa_run_resume(&b.w.options, run, RFA_RESUME_CONTINUE, &b.result, &b.err),
			 0);
	assert_int_equal(rfa_ledger_read(b.w.ledger, "history.log", &text, &b.err), 0);
	assert_told(rfa_buf_str(&text), "| success | ticket 4711");
	rfa_buf_release(&text);
	bench_close(&b);
}

/* Secrets. */

static void use_secrets(struct bench *b, const char *const *secrets)
{
	struct rfa_ledger_options options = { 0 };

	options.clock = b->w.options.clock;
	options.author_name = "Olga";
	options.author_email = "olga@example.org";
	options.secrets = secrets;
	rfa_ledger_free(b->w.ledger);
	assert_int_equal(rfa_ledger_open_memory(&b->w.ledger, &options, &b->err), 0);
	b->w.options.ledger = b->w.ledger;
}

/* The id of the new container of that name, made at the end of an undisturbed run. */
static void container_id(struct bench *b, const char *name, char out[65])
{
	json_t *seen = NULL;

	assert_int_equal(
	    b->w.target->engine->inspect(b->w.target, RFA_CONTAINER, name, &seen, &b->err), 0);
	snprintf(out, 65, "%s", rfa_facts_str(seen, "Id", ""));
	json_decref(seen);
}

/* Worlds of one seed are equal, so the id of what will be made is known. */
static void test_secret_in_an_id(void **state)
{
	static const unsigned at[] = { 0, 20, 60 };
	char id[65], value[5];
	const char *secrets[] = { value, NULL };
	struct bench b;
	size_t i;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	use_secrets(&b, NULL);
	assert_int_equal(begin(&b), 0);
	container_id(&b, "backend", id);
	assert_int_equal(strlen(id), 64);
	bench_close(&b);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		char again[65], run[RFA_RUN_ID_MAX];

		snprintf(value, sizeof(value), "%.4s", id + at[i]);
		bench_open(&b, SCENARIO_RUN);
		use_secrets(&b, secrets);
		if (begin(&b))
			fail_msg("%s: %s (%s)", value, b.err.msg, b.err.where);
		container_id(&b, "backend", again);
		assert_string_equal(again, id);
		bench_close(&b);
		bench_open(&b, SCENARIO_RUN);
		use_secrets(&b, secrets);
		/* Dead in the middle of the swap: only the record knows the new one. */
		watcher_begin_until(&b.x, b.w.plan, "target.replace", 8, &b.result);
		snprintf(run, sizeof(run), "%s", b.result.run);
		if (rfa_run_resume(&b.w.options, run, RFA_RESUME_CONTINUE, &b.result, &b.err))
			fail_msg("%s: %s (%s)", value, b.err.msg, b.err.where);
		bench_close(&b);
	}
}

/* A word of a failure is taken out of the record; the record itself stays. */
static void test_secret_in_a_log(void **state)
{
	static const char *const secrets[] = { "answered", "secret", NULL };
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_UNHEALTHY);
	use_secrets(&b, secrets);
	assert_int_equal(begin(&b), -RFA_EROLLED_BACK);
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	world_ledger_text(&b.w, b.result.run, &text);
	assert_null(strstr(rfa_buf_str(&text), "answered"));
	assert_null(strstr(rfa_buf_str(&text), "withheld"));
	rfa_buf_release(&text);
	bench_close(&b);
}

/* Later steps would work with a name that has a hole: told before anything is touched. */
static void test_secret_in_a_name(void **state)
{
	static const char *const secrets[] = { "d:v2", NULL };
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	use_secrets(&b, secrets);
	assert_int_equal(begin(&b), -RFA_EREFUSED);
	assert_int_equal(b.result.final, RFA_FINAL_FAILED);
	assert_told(b.err.msg, "the value of a configured secret");
	assert_null(strstr(b.err.msg, "d:v2"));
	assert_as_before(&b);
	bench_close(&b);
}

/* Clocks. */

static int64_t wall;

static int64_t wall_of(struct rfa_clock *clock)
{
	(void)clock;
	return wall;
}

static void test_clock(void **state)
{
	static const int64_t walls[] = { -1, -100000000000, RFA_TIME_LAST + 1 };
	struct rfa_clock clock;
	struct bench b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
		bench_open(&b, SCENARIO_RUN);
		clock = *b.w.options.clock;
		clock.wall_ms = wall_of;
		wall = walls[i];
		b.w.options.clock = &clock;
		assert_int_equal(begin(&b), -RFA_EREFUSED);
		assert_string_equal(b.result.run, "");
		assert_told(b.err.msg, "before 1970 or after 9999");
		bench_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_unknown_at_resume),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_older_copy),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_secret_in_an_id),
		cmocka_unit_test(test_secret_in_a_log),
		cmocka_unit_test(test_secret_in_a_name),
		cmocka_unit_test(test_clock),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
