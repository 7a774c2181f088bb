/* A string of a JSON text is found where it stands, and exchanged without touching anything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "fsm/base/jsontext.h"

static const struct {
	const char *text, *path;
	const char *literal; /* as it stands there; NULL: there is none */
} cases[] = {
	{ "{\"base_url\":\"x\"}", "base_url", "\"x\"" },
	{ "{ \"base_url\" :\t\"x\" }\n", "base_url", "\"x\"" },
	{ "{\"a\":{\"base_url\":\"in\"},\"base_url\":\"out\"}", "base_url", "\"out\"" },
	{ "{\"a\":{\"base_url\":\"in\"},\"base_url\":\"out\"}", "a/base_url", "\"in\"" },
	{ "{\"b\":[{\"a\":\"base_url\"}],\"a\":{\"b\":\"right\"}}", "a/b", "\"right\"" },
	{ "{\"list\":[\"zero\",[],\"two\"]}", "list/2", "\"two\"" },
	{ "{\"list\":[{\"u\":1},{\"u\":\"one\"}]}", "list/1/u", "\"one\"" },
	{ "{\"list\":[\"zero\"]}", "list/1", NULL },
	{ "{\"list\":[\"zero\"]}", "list/-0", NULL },
	{ "{\"list\":[\"zero\"]}", "list/x", NULL },
	{ "{\"list\":[\"zero\"]}", "list/", NULL },
	{ "{\"u\":\"a\\\"}{\\\\\"}", "u", "\"a\\\"}{\\\\\"" },
	{ "{\"x\":\"\\\\\",\"u\":\"a\"}", "u", "\"a\"" },
	{ "{\"x\":\"{\\\"u\\\":\\\"no\\\"}\",\"u\":\"yes\"}", "u", "\"yes\"" },
	{ "{\"u\":\"http:\\/\\/h\\/\"}", "u", "\"http:\\/\\/h\\/\"" },
	{ "{\"\\u0075\":\"spelled out\"}", "u", "\"spelled out\"" },
	{ "{\"gr\xc3\xb6\xc3\x9f"
	  "e\":\"\xe2\x82\xac\"}",
	  "gr\xc3\xb6\xc3\x9f"
	  "e",
	  "\"\xe2\x82\xac\"" },
	{ "{\"t\":true,\"n\":null,\"f\":-1.5e+3,\"u\":\"a\"}", "u", "\"a\"" },
	{ "[\"top\"]", "0", "\"top\"" },
	{ "\"alone\"", "", "\"alone\"" },
	{ "{\"0\":\"a key\"}", "0", "\"a key\"" },
	{ "{\"u\":1}", "u", NULL },
	{ "{\"u\":null}", "u", NULL },
	{ "{\"u\":{\"v\":\"x\"}}", "u", NULL },
	{ "{\"u\":\"x\"}", "u/v", NULL },
	{ "{}", "u", NULL },
	{ "{\"U\":\"x\"}", "u", NULL },
};

static void test_found(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *literal = cases[i].literal;
		struct rfa_error err;
		size_t from, to;
		int rc = rfa_json_string_at(cases[i].text, strlen(cases[i].text), cases[i].path,
					    &from, &to, &err);

		if (rc != (literal ? 0 : -RFA_ENOTFOUND))
			fail_msg("%s at %s: %d", cases[i].text, cases[i].path, rc);
		if (literal && (to - from != strlen(literal) ||
				strncmp(cases[i].text + from, literal, to - from) != 0))
			fail_msg("%s at %s: %.*s", cases[i].text, cases[i].path, (int)(to - from),
				 cases[i].text + from);
	}
}

/* Every other byte stays, and what is read afterwards is what was written. */
static void test_exchanged(void **state)
{
	static const char *const literals[] = {
		"\"\"",
		"\"http://10.88.0.12:8443/\"",
		"\"a \\\"quoted\\\" \\\\ \\u20ac\"",
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (j = 0; j < sizeof(literals) / sizeof(literals[0]) && cases[i].literal; j++) {
			struct rfa_buf out = RFA_BUF_INIT(4096);
			const char *text = cases[i].text;
			json_t *want = json_loads(literals[j], JSON_DECODE_ANY, NULL);
			json_t *now = NULL;
			struct rfa_error err;
			size_t from, to;

			assert_int_equal(rfa_json_string_put(text, strlen(text), cases[i].path,
							     literals[j], &out, &err),
					 0);
			assert_int_equal(
			    rfa_json_string_at(text, strlen(text), cases[i].path, &from, &to, &err),
			    0);
			assert_int_equal(out.len, strlen(text) - (to - from) + strlen(literals[j]));
			assert_int_equal(strncmp(rfa_buf_str(&out), text, from), 0);
			assert_string_equal(rfa_buf_str(&out) + from + strlen(literals[j]),
					    text + to);
			assert_int_equal(
			    rfa_facts_parse(&now, rfa_buf_str(&out), out.len, "it", &err), 0);
			assert_true(json_equal(rfa_facts_at(now, cases[i].path), want));
			json_decref(want);
			json_decref(now);
			rfa_buf_release(&out);
		}
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{\"u\":\"x\"",
		"{\"u\":\"x\",}",
		"{\"u\":\"x\"} x",
		"{u:\"x\"}",
		"{'u':'x'}",
		"{\"u\":\"x\"}//",
		"{\"u\":\"x\",\"u\":\"y\"}",
		"\xef\xbb\xbf{\"u\":\"x\"}",
		"{\"u\":\"\xff\"}",
		"{\"u\":\"a\nb\"}",
	};
	static const char *const literals[] = { "", "x", "1", "\"x", " \"x\"", "\"x\" \"y\"" };
	struct rfa_buf out = RFA_BUF_INIT(4096);
	struct rfa_error err;
	size_t from, to;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int rc = rfa_json_string_at(texts[i], strlen(texts[i]), "u", &from, &to, &err);

		if (rc != -RFA_EPROTOCOL)
			fail_msg("taken: %s (%d)", texts[i], rc);
	}
	for (i = 0; i < sizeof(literals) / sizeof(literals[0]); i++)
		assert_int_equal(
		    rfa_json_string_put("{\"u\":\"x\"}", 9, "u", literals[i], &out, &err),
		    -RFA_EINTERNAL);
	assert_int_equal(out.len, 0);
	rfa_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
