/*
 * Secrets in the URLs of health checks, by reference: the value is in the request and nowhere else,
 * whatever the service answers and however the run ends.
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
#include "tests/harness/ledger_kit.h"
#include "tests/harness/watcher.h"

#define STACK "target|stack|"
#define IMAGE(host, key, value)                                               \
	{                                                                     \
		"hosts|" host "|images|0|config|Labels|" key, "\"" value "\"" \
	}

/* As it is, and as a URL has it. */
static const char secret[] = "hunter 2/correct&horse";
#define ENCODED "hunter%202%2Fcorrect%26horse"
#define URL "http://127.0.0.1:8001/health?token=${TOKEN}"
#define ASKED                                                                  \
	{                                                                      \
		STACK "checks", "[{\"name\":\"" URL "\",\"url\":\"" URL "\"}]" \
	}
#define WANTS "/health?token=" ENCODED

struct bench {
	struct world w;
	struct watcher x;
	struct kit kit;
	struct rfa_run_result result;
	struct rfa_error err;
	const char *value; /* of TOKEN; NULL: nobody has one */
	int rc;
};

static int find(void *user, const char *name, const char **value, struct rfa_error *err)
{
	const struct bench *b = user;

	(void)err;
	*value = strcmp(name, "TOKEN") ? NULL : b->value;
	return 0;
}

static void bench_open(struct bench *b, const struct world_edit *edits, const char *value)
{
	memset(b, 0, sizeof(*b));
	world_make_edited(&b->w, SCENARIO_RUN, 7, world_edit_all, (void *)(uintptr_t)edits);
	world_use_git(&b->w, &b->kit);
	watcher_begin(&b->x, &b->w);
	b->value = value;
	b->w.options.secret = find;
	b->w.options.secret_user = b;
}

static void promote(struct bench *b)
{
	b->rc = rfa_run_begin(&b->w.options, b->w.plan, &b->result, &b->err);
}

static void bench_close(struct bench *b)
{
	watcher_end(&b->x);
	world_free(&b->w);
	kit_close(&b->kit);
}

/* Neither as it is nor encoded: in the ledger, in events, in the error. */
static void assert_nowhere(struct bench *b)
{
	static const char *const forms[] = { "correct&horse", "correct%26horse", "hunter" };
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char script[500];

		world_ledger_text(&b->w, b->result.run, &text);
		assert_true(text.len > 1000);
		assert_null(strstr(rfa_buf_str(&text), forms[i]));
		assert_null(strstr(rfa_buf_str(&b->x.all), forms[i]));
		assert_null(strstr(b->err.msg, forms[i]));
		assert_null(strstr(b->err.hint, forms[i]));
		snprintf(script, sizeof(script),
			 "cd $L; { git cat-file --batch-all-objects --batch; git for-each-ref; cat "
			 "$(find . -type f ! -path './objects/*'); } | grep -a -c -- '%s'",
			 forms[i]);
		kit_sh(&b->kit, &text, script);
		assert_string_equal(rfa_buf_str(&text), "0\n");
		rfa_buf_clear(&text);
	}
	rfa_buf_release(&text);
}

static void assert_told(const struct bench *b, const char *what)
{
	if (!strstr(rfa_buf_str(&b->x.all), what) && !strstr(b->err.msg, what))
		fail_msg("nowhere: %s; the error is: %s", what, b->err.msg);
}

static void the_value_is_in_the_request(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { ASKED,
							      IMAGE("test", "sim.wants", WANTS),
							      IMAGE("prod", "sim.wants", WANTS) };
	struct bench b;

	(void)state;
	bench_open(&b, edits, secret);
	promote(&b);
	if (b.rc)
		fail_msg("%s", b.err.msg);
	assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
	assert_told(&b, "1 check(s) passed");
	/* Also the old version answered well, so nothing is warned of. */
	assert_null(strstr(rfa_buf_str(&b.x.all), "is not as it should be now"));
	assert_nowhere(&b);
	bench_close(&b);
}

#define LOGIN(how, type)                                                                        \
	{                                                                                       \
		STACK "checks", "[{\"name\":\"login\",\"url\":\"http://127.0.0.1:8001/login\"," \
				"\"status\":\"" how "\",\"send_type\":\"" type "\","            \
				"\"send\":\"{\\\"password\\\":\\\"${TOKEN}\\\"}\"}]"            \
	}
#define PAGE(wanted)                                                                    \
	"{\\\"/login\\\":{\\\"method\\\":\\\"POST\\\",\\\"status\\\":204,\\\"send\\\":" \
	"\\\"" wanted "\\\"}}"

/* As the text that it is put into wants it. */
static void the_value_is_in_what_is_sent(void **state)
{
	static const struct world_edit json[WORLD_EDITS] = {
		LOGIN("2xx", "application/json"),
		IMAGE("test", "sim.pages", PAGE("hunter 2/correct&horse")),
		IMAGE("prod", "sim.pages", PAGE("hunter 2/correct&horse")),
	};
	static const struct world_edit form[WORLD_EDITS] = {
		LOGIN("204", "application/x-www-form-urlencoded"),
		IMAGE("test", "sim.pages", PAGE(ENCODED)),
		IMAGE("prod", "sim.pages", PAGE(ENCODED)),
	};
	static const struct world_edit *const each[] = { json, form };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct bench b;

		bench_open(&b, each[i], secret);
		promote(&b);
		if (b.rc)
			fail_msg("%s", b.err.msg);
		assert_told(&b, "1 check(s) passed");
		assert_null(strstr(rfa_buf_str(&b.x.all), "is not as it should be now"));
		assert_nowhere(&b);
		bench_close(&b);
	}
}

static void without_a_value_nothing_is_sent(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { LOGIN("204", "application/json") };
	struct bench b;

	(void)state;
	bench_open(&b, edits, NULL);
	promote(&b);
	assert_int_equal(b.rc, -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "URLs",
				       "the check login has ${TOKEN}, and there is no value"));
	bench_close(&b);
}

/* The answer says it back, and the log has what was asked for. */
static void what_the_service_says_of_it_is_hidden(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		ASKED,
		IMAGE("test", "sim.wants", "/"),
		IMAGE("test", "sim.log", "GET " WANTS " and hunter 2/correct&horse"),
	};
	struct bench b;

	(void)state;
	bench_open(&b, edits, secret);
	promote(&b);
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	assert_told(&b, URL " answers 401 instead of 200");
	assert_told(&b, "\\\"path\\\":\\\"/health?token=[secret]\\\"");
	assert_told(&b, "GET /health?token=[secret] and [secret]");
	assert_nowhere(&b);
	bench_close(&b);
}

/* What went wrong is told with the name. */
static void an_error_has_the_name(void **state)
{
	static const struct world_edit hangs[WORLD_EDITS] = { ASKED,
							      IMAGE("test", "sim.health", "hang") };
	static const struct world_edit closed[WORLD_EDITS] = {
		{ STACK "checks", "[{\"name\":\"closed\",\"url\":\"http://127.0.0.1:7777/"
				  "${TOKEN}?a=${TOKEN}\",\"body\":\"x\"}]" },
	};
	struct bench b;

	(void)state;
	bench_open(&b, hangs, secret);
	promote(&b);
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	assert_told(&b, URL ": no answer within");
	assert_nowhere(&b);
	bench_close(&b);
	bench_open(&b, closed, secret);
	promote(&b);
	assert_int_equal(b.result.final, RFA_FINAL_ROLLED_BACK);
	assert_told(&b, "http://127.0.0.1:7777/${TOKEN}?a=${TOKEN}");
	assert_nowhere(&b);
	bench_close(&b);
}

static void without_a_value_nothing_is_touched(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "checks",
		  "[{\"name\":\"" URL "&also=${OTHER}\",\"url\":\"" URL "&also=${OTHER}\"}]" },
	};
	json_t *before, *after;
	struct bench b;

	(void)state;
	bench_open(&b, edits, NULL);
	before = world_serves(&b.w);
	promote(&b);
	assert_int_equal(b.rc, -RFA_EREFUSED);
	assert_true(
	    watcher_is_refused(b.x.refused, "URLs", "has ${TOKEN}, and there is no value for it"));
	assert_true(
	    watcher_is_refused(b.x.refused, "URLs", "has ${OTHER}, and there is no value for it"));
	assert_null(strstr(rfa_buf_str(&b.x.all), "is not as it should be now"));
	after = world_serves(&b.w);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	bench_close(&b);
}

static void a_host_is_no_place_for_a_secret(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = {
		{ STACK "checks",
		  "[{\"name\":\"http://${TOKEN}:8001/\",\"url\":\"http://${TOKEN}:8001/\"}]" },
	};
	struct bench b;

	(void)state;
	bench_open(&b, edits, secret);
	promote(&b);
	assert_int_equal(b.rc, -RFA_EREFUSED);
	assert_true(watcher_is_refused(b.x.refused, "URLs", "has ${TOKEN} in its host"));
	assert_nowhere(&b);
	bench_close(&b);
}

/* Another process goes on, first one that does not know the value. */
static void a_resume_asks_for_it_again(void **state)
{
	static const struct world_edit edits[WORLD_EDITS] = { ASKED,
							      IMAGE("test", "sim.wants", WANTS),
							      IMAGE("prod", "sim.wants", WANTS) };
	char run[RFA_RUN_ID_MAX];
	struct bench b;

	(void)state;
	bench_open(&b, edits, secret);
	watcher_begin_until(&b.x, b.w.plan, "target.health", 0, &b.result);
	snprintf(run, sizeof(run), "%s", b.result.run);
	b.value = NULL;
	b.rc = rfa_run_resume(&b.w.options, run, RFA_RESUME_CONTINUE, &b.result, &b.err);
	assert_int_equal(b.rc, -RFA_EINTERRUPTED);
	assert_int_equal(b.result.final, RFA_FINAL_NONE);
	assert_told(&b, URL " has no value for ${TOKEN}");
	b.value = secret;
	b.rc = rfa_run_resume(&b.w.options, run, RFA_RESUME_CONTINUE, &b.result, &b.err);
	assert_int_equal(b.rc, 0);
	assert_int_equal(b.result.final, RFA_FINAL_SUCCEEDED);
	assert_nowhere(&b);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_value_is_in_the_request),
		cmocka_unit_test(the_value_is_in_what_is_sent),
		cmocka_unit_test(without_a_value_nothing_is_sent),
		cmocka_unit_test(what_the_service_says_of_it_is_hidden),
		cmocka_unit_test(an_error_has_the_name),
		cmocka_unit_test(without_a_value_nothing_is_touched),
		cmocka_unit_test(a_host_is_no_place_for_a_secret),
		cmocka_unit_test(a_resume_asks_for_it_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
