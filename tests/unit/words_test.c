/* Every list of words: no word means two things, none is missing, and exit statuses are as told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/error.h"
#include "fsm/base/trace.h"

/* A word is lower case with dashes: it goes into files, trailers and scripts. */
static void proper(const char *word)
{
	if (!*word || word[strspn(word, "abcdefghijklmnopqrstuvwxyz-")] || *word == '-')
		fail_msg("'%s' is no proper word", word);
}

static void error_words_are_unique_and_proper(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < RFA_CODE_COUNT; i++) {
		proper(rfa_code_word((enum rfa_code)i));
		assert_true(strlen(rfa_code_text((enum rfa_code)i)) > 0);
		for (j = 0; j < i; j++) {
			assert_string_not_equal(rfa_code_word((enum rfa_code)i),
						rfa_code_word((enum rfa_code)j));
			assert_string_not_equal(rfa_code_text((enum rfa_code)i),
						rfa_code_text((enum rfa_code)j));
		}
		assert_string_not_equal(rfa_code_word((enum rfa_code)i), "unknown");
	}
	assert_string_equal(rfa_code_word(RFA_CODE_COUNT), "unknown");
	assert_string_equal(rfa_code_text((enum rfa_code) - 1), "");
	assert_int_equal(rfa_code_status(RFA_CODE_COUNT), 1);
}

/*
 * The statuses that scripts rely on: 0 is success alone, 1 is any failure without a number of its
 * own, 2 the command line, 75 (EX_TEMPFAIL) a run that can be resumed; and each other number tells
 * one code, but for 4, which is every "no" before anything was touched, 12, which is every way of
 * not being let in, and 15, which is every way of being let in for nothing.
 */
static void exit_statuses_are_the_documented_ones(void **state)
{
	static const struct {
		int status;
		enum rfa_code code;
	} alone[] = {
		{ 64, RFA_EUSAGE },   { 3, RFA_ECONFIG },      { 5, RFA_EROLLED_BACK },
		{ 6, RFA_EABORTED },  { 7, RFA_ESTUCK },       { 8, RFA_ELOCKED },
		{ 9, RFA_ENOTFOUND }, { 10, RFA_ECORRUPT },    { 11, RFA_EUNREACHABLE },
		{ 13, RFA_EHOSTKEY }, { 14, RFA_EFORWARDING },
	};
	static const enum rfa_code kept_out[] = { RFA_EAUTH, RFA_ESECONDFACTOR, RFA_ECERTIFICATE,
						  RFA_EMANYKEYS };
	static const enum rfa_code no_use[] = { RFA_ENOSHELL, RFA_ESESSIONS };
	static const enum rfa_code refused[] = { RFA_EREFUSED, RFA_ENOSPACE, RFA_EUNSUPPORTED };
	static const enum rfa_code resumable[] = { RFA_ELOST, RFA_ESTALLED, RFA_EINTERRUPTED,
						   RFA_ECANCELLED, RFA_ECRASHED };
	int left = 0;
	size_t i;
	int c;

	(void)state;
	assert_int_equal(rfa_code_status(RFA_OK), 0);
	for (i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		for (c = 0; c < RFA_CODE_COUNT; c++)
			assert_int_equal(rfa_code_status((enum rfa_code)c) == alone[i].status,
					 c == (int)alone[i].code);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(rfa_code_status(refused[i]), 4);
	for (i = 0; i < sizeof(kept_out) / sizeof(kept_out[0]); i++)
		assert_int_equal(rfa_code_status(kept_out[i]), 12);
	for (i = 0; i < sizeof(no_use) / sizeof(no_use[0]); i++)
		assert_int_equal(rfa_code_status(no_use[i]), 15);
	for (i = 0; i < sizeof(resumable) / sizeof(resumable[0]); i++)
		assert_int_equal(rfa_code_status(resumable[i]), 75);
	for (c = 1; c < RFA_CODE_COUNT; c++)
		left += rfa_code_status((enum rfa_code)c) != 1;
	assert_int_equal(left, 11 + 4 + 2 + 3 + 5); /* the rest is 1 */
}

/* What may have happened must be probed; exit status 75 promises that a resume does that. */
static void severity_and_status_agree(void **state)
{
	int c;

	(void)state;
	for (c = 1; c < RFA_CODE_COUNT; c++) {
		struct rfa_error err;

		rfa_fail(&err, (enum rfa_code)c, "test", "x");
		assert_int_equal(err.severity == RFA_UNKNOWN,
				 rfa_code_status((enum rfa_code)c) == 75);
	}
	assert_string_equal(rfa_severity_word(RFA_RETRY), "retry");
	assert_string_equal(rfa_severity_word(RFA_FATAL), "fatal");
	assert_string_equal(rfa_severity_word(RFA_UNKNOWN), "unknown");
	assert_string_equal(rfa_severity_word((enum rfa_severity)9), "");
}

static void event_words_are_unique_and_proper(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i <= RFA_EVENT_RUN_INTERRUPTED; i++) {
		proper(rfa_event_word((enum rfa_event_kind)i));
		for (j = 0; j < i; j++)
			assert_string_not_equal(rfa_event_word((enum rfa_event_kind)i),
						rfa_event_word((enum rfa_event_kind)j));
	}
	assert_string_equal(rfa_event_word((enum rfa_event_kind)(RFA_EVENT_RUN_INTERRUPTED + 1)),
			    "");
}

static int heard;

static void hear(struct rfa_trace *trace, const struct rfa_event *event)
{
	(void)trace;
	heard += event->kind == RFA_EVENT_NOTE;
}

static void events_reach_the_listener_if_there_is_one(void **state)
{
	struct rfa_event event = { 0 };
	struct rfa_trace trace = { hear };

	(void)state;
	event.kind = RFA_EVENT_NOTE;
	rfa_trace_send(NULL, &event);
	assert_int_equal(heard, 0);
	rfa_trace_send(&trace, &event);
	assert_int_equal(heard, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_words_are_unique_and_proper),
		cmocka_unit_test(exit_statuses_are_the_documented_ones),
		cmocka_unit_test(severity_and_status_agree),
		cmocka_unit_test(event_words_are_unique_and_proper),
		cmocka_unit_test(events_reach_the_listener_if_there_is_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
