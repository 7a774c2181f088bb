/* What a run says; what is kept of a failure; what a resume says of a step that it finds done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/harness/edits.h"
#include "tests/harness/watcher.h"

struct bench {
	struct world w;
	struct watcher x;
	struct rfa_history *history;
	struct rfa_run_result result;
};

static void bench_open(struct bench *b, enum scenario s)
{
	memset(b, 0, sizeof(*b));
	world_make(&b->w, s, 7);
	watcher_begin(&b->x, &b->w);
}

static void bench_close(struct bench *b)
{
	rfa_history_free(b->history);
	watcher_end(&b->x);
	world_free(&b->w);
}

/* The last record of a step of that kind; the test fails if there is none. */
static const struct rfa_record *record_of(struct bench *b, enum rfa_record_kind kind,
					  const char *step)
{
	const struct rfa_record *found = NULL;
	struct rfa_error err;

	if (!b->history)
		assert_int_equal(rfa_ledger_load(b->w.ledger, b->result.run, &b->history, &err), 0);
	for (size_t i = 0; i < b->history->n; i++) {
		const struct rfa_record *r = &b->history->records[i];

		if (r->kind == kind && !strcmp(r->step, step))
			found = r;
	}
	if (!found)
		fail_msg("no %s of %s", rfa_record_kind_word(kind), step);
	return found;
}

static const char *line_of(const json_t *lines, size_t i)
{
	const char *text = json_string_value(json_array_get(lines, i));

	return text ? text : "(no such line)";
}

static void contains(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("\"%s\" has no \"%s\"", text, what);
}

static void rolled_back(struct bench *b, enum scenario s)
{
	struct rfa_error err;

	bench_open(b, s);
	assert_int_equal(rfa_run_begin(&b->w.options, b->w.plan, &b->result, &err),
			 -(int)RFA_EROLLED_BACK);
}

/* A program may write any byte: the line behind a NUL is often the one that says why. */
static void test_nul_in_a_log(void **state)
{
	struct bench b;
	const json_t *lines;
	size_t n;

	(void)state;
	rolled_back(&b, SCENARIO_UNHEALTHY);
	lines =
	    rfa_facts_at(record_of(&b, RFA_RECORD_FAILED, "target.health")->facts, "logs/backend");
	n = json_array_size(lines);
	assert_int_equal(n, 60);
	contains(line_of(lines, n - 2), " \\xff\\xfe \\x00 end");
	contains(line_of(lines, n - 1), "backend: health is 500");
	contains(rfa_buf_str(&b.x.all), "backend: health is 500");
	bench_close(&b);
}

/* Programs print what they were given. */
static void test_own_secrets_in_a_log(void **state)
{
	static const struct world_edit given[WORLD_EDITS] = {
		{ "hosts|prod|containers|0|body|Env",
		  "[\"DB_PASSWORD=hunter-2 and \\\"3\\\"\", \"DSN=pg://me:top-word@db/x\", "
		  "\"MODE=prod-mode\","
		  "\"SIM_LOG=as me top-word with hunter-2 and \\\"3\\\", hunter-2 in "
		  "prod-mode\"]" },
	};
	struct rfa_error err;
	struct bench b;
	const json_t *lines;

	(void)state;
	memset(&b, 0, sizeof(b));
	world_make_edited(&b.w, SCENARIO_UNHEALTHY, 7, world_edit_all, (void *)(uintptr_t)given);
	watcher_begin(&b.x, &b.w);
	assert_int_equal(rfa_run_begin(&b.w.options, b.w.plan, &b.result, &err),
			 -(int)RFA_EROLLED_BACK);
	lines =
	    rfa_facts_at(record_of(&b, RFA_RECORD_FAILED, "target.health")->facts, "logs/backend");
	contains(line_of(lines, json_array_size(lines) - 2),
		 "as me [secret] with [secret], hunter-2 in prod-mode");
	assert_null(strstr(rfa_buf_str(&b.x.all), "top-word"));
	bench_close(&b);
}

static void test_the_answer(void **state)
{
	struct bench b;
	const char *url = NULL;
	json_t *lines = NULL;

	(void)state;
	rolled_back(&b, SCENARIO_UNHEALTHY);
	json_object_foreach (
	    json_object_get(record_of(&b, RFA_RECORD_FAILED, "target.health")->facts, "answers"),
	    url, lines)
		break;
	assert_non_null(url);
	contains(url, "http://");
	contains(line_of(lines, 0), "\"status\":\"failed\"");
	contains(rfa_buf_str(&b.x.all), "\"status\":\"failed\"");
	bench_close(&b);
}

/* A step that had nothing to do is not told as undone. */
static void test_skipped_is_not_undone(void **state)
{
	struct rfa_error err;
	struct bench b;

	(void)state;
	bench_open(&b, SCENARIO_UNHEALTHY);
	/* Its rows are there, and none of them has anything to do. */
	json_object_set_new(rfa_facts_at(b.w.plan, "target/stack"), "traffic",
			    json_pack("{s:{}}", "services"));
	assert_int_equal(rfa_run_begin(&b.w.options, b.w.plan, &b.result, &err),
			 -(int)RFA_EROLLED_BACK);
	contains(
	    rfa_facts_str(record_of(&b, RFA_RECORD_UNDONE, "target.beside")->facts, "skipped", ""),
	    "nothing");
	assert_null(
	    rfa_facts_at(record_of(&b, RFA_RECORD_UNDONE, "target.replace")->facts, "skipped"));
	assert_null(strstr(rfa_buf_str(&b.x.lines), "step-undone target.beside"));
	contains(rfa_buf_str(&b.x.lines), "step-undone target.replace");
	bench_close(&b);
}

/* Nobody saw the end of the step; its beginning is on record, and that is its time. */
static void test_time_of_a_step_found_done(void **state)
{
	struct rfa_error err;
	const struct rfa_record *done;
	struct bench b;
	char run[RFA_RUN_ID_MAX];
	json_int_t ms;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	/* Dies before the first call behind target.tag: its effect is there, its record is not. */
	watcher_begin_until(&b.x, b.w.plan, "target.load", 2, &b.result);
	snprintf(run, sizeof(run), "%s", b.result.run);
	watcher_clear(&b.x);
	assert_int_equal(rfa_run_resume(&b.w.options, run, RFA_RESUME_CONTINUE, &b.result, &err),
			 0);
	done = record_of(&b, RFA_RECORD_DONE, "target.load");
	assert_int_equal(done->attempt, 1);
	contains(rfa_buf_str(&b.x.lines), "step-probed target.load done");
	ms = json_integer_value(json_object_get(done->facts, "ms"));
	assert_true(json_is_integer(json_object_get(done->facts, "ms")));
	assert_true(ms >= 0 && ms < 3600000);
	bench_close(&b);
}

/* What one undisturbed promote says. */

static const char golden[] =
    "run-begun @\n"
    "step-started source.claim\nstep-done source.claim\n"
    "step-started target.claim\nstep-done target.claim\n"
    "step-started source.observe\nstep-done source.observe\n"
    "step-started target.observe\nstep-done target.observe\n"
    "step-started gates\n"
    "gate gates passed\n"
    "gate gates passed\ngate gates passed\ngate gates passed\ngate gates passed\n"
    "gate gates passed\ngate gates passed\ngate gates passed\ngate gates passed\n"
    "gate gates passed\ngate gates passed\ngate gates passed\ngate gates passed\n"
    "gate gates passed\ngate gates passed\ngate gates passed\ngate gates passed\n"
    "gate gates passed\ngate gates passed\ngate gates passed\ngate gates passed\n"
    "gate gates passed\ngate gates passed\ngate gates passed\ngate gates passed\n"
    "step-done gates\n"
    "step-skipped stop image layers are immutable: nothing has to stop\n"
    "step-skipped verify-stopped nothing was stopped\n"
    "step-started source.export\nstep-done source.export\n"
    "step-started target.receive\nstep-done target.receive\n"
    "step-started target.pin\nstep-done target.pin\n"
    "step-started target.load\nstep-done target.load\n"
    "step-started target.tag\nstep-done target.tag\n"
    "step-started target.replace\nstep-done target.replace\n"
    "step-started target.health\nstep-done target.health\n"
    "step-started target.cleanup\nstep-done target.cleanup\n"
    "step-started source.release\nstep-done source.release\n"
    "step-started target.release\nstep-done target.release\n"
    "run-ended SUCCEEDED\n";

static void test_golden(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(65536);
	struct rfa_error err;
	struct bench b;
	const char *lines;
	char *run;

	(void)state;
	bench_open(&b, SCENARIO_RUN);
	assert_int_equal(rfa_run_begin(&b.w.options, b.w.plan, &b.result, &err), 0);
	lines = rfa_buf_str(&b.x.lines);
	run = strstr(lines, b.result.run);
	assert_non_null(run);
	rfa_buf_add(&text, lines, (size_t)(run - lines));
	rfa_buf_puts(&text, "@");
	rfa_buf_puts(&text, run + strlen(b.result.run));
	assert_string_equal(rfa_buf_str(&text), golden);
	rfa_buf_release(&text);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nul_in_a_log),
		cmocka_unit_test(test_own_secrets_in_a_log),
		cmocka_unit_test(test_the_answer),
		cmocka_unit_test(test_skipped_is_not_undone),
		cmocka_unit_test(test_time_of_a_step_found_done),
		cmocka_unit_test(test_golden),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
