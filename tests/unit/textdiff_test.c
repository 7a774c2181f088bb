/* How two texts differ; of variables never a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/textdiff.h"

static char *joined(json_t *lines)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	json_t *line;
	size_t i;
	char *out;

	json_array_foreach (lines, i, line)
		rfa_buf_printf(&text, "%s|", json_string_value(line));
	out = strdup(rfa_buf_str(&text));
	rfa_buf_release(&text);
	json_decref(lines);
	return out;
}

static char *differ(const char *a, size_t n, const char *b, size_t m, size_t max, int keys)
{
	struct rfa_buf before = RFA_BUF_INIT(1 << 22), after = RFA_BUF_INIT(1 << 22);
	json_t *lines = json_array();
	struct rfa_error err;

	rfa_buf_add(&before, a, n);
	rfa_buf_add(&after, b, m);
	if (keys ? rfa_text_keys_diff(lines, &before, &after, &err)
		 : rfa_text_diff(lines, &before, &after, max, &err))
		fail_msg("%s", err.msg);
	rfa_buf_release(&before);
	rfa_buf_release(&after);
	return joined(lines);
}

static void assert_diff(const char *a, const char *b, size_t max, const char *want)
{
	char *is = differ(a, strlen(a), b, strlen(b), max, 0);

	assert_string_equal(is, want);
	free(is);
}

static void assert_keys(const char *a, const char *b, const char *want)
{
	char *is = differ(a, strlen(a), b, strlen(b), 0, 1);

	assert_string_equal(is, want);
	free(is);
}

static void lines_are_told(void **state)
{
	(void)state;
	assert_diff("a\nb\n", "a\nb\n", 10, "");
	assert_diff("", "a\n", 10, "@@ -0,0 +1,1 @@|+a|");
	assert_diff("a\n", "", 10, "@@ -1,1 +0,0 @@|-a|");
	assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", 99,
		    "@@ -2,7 +2,7 @@| 2| 3| 4|-5|+five| 6| 7| 8|");
	assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", 99,
		    "@@ -1,3 +1,4 @@|+0| 1| 2| 3|@@ -7,3 +8,4 @@| 7| 8| 9|+10|");
	assert_diff("a\nb\nc\nd\n", "", 2, "@@ -1,4 +0,0 @@|-a|-b|... 2 more lines|");
}

static void what_is_no_text_is_not_shown(void **state)
{
	char *is;

	(void)state;
	is = differ("a\0b", 3, "a", 1, 9, 0);
	assert_string_equal(is, "no text: it is not shown|");
	free(is);
	assert_diff("\xff\xfe", "x", 9, "no text: it is not shown|");
	assert_diff("x", "-----BEGIN PRIVATE KEY-----\nMII\n", 9,
		    "a private key: it is not shown|");
}

static void large_texts_are_told_as_a_whole(void **state)
{
	struct rfa_buf a = RFA_BUF_INIT(1 << 20), b = RFA_BUF_INIT(1 << 20);
	char *is;
	int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		rfa_buf_printf(&a, "a%d\n", i);
		rfa_buf_printf(&b, "b%d\n", i);
	}
	is = differ(a.data, a.len, b.data, b.len, 1, 0);
	assert_string_equal(is, "@@ -1,3000 +1,3000 @@|-a0|... 5999 more lines|");
	free(is);
	rfa_buf_release(&a);
	rfa_buf_release(&b);
}

static void of_variables_only_keys_are_told(void **state)
{
	(void)state;
	assert_keys("A=1\nB=2\n", "A=1\nB=2\n", "");
	assert_keys("A=1\nB=2\n", "A=secret\nC=3", "~A|-B|+C|");
	assert_keys("export A=1\n", "A=1\n", "");
	assert_keys("# pw: x\nA=1\n", "# pw: y\nA=1\n", "other lines differ|");
	/* A value over several lines has no keys in it. */
	assert_keys("K=\"one\nSECRET=x\nend\"\nB=1\n", "K='one\nANOTHER=y\nend'\nB=1\n", "~K|");
	assert_keys("K=\"a\\\"b\nSECRET=x\"\n", "", "-K|");
	/* Nor has a key that stands there as it is. */
	assert_keys("", "QUJDREVGR0g==\nsecret\nnot a key=x\n", "other lines differ|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_told),
		cmocka_unit_test(what_is_no_text_is_not_shown),
		cmocka_unit_test(large_texts_are_told_as_a_whole),
		cmocka_unit_test(of_variables_only_keys_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
