/*
 * Checks of every kind: what passes, what does not and in which words, when each is asked, and what
 * the ledger keeps of it.
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

#define CHECKS "target|stack|checks"
#define PAGES(host) "hosts|" host "|images|0|config|Labels|sim.pages"
#define AT "\"url\":\"http://127.0.0.1:8001"

/* Pages of the backend; each is a text in JSON. */
#define ALL_PAGES                                                                            \
	"\"{\\\"/app.mjs\\\":{\\\"headers\\\":{\\\"Content-Type\\\":\\\"text/javascript; "   \
	"charset=utf-8\\\",\\\"X-A\\\":\\\"1\\\"},\\\"body\\\":\\\"export {}\\\"},"          \
	"\\\"/old\\\":{\\\"status\\\":302,\\\"headers\\\":{\\\"Location\\\":\\\"/new\\\"}}," \
	"\\\"/new\\\":{\\\"body\\\":\\\"the new place\\\"},"                                 \
	"\\\"/login\\\":{\\\"method\\\":\\\"POST\\\",\\\"send\\\":\\\"user=smoke\\\","       \
	"\\\"status\\\":204}}\""

struct bench {
	struct world w;
	struct watcher x;
	struct rfa_run_result result;
	struct rfa_error err;
};

static void open_bench(struct bench *b, enum scenario s, const struct world_edit *edits)
{
	memset(b, 0, sizeof(*b));
	world_make_edited(&b->w, s, 1, world_edit_all, (void *)(uintptr_t)edits);
	watcher_begin(&b->x, &b->w);
}

static void close_bench(struct bench *b)
{
	watcher_end(&b->x);
	world_free(&b->w);
}

static void promote(struct bench *b, const char *checks)
{
	const struct world_edit edits[WORLD_EDITS] = { { CHECKS, checks },
						       { PAGES("test"), ALL_PAGES },
						       { PAGES("prod"), ALL_PAGES } };

	open_bench(b, SCENARIO_RUN, edits);
	(void)!rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

/* A fact of the last record of this kind that a step has. New. */
static json_t *fact_of(struct bench *b, const char *step, enum rfa_record_kind kind,
		       const char *fact)
{
	struct rfa_history *h = NULL;
	struct rfa_error err;
	json_t *found = NULL;
	size_t i;

	assert_int_equal(rfa_ledger_load(b->w.ledger, b->result.run, &h, &err), 0);
	for (i = 0; i < h->n; i++)
		if (!strcmp(h->records[i].step, step) && h->records[i].kind == kind) {
			json_decref(found);
			found = json_incref(rfa_facts_at(h->records[i].facts, fact));
		}
	rfa_history_free(h);
	return found;
}

#define GOOD                                                                                  \
	"[{\"name\":\"module\"," AT "/app.mjs\",\"content_type\":\"text/javascript\","        \
	"\"headers\":{\"x-a\":\"1\"},\"body\":\"export\",\"not_body\":\"html\"},"             \
	"{\"name\":\"moved\"," AT "/old\",\"follow\":true,\"body\":\"new place\"},"           \
	"{\"name\":\"stays\"," AT "/old\",\"status\":\"3xx\"},"                               \
	"{\"name\":\"login\"," AT "/login\",\"send\":\"user=smoke&x=y\",\"status\":\"204\"}," \
	"{\"name\":\"port\",\"tcp\":\"127.0.0.1:8001\"},"                                     \
	"{\"name\":\"worker\",\"container\":\"frontend\"},"                                   \
	"{\"name\":\"command\",\"exec\":{\"service\":\"backend\",\"command\":[\"echo\","      \
	"\"a; b\"],\"output\":\"a; b\"}}]"

static void every_kind_can_pass(void **state)
{
	static const char *const kinds[] = {
		"url", "url", "url", "url", "tcp", "container", "exec"
	};
	struct bench b;
	json_t *all, *one;
	size_t i;

	(void)state;
	promote(&b, GOOD);
	if (b.result.final != RFA_FINAL_SUCCEEDED)
		fail_msg("%s", b.err.msg);
	all = fact_of(&b, "target.health", RFA_RECORD_DONE, "checks");
	assert_int_equal(json_array_size(all), 7);
	json_array_foreach (all, i, one) {
		assert_string_equal(rfa_facts_str(one, "kind", ""), kinds[i]);
		assert_true(rfa_facts_bool(one, "ok", 0));
		assert_true(rfa_facts_int(one, "tries", 0) >= 1);
		assert_null(json_object_get(one, "why"));
		assert_null(json_object_get(one, "answer"));
	}
	json_decref(all);
	/* All was well before, so no gate warns. */
	assert_null(strstr(rfa_buf_str(&b.x.lines), "gate gates warning"));
	close_bench(&b);
}

/* One that is wrong, and what is said of it. */
static const struct {
	const char *check, *why;
} wrong[] = {
	{ "{\"name\":\"n\"," AT "/app.mjs\",\"content_type\":\"application/json\"}",
	  "n: http://127.0.0.1:8001/app.mjs has the content type text/javascript; charset=utf-8 "
	  "instead of application/json" },
	{ "{\"name\":\"n\"," AT "/new\",\"content_type\":\"text/html\"}",
	  "says no content type instead of text/html" },
	{ "{\"name\":\"n\"," AT "/app.mjs\",\"headers\":{\"X-A\":\"2\"}}",
	  "has \"X-A: 1\" instead of \"2\"" },
	{ "{\"name\":\"n\"," AT "/app.mjs\",\"headers\":{\"X-B\":\"2\"}}",
	  "has \"X-B: (nothing)\" instead of \"2\"" },
	{ "{\"name\":\"n\"," AT "/app.mjs\",\"body\":\"import\"}", "does not contain \"import\"" },
	{ "{\"name\":\"n\"," AT "/app.mjs\",\"not_body\":\"export\"}", "contains \"export\"" },
	{ "{\"name\":\"n\"," AT "/old\"}", "answers 302 instead of 200" },
	{ "{\"name\":\"n\"," AT "/old\",\"status\":\"2xx\"}", "answers 302 instead of 2xx" },
	{ "{\"name\":\"n\"," AT "/login\",\"send\":\"user=nobody\"}",
	  "answers 401 instead of 200" },
	{ "{\"name\":\"n\"," AT "/login\",\"method\":\"PUT\"}", "answers 405 instead of 200" },
	{ "{\"name\":\"n\",\"tcp\":\"127.0.0.1:8002\"}", "n: 127.0.0.1:8002: connection refused" },
	{ "{\"name\":\"n\",\"tcp\":\"127.0.0.1:8001\",\"from\":\"operator\"}",
	  "connection refused" },
	{ "{\"name\":\"n\"," AT "/\",\"from\":\"operator\"}", "connection refused" },
	{ "{\"name\":\"n\",\"container\":\"nobody\"}",
	  "n: there is no container nobody; there is: " },
	{ "{\"name\":\"n\",\"container\":\"backend\",\"networks\":[\"edge\",\"nowhere\"]}",
	  "backend is not in the network nowhere" },
	{ "{\"name\":\"n\",\"exec\":{\"service\":\"backend\",\"command\":[\"false\"]}}",
	  "n: false ended with status 1" },
	{ "{\"name\":\"n\",\"exec\":{\"service\":\"backend\",\"command\":[\"./check\"]}}",
	  "n: ./check ended with status 127" },
	{ "{\"name\":\"n\",\"exec\":{\"service\":\"backend\",\"command\":[\"sleep\",\"60\"],"
	  "\"timeout_s\":2}}",
	  "n: sleep took longer than 2 s" },
	{ "{\"name\":\"n\",\"exec\":{\"service\":\"backend\",\"command\":[\"echo\",\"no\"],"
	  "\"output\":\"yes\"}}",
	  "n: echo does not write \"yes\"" },
	{ "{\"name\":\"n\",\"exec\":{\"container\":\"nobody\",\"command\":[\"true\"]}}", "nobody" },
};

static void what_is_wrong_is_told(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char checks[600];
		struct bench b;
		json_t *all;

		snprintf(checks, sizeof(checks), "[%s]", wrong[i].check);
		promote(&b, checks);
		if (b.result.final != RFA_FINAL_ROLLED_BACK || !strstr(b.err.msg, wrong[i].why))
			fail_msg("%zu: %s: \"%s\" is not in: %s", i, rfa_final_word(b.result.final),
				 wrong[i].why, b.err.msg);
		/* The first look already told it, so the gate did; what acts is not asked then. */
		assert_int_equal(strstr(rfa_buf_str(&b.x.lines), "gate gates warning") != NULL,
				 !strstr(checks, "\"exec\"") && !strstr(checks, "\"send\"") &&
				     !strstr(checks, "\"method\""));
		all = fact_of(&b, "target.health", RFA_RECORD_FAILED, "checks");
		assert_int_equal(json_array_size(all), 1);
		assert_false(rfa_facts_bool(json_array_get(all, 0), "ok", 0));
		/* Nobody waits for a container that nobody makes. */
		if (strstr(wrong[i].why, "there is no container nobody;"))
			assert_int_equal(rfa_facts_int(json_array_get(all, 0), "tries", 0), 1);
		else
			assert_true(rfa_facts_int(json_array_get(all, 0), "tries", 0) > 2);
		assert_true(*rfa_facts_str(json_array_get(all, 0), "why", "") != 0);
		json_decref(all);
		/* What was wrong before need not be right afterwards. */
		all = fact_of(&b, "target.health-before", RFA_RECORD_DONE, "checks_back");
		assert_int_equal(json_array_size(all), 0);
		json_decref(all);
		close_bench(&b);
	}
}

/* One that fails does not hide the others, and says what it answered. */
static void all_that_is_wrong_is_told(void **state)
{
	struct bench b;
	json_t *all;

	(void)state;
	promote(&b,
		"[{\"name\":\"a\"," AT "/app.mjs\",\"body\":\"import\"},{\"name\":\"b\",\"tcp\":"
		"\"127.0.0.1:1\"},{\"name\":\"c\",\"tcp\":\"127.0.0.1:8001\"}]");
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	all = fact_of(&b, "target.health", RFA_RECORD_FAILED, "checks");
	assert_int_equal(json_array_size(all), 3);
	assert_string_equal(rfa_facts_str(json_array_get(all, 0), "answer", ""), "export {}");
	assert_false(rfa_facts_bool(json_array_get(all, 1), "ok", 0));
	assert_true(rfa_facts_bool(json_array_get(all, 2), "ok", 0));
	assert_non_null(strstr(rfa_buf_str(&b.x.all), "check b: 127.0.0.1:1: connection refused"));
	json_decref(all);
	/* What was right before is right again. */
	all = fact_of(&b, "target.health-before", RFA_RECORD_DONE, "checks_back");
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(rfa_facts_str(json_array_get(all, 0), "name", ""), "c");
	json_decref(all);
	close_bench(&b);
}

/* An answer is kept as far as 200 bytes, with nothing that a terminal obeys. */
static void an_answer_is_cut(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ CHECKS,
		  "[{\"name\":\"n\",\"exec\":{\"service\":\"backend\",\"command\":[\"x\"]}}]" },
		{ "hosts|test|images|0|config|Labels|sim.exec",
		  "\"1 \\u001b[31mred\\n"
		  "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
		  "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
		  "0123456789012345678901234567890123456789012345678901234567890123456789012345678"
		  "\"" },
		{ "hosts|prod|images|0|config|Labels|sim.exec", "\"0 \"" },
	};
	struct bench b;
	const char *answer;
	json_t *all;

	(void)state;
	open_bench(&b, SCENARIO_RUN, edits);
	assert_true(rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err) < 0);
	all = fact_of(&b, "target.health", RFA_RECORD_FAILED, "checks");
	answer = rfa_facts_str(json_array_get(all, 0), "answer", "");
	assert_int_equal(strncmp(answer, "\\x1b[31mred\\n0123", 15), 0);
	assert_true(strlen(answer) <= 220);
	assert_string_equal(answer + strlen(answer) - 3, "...");
	json_decref(all);
	close_bench(&b);
}

/* Each is asked when it is due, and not at other times. */
static void each_is_asked_in_its_time(void **state)
{
	static const struct {
		enum scenario scenario;
		const char *at;
		enum rfa_final final;
	} rows[] = {
		{ SCENARIO_RUN, "[\"smoke\",\"data\",\"drill\"]", RFA_FINAL_SUCCEEDED },
		{ SCENARIO_RUN, "[\"deploy\"]", RFA_FINAL_ROLLED_BACK },
		{ SCENARIO_DATA, "[\"deploy\",\"smoke\",\"drill\"]", RFA_FINAL_SUCCEEDED },
		{ SCENARIO_DATA, "[\"data\"]", RFA_FINAL_ROLLED_BACK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char checks[200];
		const struct world_edit edits[WORLD_EDITS] = { { CHECKS, checks } };
		struct bench b;

		snprintf(checks, sizeof(checks),
			 "[{\"name\":\"n\",\"tcp\":\"127.0.0.1:1\",\"at\":%s}]", rows[i].at);
		open_bench(&b, rows[i].scenario, edits);
		b.w.options.clock->sleep_ms(b.w.options.clock, 60000);
		(void)!rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err);
		if (b.result.final != rows[i].final)
			fail_msg("%zu: %s: %s", i, rfa_final_word(b.result.final), b.err.msg);
		close_bench(&b);
	}
}

/* Who cannot be asked by the host can be by the operator; and a container needs no connection. */
static void without_forwarding(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ "hosts|prod|forwarding", "false" },
		{ CHECKS,
		  "[{\"name\":\"a\",\"url\":\"http://10.88.0.12:8001/\",\"from\":"
		  "\"operator\"},{\"name\":\"b\",\"container\":\"backend\"},{\"name\":\"c\","
		  "\"exec\":{\"service\":\"frontend\",\"command\":[\"true\"]}}]" },
	};
	struct bench b;

	(void)state;
	open_bench(&b, SCENARIO_RUN, edits);
	if (rfa_run_begin(&b.w.options, b.w.plan, &b.result, &b.err))
		fail_msg("%s", b.err.msg);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_can_pass),
		cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(all_that_is_wrong_is_told),
		cmocka_unit_test(an_answer_is_cut),
		cmocka_unit_test(each_is_asked_in_its_time),
		cmocka_unit_test(without_forwarding),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
