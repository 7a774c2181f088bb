/* References to secrets in a URL: what is one, what is filled in, what is hidden again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"

static int find(void *user, const char *name, const char **value, struct rfa_error *err)
{
	static const char *const known[][2] = {
		{ "PLAIN", "abcd-1.2_3~4" },
		{ "ODD", "a b/c?&=#%+\xc3\xa9" },
		{ "QUOTES", "say \"h\xc3\xa9\"/\\\n" },
		{ "BINARY", "\xff\xfe\xff\xfe" },
		{ "SHORT", "abc" },
		{ "EMPTY", "" },
	};
	size_t i;

	(void)user;
	if (!strcmp(name, "BROKEN"))
		return rfa_fail(err, RFA_EIO, "test", "nobody knows");
	*value = NULL;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i][0]))
			*value = known[i][1];
	return 0;
}

static const struct rfa_secret_source source = { find, NULL };

static void what_is_filled_in(void **state)
{
	static const struct {
		const char *url, *filled, *error;
	} cases[] = {
		{ "http://a/", "http://a/", NULL },
		{ "http://a/x?t=${PLAIN}", "http://a/x?t=abcd-1.2_3~4", NULL },
		{ "http://a/${PLAIN}/${ODD}#x",
		  "http://a/abcd-1.2_3~4/a%20b%2Fc%3F%26%3D%23%25%2B%C3%A9#x", NULL },
		{ "http://me:${ODD}@a:8/", "http://me:a%20b%2Fc%3F%26%3D%23%25%2B%C3%A9@a:8/",
		  NULL },
		{ "http://a?${EMPTY}", "http://a?", NULL },
		/* These are none. */
		{ "http://a/$PLAIN${}${1A}${A-B}${PLAIN", "http://a/$PLAIN${}${1A}${A-B}${PLAIN",
		  NULL },
		{ "http://a/${${PLAIN}", "http://a/${abcd-1.2_3~4", NULL },
		{ "http://a/${NONE}", NULL, "http://a/${NONE} has no value for ${NONE}" },
		{ "http://a/${BROKEN}", NULL, "nobody knows" },
		{ "http://${PLAIN}/", NULL, "has ${PLAIN} in its host" },
		{ "http://a:${PLAIN}", NULL, "has ${PLAIN} in its host" },
		{ "${PLAIN}://a/", NULL, "has ${PLAIN} in its host" },
		{ "http://x@${PLAIN}.b/@", NULL, "has ${PLAIN} in its host" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_buf out = RFA_BUF_INIT(4096);
		struct rfa_error err;
		int rc = rfa_reference_fill(&out, cases[i].url, &source, &err);

		if (!rc != !cases[i].error)
			fail_msg("%s: %s", cases[i].url, rc ? err.msg : rfa_buf_str(&out));
		if (!rc)
			assert_string_equal(rfa_buf_str(&out), cases[i].filled);
		else if (!strstr(err.msg, cases[i].error))
			fail_msg("%s: %s", cases[i].url, err.msg);
		rfa_wipe_buf(&out);
	}
}

static void without_anybody_who_knows(void **state)
{
	static const struct rfa_secret_source nobody = { NULL, NULL };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;

	(void)state;
	assert_int_equal(rfa_reference_fill(&out, "http://a/${PLAIN}", &nobody, &err),
			 -RFA_ENOTFOUND);
	assert_int_equal(err.severity, RFA_DENIED);
	assert_non_null(strstr(err.hint, "secret_files"));
	assert_int_equal(out.len, 0);
	assert_int_equal(rfa_reference_fill(&out, "http://a/", &nobody, &err), 0);
	rfa_wipe_buf(&out);
}

static void a_long_name_is_cut(void **state)
{
	char url[400], name[RFA_REFERENCE_MAX];
	const char *at = url;

	(void)state;
	memset(url, 'A', sizeof(url));
	memcpy(url, "x${", 3);
	memcpy(url + 300, "}", 2);
	assert_int_equal(rfa_reference_next(&at, name), 300);
	assert_ptr_equal(at, url + 1);
	assert_int_equal(strlen(name), RFA_REFERENCE_MAX - 1);
}

static void what_is_hidden(void **state)
{
	static const char said[] = "GET /x?t=abcd-1.2_3~4\0a b/c?&=#%+\xc3\xa9 or "
				   "a%20b%2Fc%3F%26%3D%23%25%2B%C3%A9, abc";
	static const char kept[] = "GET /x?t=[secret]\0[secret] or [secret], abc";
	struct rfa_buf text = RFA_BUF_INIT(4096);

	(void)state;
	assert_int_equal(rfa_buf_add(&text, said, sizeof(said) - 1), 0);
	rfa_reference_hide(&text, "http://a/${PLAIN}${ODD}${SHORT}${EMPTY}${NONE}${BROKEN}",
			   &source);
	assert_int_equal(text.len, sizeof(kept) - 1);
	assert_memory_equal(text.data, kept, sizeof(kept) - 1);
	rfa_reference_hide(&text, "http://a/", &source);
	assert_int_equal(text.len, sizeof(kept) - 1);
	rfa_buf_release(&text);
	rfa_reference_hide(&text, "http://a/${PLAIN}", &source);
	assert_int_equal(text.len, 0);
}

/* What is sent: a value is one part of it, whatever its bytes are. */
static void what_is_sent(void **state)
{
	static const struct {
		const char *text;
		enum rfa_reference_in in;
		const char *filled, *error;
	} cases[] = {
		{ "", RFA_IN_JSON, "", NULL },
		{ "a=${ODD}&b", RFA_IN_FORM, "a=a%20b%2Fc%3F%26%3D%23%25%2B%C3%A9&b", NULL },
		{ "{\"a\":\"${QUOTES}\"}", RFA_IN_JSON, "{\"a\":\"say \\\"h\xc3\xa9\\\"/\\\\\\n\"}",
		  NULL },
		{ "<${QUOTES}>", RFA_IN_PLAIN, "<say \"h\xc3\xa9\"/\\\n>", NULL },
		{ "${BINARY}", RFA_IN_PLAIN, "\xff\xfe\xff\xfe", NULL },
		{ "${BINARY}", RFA_IN_JSON, NULL, "the value of ${BINARY} is no text" },
		{ "${NONE}", RFA_IN_FORM, NULL, "it has no value for ${NONE}" },
		{ "${BROKEN}", RFA_IN_FORM, NULL, "nobody knows" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rfa_buf out = RFA_BUF_INIT(4096);
		struct rfa_error err;
		int rc =
		    rfa_reference_fill_in(&out, cases[i].text, "it", cases[i].in, &source, &err);

		assert_int_equal(rc == 0, cases[i].filled != NULL);
		if (rc == 0)
			assert_string_equal(rfa_buf_str(&out), cases[i].filled);
		else if (!strstr(err.msg, cases[i].error))
			fail_msg("\"%s\" is not in: %s", cases[i].error, err.msg);
		rfa_wipe_buf(&out);
	}
}

static void what_is_hidden_in_json(void **state)
{
	struct rfa_buf text = RFA_BUF_INIT(4096);

	(void)state;
	(void)rfa_buf_puts(&text,
			   "1 say \\\"h\xc3\xa9\\\"/\\\\\\n 2 say \\\"h\\u00E9\\\"\\/\\\\\\n 3");
	rfa_reference_hide(&text, "${QUOTES}${BINARY}", &source);
	assert_string_equal(rfa_buf_str(&text), "1 [secret] 2 [secret] 3");
	rfa_buf_release(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_filled_in),  cmocka_unit_test(without_anybody_who_knows),
		cmocka_unit_test(a_long_name_is_cut), cmocka_unit_test(what_is_hidden),
		cmocka_unit_test(what_is_sent),       cmocka_unit_test(what_is_hidden_in_json),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
