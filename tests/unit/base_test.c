/* What fsm/base promises: errors, buffers, facts, digests, clocks, quoting, fault points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "fsm/base/buf.h"
#include "fsm/base/clock.h"
#include "fsm/base/digest.h"
#include "fsm/base/error.h"
#include "fsm/base/facts.h"
#include "fsm/base/fault.h"
#include "fsm/base/quote.h"

/* Error. */

static void fail_fills_in_and_clears_the_rest(void **state)
{
	struct rfa_error err;

	(void)state;
	memset(&err, 'x', sizeof(err));
	assert_int_equal(rfa_fail(&err, RFA_ELOST, "ssh", "gone after %d", 3), -RFA_ELOST);
	assert_int_equal(err.code, RFA_ELOST);
	assert_int_equal(err.severity, RFA_UNKNOWN);
	assert_string_equal(err.domain, "ssh");
	assert_string_equal(err.msg, "gone after 3");
	assert_string_equal(err.where, "");
	assert_string_equal(err.hint, "");
	assert_int_equal(err.native, 0);
	rfa_error_clear(&err);
	assert_int_equal(err.code, RFA_OK);
	assert_string_equal(err.msg, "");
}

static void the_innermost_place_stays_and_the_last_advice_wins(void **state)
{
	struct rfa_error err;

	(void)state;
	rfa_fail(&err, RFA_EIO, "os", "no");
	assert_int_equal(rfa_error_where(&err, "file %s", "a"), -RFA_EIO);
	assert_int_equal(rfa_error_where(&err, "run %s", "b"), -RFA_EIO);
	assert_string_equal(err.where, "file a");
	assert_int_equal(rfa_error_hint(&err, "one"), -RFA_EIO);
	assert_int_equal(rfa_error_hint(&err, "two"), -RFA_EIO);
	assert_string_equal(err.hint, "two");
	assert_int_equal(rfa_error_as(&err, RFA_RETRY), -RFA_EIO);
	assert_int_equal(err.severity, RFA_RETRY);
	assert_string_equal(err.msg, "no");
}

static void an_error_may_be_made_from_itself(void **state)
{
	struct rfa_error err;

	(void)state;
	rfa_fail(&err, RFA_EIO, "os", "inner");
	rfa_error_hint(&err, "look");
	rfa_fail(&err, RFA_EREFUSED, err.domain, "outer: %s (%s)", err.msg, err.hint);
	assert_string_equal(err.msg, "outer: inner (look)");
	assert_string_equal(err.domain, "os");
	rfa_error_hint(&err, "say %s", "it");
	rfa_error_hint(&err, "%s, then %s", err.hint, err.msg);
	assert_string_equal(err.hint, "say it, then outer: inner (look)");
	rfa_error_where(&err, "at %s", err.msg);
	assert_string_equal(err.where, "at outer: inner (look)");
	rfa_fail_errno(&err, ENOENT, "%s", err.where);
	assert_memory_equal(err.msg, "at outer: inner (look): ", 24);
}

static void long_texts_are_cut_to_fit(void **state)
{
	struct rfa_error err;
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rfa_fail(&err, RFA_EIO, text, "%s", text);
	rfa_error_where(&err, "%s", text);
	rfa_error_hint(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_int_equal(strlen(err.where), sizeof(err.where) - 1);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
	assert_int_equal(strlen(err.domain), sizeof(err.domain) - 1);
}

static void a_cut_never_splits_a_character(void **state)
{
	static const char *const letters[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\xb3" };
	struct rfa_error err;
	size_t i, shift, at;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (shift = 0; shift < 4; shift++) {
			size_t len = strlen(letters[i]);
			char text[1200];

			memset(text, 'a', shift);
			for (at = shift; at + len < sizeof(text); at += len)
				memcpy(text + at, letters[i], len);
			text[at] = '\0';
			rfa_fail(&err, RFA_EIO, "os", "%s", text);
			assert_int_equal((strlen(err.msg) - shift) % len, 0);
			assert_true(strlen(err.msg) > sizeof(err.msg) - 1 - len);
			assert_memory_equal(err.msg, text, strlen(err.msg));
		}
	}
}

static void texts_are_one_line(void **state)
{
	struct rfa_error err;

	(void)state;
	rfa_fail(&err, RFA_EIO, "os", "a\nb\r\nc\td%s", "\n");
	rfa_error_where(&err, "%s", "x\ny");
	rfa_error_hint(&err, "%s", "x\ny");
	assert_string_equal(err.msg, "a b  c d ");
	assert_string_equal(err.where, "x y");
	assert_string_equal(err.hint, "x y");
}

static void errno_tells_a_full_disk_from_the_rest(void **state)
{
	struct rfa_error err;

	(void)state;
	assert_int_equal(rfa_fail_errno(&err, ENOSPC, "write %s", "f"), -RFA_ENOSPACE);
	assert_int_equal(err.native, ENOSPC);
	assert_int_equal(rfa_fail_errno(&err, EDQUOT, "write %s", "f"), -RFA_ENOSPACE);
	assert_int_equal(rfa_fail_errno(&err, EACCES, "write %s", "f"), -RFA_EIO);
	assert_memory_equal(err.msg, "write f: ", 9);
	assert_string_equal(err.msg + 9, strerror(EACCES));
	assert_string_equal(err.domain, "os");
}

static void no_error_to_fill_in_is_fine(void **state)
{
	(void)state;
	assert_int_equal(rfa_fail(NULL, RFA_EIO, "os", "x"), -RFA_EIO);
	assert_int_equal(rfa_fail_errno(NULL, ENOSPC, "x"), -RFA_ENOSPACE);
	assert_int_equal(rfa_fail_nomem(NULL), -RFA_ENOMEM);
	assert_true(rfa_error_where(NULL, "x") < 0);
	assert_true(rfa_error_hint(NULL, "x") < 0);
	assert_true(rfa_error_as(NULL, RFA_RETRY) < 0);
	rfa_error_clear(NULL);
}

/* Buf. */

static void a_buffer_holds_its_maximum_and_no_more(void **state)
{
	struct rfa_buf buf = RFA_BUF_INIT(5);
	struct rfa_error err;

	(void)state;
	assert_string_equal(rfa_buf_str(&buf), "");
	assert_int_equal(rfa_buf_check(&buf, &err), 0);
	assert_int_equal(rfa_buf_puts(&buf, "abc"), 0);
	assert_int_equal(rfa_buf_putc(&buf, 'd'), 0);
	assert_int_equal(rfa_buf_printf(&buf, "%d", 5), 0);
	assert_string_equal(rfa_buf_str(&buf), "abcd5");
	assert_int_equal(rfa_buf_putc(&buf, 'e'), -RFA_ETOOBIG);
	assert_int_equal(rfa_buf_add(&buf, "", 0), -RFA_ETOOBIG);
	assert_string_equal(rfa_buf_str(&buf), "abcd5");
	assert_int_equal(rfa_buf_check(&buf, &err), -RFA_ETOOBIG);
	assert_int_equal(err.code, RFA_ETOOBIG);
	rfa_buf_release(&buf);
}

static void the_first_failure_stays_until_cleared(void **state)
{
	struct rfa_buf buf = RFA_BUF_INIT(4);

	(void)state;
	assert_int_equal(rfa_buf_puts(&buf, "12345"), -RFA_ETOOBIG);
	assert_int_equal(rfa_buf_puts(&buf, "1"), -RFA_ETOOBIG);
	assert_int_equal(rfa_buf_printf(&buf, "1"), -RFA_ETOOBIG);
	assert_int_equal(rfa_buf_put_printable(&buf, "1", 1, 0), -RFA_ETOOBIG);
	assert_string_equal(rfa_buf_str(&buf), "");
	rfa_buf_clear(&buf);
	assert_int_equal(rfa_buf_puts(&buf, "1234"), 0);
	assert_string_equal(rfa_buf_str(&buf), "1234");
	assert_int_equal(rfa_buf_add(&buf, "x", SIZE_MAX), -RFA_ETOOBIG);
	rfa_buf_release(&buf);
	assert_int_equal(rfa_buf_puts(&buf, "ok"), 0);
	rfa_buf_release(&buf);
}

static void bytes_are_kept_and_consumed(void **state)
{
	struct rfa_buf buf = RFA_BUF_INIT(1 << 20);
	size_t i;

	(void)state;
	rfa_buf_consume(&buf, 0);
	for (i = 0; i < 100000; i++)
		assert_int_equal(rfa_buf_putc(&buf, (char)(i % 256)), 0);
	assert_int_equal(buf.len, 100000);
	assert_int_equal(buf.data[buf.len], '\0');
	rfa_buf_consume(&buf, 99999);
	assert_int_equal(buf.len, 1);
	assert_int_equal((unsigned char)buf.data[0], 99999 % 256);
	assert_int_equal(buf.data[1], '\0');
	rfa_buf_consume(&buf, 1);
	assert_string_equal(rfa_buf_str(&buf), "");
	rfa_buf_release(&buf);
}

static void printable(const char *in, size_t len, size_t limit, const char *want)
{
	struct rfa_buf buf = RFA_BUF_INIT(1000);

	assert_int_equal(rfa_buf_put_printable(&buf, in, len, limit), 0);
	assert_string_equal(rfa_buf_str(&buf), want);
	rfa_buf_release(&buf);
}

#define PRINTABLE(in, want) printable(in, sizeof(in) - 1, 0, want)

static void what_a_terminal_would_obey_is_escaped(void **state)
{
	(void)state;
	PRINTABLE("plain ~!", "plain ~!");
	PRINTABLE("", "");
	PRINTABLE("a\nb", "a\\nb");
	PRINTABLE("\t\r\x07\x00\x7f", "\\x09\\x0d\\x07\\x00\\x7f");
	PRINTABLE("\x1b[31m", "\\x1b[31m");
	/* C1: U+0080, U+009B (CSI), U+009F; U+00A0 is not one. */
	PRINTABLE("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0");
	/* the bare byte of CSI */
	PRINTABLE("\x9b", "\\x9b");
}

static void texts_that_pose_as_others_are_escaped(void **state)
{
	(void)state;
	/* U+202A to U+202E, U+2066 to U+2069: bidirectional overrides and isolates */
	PRINTABLE("\xe2\x80\xaa\xe2\x80\xae", "\\xe2\\x80\\xaa\\xe2\\x80\\xae");
	PRINTABLE("\xe2\x81\xa6\xe2\x81\xa9", "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
	/* U+2028, U+2029: line ends of another kind */
	PRINTABLE("\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
	/* their neighbours are letters like any other: U+2027, U+202F */
	PRINTABLE("\xe2\x80\xa7\xe2\x80\xaf", "\xe2\x80\xa7\xe2\x80\xaf");
	/* U+200B, U+200E, U+00AD, U+FEFF, U+E0041: nothing to be seen */
	PRINTABLE("a\xe2\x80\x8b\xe2\x80\x8e\xc2\xad", "a\\xe2\\x80\\x8b\\xe2\\x80\\x8e\\xc2\\xad");
	PRINTABLE("\xef\xbb\xbf\xf3\xa0\x81\x81", "\\xef\\xbb\\xbf\\xf3\\xa0\\x81\\x81");
}

static void what_is_not_utf8_is_escaped(void **state)
{
	(void)state;
	PRINTABLE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3");
	PRINTABLE("\xc3", "\\xc3");
	PRINTABLE("\xc3x", "\\xc3x");
	PRINTABLE("\xe2\x82", "\\xe2\\x82");
	PRINTABLE("\xe2\x82x", "\\xe2\\x82x");
	PRINTABLE("\xa9", "\\xa9");
	PRINTABLE("\xfe\xff", "\\xfe\\xff");
	PRINTABLE("\xc0\xaf", "\\xc0\\xaf");                   /* overlong '/' */
	PRINTABLE("\xe0\x80\xaf", "\\xe0\\x80\\xaf");          /* overlong '/' */
	PRINTABLE("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"); /* overlong '/' */
	PRINTABLE("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* a surrogate */
	PRINTABLE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* behind U+10FFFF */
	PRINTABLE("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}

static void no_more_input_is_taken_than_the_limit(void **state)
{
	(void)state;
	printable("abcdef", 6, 3, "abc...");
	printable("abc", 3, 3, "abc");
	printable("abc", 3, 9, "abc");
	printable("\x01\x02\x03", 3, 2, "\\x01\\x02...");
	/* A sequence that does not fit goes as a whole: half of it would not be UTF-8. */
	printable("a\xc3\xa9"
		  "b",
		  4, 2, "a...");
	printable("a\xc3\xa9"
		  "b",
		  4, 3, "a\xc3\xa9...");
	printable("\xc3\xa9", 2, 1, "...");
	printable("\xf0\x9f\x90\xb3", 4, 3, "...");
	printable("\xe2\x82\xac", 3, 3, "\xe2\x82\xac");
}

static void printable_text_is_utf8_whatever_went_in(void **state)
{
	struct rfa_clock_virtual v;
	size_t round;

	(void)state;
	rfa_clock_virtual_init(&v, 0, 11);
	for (round = 0; round < 5000; round++) {
		struct rfa_buf buf = RFA_BUF_INIT(1000);
		char in[24];
		size_t len = v.clock.random(&v.clock) % sizeof(in);
		size_t limit = v.clock.random(&v.clock) % sizeof(in);
		json_t *text;
		size_t i;

		for (i = 0; i < len; i++)
			in[i] =
			    (char)(v.clock.random(&v.clock) % 3 ? 0x80 | v.clock.random(&v.clock)
								: v.clock.random(&v.clock));
		assert_int_equal(rfa_buf_put_printable(&buf, in, len, limit), 0);
		text = json_stringn(rfa_buf_str(&buf), buf.len); /* refuses broken UTF-8 */
		if (!text)
			fail_msg("seed 11, round %zu: not UTF-8", round);
		for (i = 0; i < buf.len; i++)
			assert_true((unsigned char)buf.data[i] >= 0x20 && buf.data[i] != 0x7f);
		json_decref(text);
		rfa_buf_release(&buf);
	}
}

/* Facts. */

static json_t *parse(const char *text)
{
	struct rfa_error err;
	json_t *out = NULL;

	if (rfa_facts_parse(&out, text, strlen(text), "test", &err))
		fail_msg("%s", err.msg);
	return out;
}

static void equal_facts_are_equal_bytes(void **state)
{
	static const char canon[] = "{\"a\":[1,{\"c\":null,\"d\":true}],\"b\":\"\xc3\xa9\\n\"}";
	static const char *const forms[] = {
		"{\"b\":\"\xc3\xa9\\n\",\"a\":[1,{\"d\":true,\"c\":null}]}",
		" { \"a\" : [ 1 , { \"c\" : null , \"d\" : true } ] , \"b\" : \"\\u00e9\\n\" } ",
	};
	char first[65], digest[65];
	struct rfa_error err;
	size_t i;

	(void)state;
	rfa_digest_of(RFA_SHA256, canon, strlen(canon), first);
	for (i = 0; i < 2; i++) {
		struct rfa_buf buf = RFA_BUF_INIT(1000);
		json_t *v = parse(forms[i]);

		assert_int_equal(rfa_facts_encode(v, &buf, &err), 0);
		assert_string_equal(rfa_buf_str(&buf), canon);
		assert_int_equal(rfa_facts_digest(v, digest, &err), 0);
		assert_string_equal(digest, first);
		json_decref(v);
		rfa_buf_release(&buf);
	}
}

static void encoding_fails_in_words(void **state)
{
	struct rfa_buf buf = RFA_BUF_INIT(4);
	struct rfa_error err;
	json_t *v = parse("[1,2,3]");
	char digest[65];

	(void)state;
	assert_int_equal(rfa_facts_encode(v, &buf, &err), -RFA_ETOOBIG);
	assert_int_equal(err.code, RFA_ETOOBIG);
	rfa_buf_release(&buf);
	assert_int_equal(rfa_facts_encode(NULL, &buf, &err), -RFA_EINTERNAL);
	assert_int_equal(rfa_facts_digest(NULL, digest, &err), -RFA_EINTERNAL);
	rfa_buf_release(&buf);
	json_decref(v);
}

static void bad_json_is_refused_and_named(void **state)
{
	static const char *const bad[] = {
		"",        "{",        "{\"a\":1,\"a\":2}",        "[1] x",
		"{'a':1}", "\"\xc3\"", "{\"a\":{\"b\":1,\"b\":1}}"
	};
	json_t *const untouched = (json_t *)(uintptr_t)&bad;
	struct rfa_error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *out = untouched;

		assert_int_equal(rfa_facts_parse(&out, bad[i], strlen(bad[i]), "the file", &err),
				 -RFA_EPROTOCOL);
		assert_ptr_equal(out, untouched);
		assert_string_equal(err.where, "the file");
	}
}

static void huge_json_is_refused_unread(void **state)
{
	size_t len = RFA_FACTS_MAX_BYTES + 1;
	char *text = malloc(len);
	struct rfa_error err;
	json_t *out = NULL;

	(void)state;
	memset(text, ' ', len);
	text[0] = '1';
	assert_int_equal(rfa_facts_parse(&out, text, len, "it", &err), -RFA_ETOOBIG);
	assert_int_equal(rfa_facts_parse(&out, text, len - 1, "it", &err), 0);
	json_decref(out);
	/* Nesting ends too: a parser that follows it for ever runs out of stack. */
	out = NULL;
	memset(text, '[', 1 << 20);
	assert_int_equal(rfa_facts_parse(&out, text, 1 << 20, "it", &err), -RFA_EPROTOCOL);
	assert_null(out);
	free(text);
}

static void arrays_are_searched_for_a_text(void **state)
{
	json_t *v = parse("[\"a\",2,null,\"\",\"ab\"]"), *other = parse("{\"a\":\"a\"}");

	(void)state;
	assert_true(rfa_facts_has_text(v, "a"));
	assert_true(rfa_facts_has_text(v, "ab"));
	assert_true(rfa_facts_has_text(v, ""));
	assert_false(rfa_facts_has_text(v, "b"));
	assert_false(rfa_facts_has_text(v, "2"));
	assert_false(rfa_facts_has_text(v, NULL));
	assert_false(rfa_facts_has_text(other, "a"));
	assert_false(rfa_facts_has_text(NULL, "a"));
	json_decref(v);
	json_decref(other);
}

static void paths_walk_objects_and_arrays(void **state)
{
	json_t *v = parse("{\"images\":[{\"id\":\"x\",\"n\":7,\"on\":true,\"0\":\"key\"},2],"
			  "\"r\":1.5,\"null\":null}");

	(void)state;
	assert_string_equal(rfa_facts_str(v, "images/0/id", "-"), "x");
	assert_string_equal(rfa_facts_str(v, "images/0/0", "-"), "key");
	assert_int_equal(rfa_facts_int(v, "images/0/n", -1), 7);
	assert_int_equal(rfa_facts_int(v, "images/1", -1), 2);
	assert_int_equal(rfa_facts_bool(v, "images/0/on", 0), 1);
	assert_ptr_equal(rfa_facts_at(v, ""), v);
	assert_true(json_is_null(rfa_facts_at(v, "null")));
	assert_null(rfa_facts_at(v, "images/2"));
	assert_null(rfa_facts_at(v, "images/x"));
	assert_null(rfa_facts_at(v, "images/-1"));
	assert_null(rfa_facts_at(v, "images/+0"));
	assert_null(rfa_facts_at(v, "images/ 0"));
	assert_null(rfa_facts_at(v, "images/0x0"));
	assert_null(rfa_facts_at(v, "images//id"));
	assert_null(rfa_facts_at(v, "images/99999999999999999999999"));
	assert_null(rfa_facts_at(v, "images/0/id/deeper"));
	assert_null(rfa_facts_at(v, "image"));
	assert_null(rfa_facts_at(NULL, "a"));
	/* Another type answers the default. */
	assert_int_equal(rfa_facts_int(v, "r", -1), -1);
	assert_int_equal(rfa_facts_int(v, "images/0/id", -1), -1);
	assert_string_equal(rfa_facts_str(v, "images/1", "-"), "-");
	assert_int_equal(rfa_facts_bool(v, "images/1", 9), 9);
	assert_null(rfa_facts_str(v, "none", NULL));
	json_decref(v);
}

static void setting_steals_even_on_failure(void **state)
{
	json_t *v = parse("{}");
	json_t *list = parse("[]");
	struct rfa_error err;

	(void)state;
	assert_int_equal(rfa_facts_set(v, "k", json_integer(1), &err), 0);
	assert_int_equal(rfa_facts_int(v, "k", 0), 1);
	assert_int_equal(rfa_facts_set(v, "k", NULL, &err), -RFA_ENOMEM);
	assert_true(rfa_facts_set(list, "k", json_integer(1), &err) < 0); /* leaks if not stolen */
	json_decref(v);
	json_decref(list);
}

/* Digest. */

static void known_vectors(void **state)
{
	char hex[RFA_DIGEST_HEX];

	(void)state;
	/* FIPS 180-4, "" and "abc"; `b2sum -l 256` of the same */
	rfa_digest_of(RFA_SHA256, "", 0, hex);
	assert_string_equal(hex,
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	rfa_digest_of(RFA_SHA256, "abc", 3, hex);
	assert_string_equal(hex,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	rfa_digest_of(RFA_BLAKE2B, "", 0, hex);
	assert_string_equal(hex,
			    "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
	rfa_digest_of(RFA_BLAKE2B, "abc", 3, hex);
	assert_string_equal(hex,
			    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void pieces_make_the_same_digest(void **state)
{
	static const enum rfa_digest_kind kinds[] = { RFA_SHA256, RFA_BLAKE2B };
	unsigned char data[1000];
	char whole[RFA_DIGEST_HEX], pieces[RFA_DIGEST_HEX];
	size_t i, k, step;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (k = 0; k < 2; k++) {
		rfa_digest_of(kinds[k], data, sizeof(data), whole);
		for (step = 1; step < 300; step += 37) {
			/* At every alignment that a user's struct may have. */
			struct {
				char shift[16];
				struct rfa_digest d;
			} u;

			rfa_digest_init(&u.d, kinds[k]);
			for (i = 0; i < sizeof(data); i += step)
				rfa_digest_update(&u.d, data + i,
						  sizeof(data) - i < step ? sizeof(data) - i
									  : step);
			rfa_digest_final(&u.d, pieces);
			assert_string_equal(whole, pieces);
		}
	}
}

/* Clock. */

static void the_virtual_clock_moves_by_sleeping_alone(void **state)
{
	struct rfa_clock_virtual a, b, c;
	size_t i;

	(void)state;
	rfa_clock_virtual_init(&a, 1000, 7);
	rfa_clock_virtual_init(&b, 2000, 7);
	rfa_clock_virtual_init(&c, 2000, 8);
	assert_int_equal(a.clock.wall_ms(&a.clock), 1000);
	assert_int_equal(a.clock.mono_ms(&a.clock), 0);
	a.clock.sleep_ms(&a.clock, 250);
	a.clock.sleep_ms(&a.clock, 0);
	a.clock.sleep_ms(&a.clock, -5);
	assert_int_equal(a.clock.wall_ms(&a.clock), 1250);
	assert_int_equal(a.clock.mono_ms(&a.clock), 250);
	for (i = 0; i < 10; i++) {
		uint64_t of_a = a.clock.random(&a.clock);

		assert_true(of_a == b.clock.random(&b.clock));
		assert_true(of_a != c.clock.random(&c.clock));
	}
}

static void times_are_spelled_in_utc(void **state)
{
	char out[RFA_TIME_MAX];

	(void)state;
	rfa_time_iso(1795343415000, out);
	assert_string_equal(out, "2026-11-22T10:30:15Z");
	rfa_time_compact(1795343415999, out);
	assert_string_equal(out, "20261122-103015");
	rfa_time_iso(0, out);
	assert_string_equal(out, "1970-01-01T00:00:00Z");
	rfa_time_iso(1709164800000, out);
	assert_string_equal(out, "2024-02-29T00:00:00Z");
	rfa_time_iso(INT64_MAX, out); /* fits, whatever it says */
	assert_true(strlen(out) < RFA_TIME_MAX);
}

static void times_are_read_in_both_forms(void **state)
{
	static const char *const none[] = {
		"",          "2026-11-22",          "2026-11-22 10:30:15", "2026-13-22T10:30:15Z",
		"20261122",  "+026-11-22T10:30:15", "20261122-1030",       "2026-11-22T24:30:15Z",
		"yesterday", "2026-11-32T10:30:15Z"
	};
	int64_t ms = -1;
	size_t i;

	(void)state;
	assert_int_equal(rfa_time_parse("2026-11-22T10:30:15Z", &ms), 0);
	assert_int_equal(ms, 1795343415000);
	assert_int_equal(rfa_time_parse("20261122-103015-4f2a9c", &ms), 0);
	assert_int_equal(ms, 1795343415000);
	assert_int_equal(rfa_time_parse("1970-01-01T00:00:00Z", &ms), 0);
	assert_int_equal(ms, 0);
	assert_int_equal(rfa_time_parse("2024-02-29T00:00:00Z", &ms), 0);
	assert_int_equal(ms, 1709164800000);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (!rfa_time_parse(none[i], &ms))
			fail_msg("'%s' is a time", none[i]);
}

static void run_ids_have_one_form_and_sort_by_time(void **state)
{
	static const char *const bad[] = { "",
					   "20261122-103015-4f2a9",
					   "20261122-103015-4f2a9c0",
					   "20261122-103015-4F2A9C",
					   "20261122-103015-4f2a9g",
					   "20261122_103015-4f2a9c",
					   "2026112a-103015-4f2a9c",
					   " 20261122-103015-4f2a9c",
					   "20261122-103015-4f2a9c\n",
					   "../61122-103015-4f2a9c",
					   "20261122-103015" };
	char last[RFA_RUN_ID_MAX] = "", id[RFA_RUN_ID_MAX];
	struct rfa_clock_virtual v;
	size_t i;

	(void)state;
	rfa_clock_virtual_init(&v, 1795343415000, 3);
	for (i = 0; i < 1000; i++) {
		rfa_run_id(&v.clock, id);
		assert_int_equal(rfa_run_id_ok(id), 1);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof(id));
		v.clock.sleep_ms(&v.clock, 7777000);
	}
	assert_int_equal(rfa_run_id_ok("20261122-103015-4f2a9c"), 1);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rfa_run_id_ok(bad[i]), 0);
}

/* Quote. */

static void quoted(const char *word, const char *want)
{
	struct rfa_buf buf = RFA_BUF_INIT(1000);

	assert_int_equal(rfa_quote(&buf, word), 0);
	assert_string_equal(rfa_buf_str(&buf), want);
	rfa_buf_release(&buf);
}

static void plain_words_stay_readable(void **state)
{
	static const char *const argv[] = { "docker", "inspect", "a b", "", "it's", NULL };
	static const char *const none[] = { NULL };
	struct rfa_buf buf = RFA_BUF_INIT(1000);

	(void)state;
	quoted("docker", "docker");
	quoted("--format={{.Id}}", "'--format={{.Id}}'");
	quoted("repo/app:1.2@x", "repo/app:1.2@x");
	quoted("", "''");
	quoted("'", "''\\'''");
	quoted("~", "'~'");
	quoted("A=1", "'A=1'");
	quoted("$(id)", "'$(id)'");
	assert_int_equal(rfa_quote_argv(&buf, argv), 0);
	assert_string_equal(rfa_buf_str(&buf), "docker inspect 'a b' '' 'it'\\''s'");
	rfa_buf_clear(&buf);
	assert_int_equal(rfa_quote_argv(&buf, none), 0);
	assert_string_equal(rfa_buf_str(&buf), "");
	rfa_buf_release(&buf);
}

/* Runs the script with this shell; appends what it prints. -1: there is no such shell. */
static int shell(const char *const argv[], const struct rfa_buf *script, struct rfa_buf *out)
{
	FILE *in = tmpfile();
	FILE *answer = tmpfile();
	char chunk[4096];
	int status = 0;
	size_t n;
	pid_t pid;

	assert_non_null(in);
	assert_non_null(answer);
	assert_int_equal(fwrite(script->data, 1, script->len, in), script->len);
	fflush(in);
	rewind(in);
	pid = fork();
	if (!pid) {
		dup2(fileno(in), 0);
		dup2(fileno(answer), 1);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rewind(answer);
	while ((n = fread(chunk, 1, sizeof(chunk), answer)) > 0)
		assert_int_equal(rfa_buf_add(out, chunk, n), 0);
	fclose(in);
	fclose(answer);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

enum { WORDS = 400, WORD_MAX = 40 };

static void random_word(struct rfa_clock *clock, char *word)
{
	static const char nasty[] = "'\"\\$`!*?[]{}()<>|&;#~= \t\n\r-%^\x80\xff\xc3\x01\x7f";
	size_t len = clock->random(clock) % WORD_MAX;
	size_t i;

	for (i = 0; i < len; i++) {
		if (clock->random(clock) % 2)
			word[i] = nasty[clock->random(clock) % (sizeof(nasty) - 1)];
		else
			word[i] = (char)(1 + clock->random(clock) % 255);
	}
	word[len] = '\0';
}

static void round_trip(const char *const shell_argv[])
{
	static const char *const fixed[] = { "",      "-",    "-n",    "--",       "\n", "\n\n",
					     "a\n",   "'",    "''",    "'\\''",    "\\", "\\n",
					     "$HOME", "`id`", "~root", "\xff\xfe", "*",  "!!",
					     "%s",    "a=b",  "if",    "\xc3\xa9" };
	enum { FIXED = sizeof(fixed) / sizeof(fixed[0]) };
	static char words[WORDS][WORD_MAX + 8];
	struct rfa_buf script = RFA_BUF_INIT(1 << 20);
	struct rfa_buf out = RFA_BUF_INIT(1 << 20);
	struct rfa_clock_virtual v;
	const char *at;
	size_t i;
	int rc;

	rfa_clock_virtual_init(&v, 0, 4242);
	for (i = 0; i < WORDS; i++) {
		if (i < FIXED)
			snprintf(words[i], sizeof(words[i]), "%s", fixed[i]);
		else
			random_word(&v.clock, words[i]);
		/* The mark before it would show a word that was split or lost. */
		rfa_buf_puts(&script, "printf '<%s>\\000' ");
		rfa_quote(&script, words[i]);
		rfa_buf_putc(&script, '\n');
	}
	rc = shell(shell_argv, &script, &out);
	if (rc < 0) {
		print_message("# no %s here: not tried\n", shell_argv[0]);
		rfa_buf_release(&script);
		skip();
	}
	assert_int_equal(rc, 0);
	at = out.data;
	for (i = 0; i < WORDS; i++) {
		char want[WORD_MAX + 8];
		size_t len = (size_t)snprintf(want, sizeof(want), "<%s>", words[i]);

		if ((size_t)(out.data + out.len - at) < len + 1 || memcmp(at, want, len + 1))
			fail_msg("seed 4242, word %zu came back as '%s'", i, at);
		at += len + 1;
	}
	assert_ptr_equal(at, out.data + out.len);
	rfa_buf_release(&script);
	rfa_buf_release(&out);
}

static void words_survive_sh(void **state)
{
	static const char *const argv[] = { "/bin/sh", NULL };

	(void)state;
	round_trip(argv);
}

static void words_survive_dash(void **state)
{
	static const char *const argv[] = { "dash", NULL };

	(void)state;
	round_trip(argv);
}

static void words_survive_busybox(void **state)
{
	static const char *const argv[] = { "busybox", "sh", NULL };

	(void)state;
	round_trip(argv);
}

static void words_survive_bash(void **state)
{
	static const char *const argv[] = { "bash", "--norc", NULL };

	(void)state;
	round_trip(argv);
}

/* A program may be called like a word of the shell's grammar: it is still a program. */
static void grammar_is_only_words(void **state)
{
	static const char *const names[] = { "if",   "then", "else", "elif",  "fi",    "do",
					     "done", "case", "esac", "while", "until", "for",
					     "in",   "{",    "}",    "!" };
	static const char *const argv[] = { "/bin/sh", NULL };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *const words[] = { names[i], "x", NULL };
		struct rfa_buf script = RFA_BUF_INIT(1000);
		struct rfa_buf out = RFA_BUF_INIT(1000);

		rfa_buf_puts(&script, "PATH=/nonexistent\nexec 2>/dev/null\n");
		rfa_quote_argv(&script, words);
		rfa_buf_puts(&script, "\necho $?\n");
		assert_int_equal(shell(argv, &script, &out), 0);
		if (strcmp(rfa_buf_str(&out), "127\n"))
			fail_msg("'%s' was not looked up as a command", names[i]);
		rfa_buf_release(&script);
		rfa_buf_release(&out);
	}
}

/* Fault. */

static void fault_points_are_nothing_unless_built_in(void **state)
{
	struct rfa_error err;

	(void)state;
	rfa_error_clear(&err);
	setenv("RFA_FAULT", "unit.point:1:eio", 1);
#ifdef RFA_FAULTS
	assert_int_equal(rfa_fault("unit.other", &err), 0);
	assert_int_equal(rfa_fault("unit.point", &err), -RFA_EIO);
	assert_int_equal(rfa_fault("unit.point", &err), 0);
#else
	assert_int_equal(rfa_fault("unit.point", &err), 0);
	assert_int_equal(err.code, RFA_OK);
#endif
	unsetenv("RFA_FAULT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail_fills_in_and_clears_the_rest),
		cmocka_unit_test(the_innermost_place_stays_and_the_last_advice_wins),
		cmocka_unit_test(an_error_may_be_made_from_itself),
		cmocka_unit_test(long_texts_are_cut_to_fit),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(texts_are_one_line),
		cmocka_unit_test(errno_tells_a_full_disk_from_the_rest),
		cmocka_unit_test(no_error_to_fill_in_is_fine),
		cmocka_unit_test(a_buffer_holds_its_maximum_and_no_more),
		cmocka_unit_test(the_first_failure_stays_until_cleared),
		cmocka_unit_test(bytes_are_kept_and_consumed),
		cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
		cmocka_unit_test(texts_that_pose_as_others_are_escaped),
		cmocka_unit_test(what_is_not_utf8_is_escaped),
		cmocka_unit_test(no_more_input_is_taken_than_the_limit),
		cmocka_unit_test(printable_text_is_utf8_whatever_went_in),
		cmocka_unit_test(equal_facts_are_equal_bytes),
		cmocka_unit_test(encoding_fails_in_words),
		cmocka_unit_test(bad_json_is_refused_and_named),
		cmocka_unit_test(huge_json_is_refused_unread),
		cmocka_unit_test(paths_walk_objects_and_arrays),
		cmocka_unit_test(arrays_are_searched_for_a_text),
		cmocka_unit_test(setting_steals_even_on_failure),
		cmocka_unit_test(known_vectors),
		cmocka_unit_test(pieces_make_the_same_digest),
		cmocka_unit_test(the_virtual_clock_moves_by_sleeping_alone),
		cmocka_unit_test(times_are_spelled_in_utc),
		cmocka_unit_test(times_are_read_in_both_forms),
		cmocka_unit_test(run_ids_have_one_form_and_sort_by_time),
		cmocka_unit_test(plain_words_stay_readable),
		cmocka_unit_test(words_survive_sh),
		cmocka_unit_test(words_survive_dash),
		cmocka_unit_test(words_survive_busybox),
		cmocka_unit_test(words_survive_bash),
		cmocka_unit_test(grammar_is_only_words),
		cmocka_unit_test(fault_points_are_nothing_unless_built_in),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
