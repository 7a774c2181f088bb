/* What both ledgers say of themselves, and what they leave out: a part of their contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "tests/contract/ledger_fixture.h"

/* A name of its own, the same in every opening of it; heads that it had, and no others. */
static void test_heads(void **state)
{
	static const char *const none[] = {
		"",
		"0",
		"main",
		"HEAD",
		"../x",
		"0000000000000000000000000000000000000001",
		"4b825dc642cb6eb9a060e54bf8d69288fbee4904" /* a tree */
	};
	struct world *w = *state;
	struct rfa_ledger *other;
	char id[65], again[65];
	char heads[4][65];
	int known;

	ok(rfa_ledger_id(w->ledger, id, &w->err));
	assert_true(strlen(id) >= 32);
	assert_int_equal(strspn(id, "0123456789abcdef"), strlen(id));
	ok(rfa_ledger_head(w->ledger, heads[0], &w->err));
	for (unsigned i = 1; i < 4; i++) {
		ok(kit_whole(w->ledger, i, "app", "prod", 2, NULL, &w->err));
		ok(rfa_ledger_head(w->ledger, heads[i], &w->err));
	}
	for (size_t i = 0; i < 4; i++) {
		ok(rfa_ledger_knows(w->ledger, heads[i], &known, &w->err));
		/* The ledger in memory has had no head before its first run. */
		assert_int_equal(known, i || w->git);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		ok(rfa_ledger_knows(w->ledger, none[i], &known, &w->err));
		assert_int_equal(known, 0);
	}
	ok(rfa_ledger_id(w->ledger, again, &w->err));
	assert_string_equal(again, id);
	if (w->git) {
		struct stat st;

		/* Nobody else goes in. */
		assert_int_equal(stat(w->kit.path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		other = open_again(w);
		ok(rfa_ledger_id(other, again, &w->err));
		assert_string_equal(again, id);
		rfa_ledger_free(other);
		/* Another one, made at the same moment by the same person. */
		assert_int_equal(kit_sh(&w->kit, &(struct rfa_buf)RFA_BUF_INIT(100), "mv $L $L.1"),
				 0);
		ok(rfa_ledger_init(&w->kit.options, &w->err));
	}
	other = open_again(w);
	ok(rfa_ledger_id(other, again, &w->err));
	assert_string_not_equal(again, id);
	ok(rfa_ledger_knows(other, heads[3], &known, &w->err));
	assert_int_equal(known, 0);
	rfa_ledger_free(other);
}

static void redacted(struct rfa_ledger *ledger, const char *text, const char *want)
{
	struct rfa_buf out = RFA_BUF_INIT(4096);
	json_t *json = json_pack("{s:[s], s:i}", "deep", text, "n", 1);
	json_t *wanted = json_pack("{s:[s], s:i}", "deep", want, "n", 1);
	struct rfa_error err;
	int changed = -1;

	assert_int_equal(rfa_ledger_redact_text(ledger, text, strlen(text), &out),
			 strcmp(text, want) != 0);
	assert_string_equal(rfa_buf_str(&out), want);
	assert_int_equal(rfa_ledger_redact(ledger, &json, &changed, &err), 0);
	assert_int_equal(changed, strcmp(text, want) != 0);
	assert_true(json_equal(json, wanted));
	json_decref(json);
	json_decref(wanted);
	rfa_buf_release(&out);
}

#define HEX64 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEX40 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"

/* What is taken out can be written; identifiers stay whole. */
static void test_redacting(void **state)
{
	static const char *const secrets[] = { "hunter2", "84c7", "9f86d081884c",
					       "secret",  "d0",   NULL };
	struct world *w = *state;
	struct rfa_ledger_options options = w->kit.options;
	struct rfa_record record = { .kind = RFA_RECORD_DONE, .seq = 1 };
	struct rfa_ledger_run *run = NULL;
	struct rfa_ledger *ledger = NULL;
	int changed;

	options.secrets = secrets;
	if (w->git)
		ok(rfa_ledger_open(&ledger, &options, &w->err));
	else
		ok(rfa_ledger_open_memory(&ledger, &options, &w->err));
	redacted(ledger, "", "");
	redacted(ledger, "nothing", "nothing");
	redacted(ledger, "is hunter2, hunter2!", "is [secret], [secret]!");
	/* Parts of an identifier are none of the secret; what is no identifier may be. */
	redacted(ledger, "sha256:" HEX64, "sha256:" HEX64);
	redacted(ledger, HEX40, HEX40);
	redacted(ledger, "at 0184c7aaaaaa.", "at 0184c7aaaaaa.");
	redacted(ledger, "at 0184c7aaaaa.", "at 01[secret]aaaaa.");
	redacted(ledger, "84c7", "[secret]");
	redacted(ledger, "x" HEX40, "x[secret]7d659a2feaa0c55ad015a3bf4f1b");
	/* A secret that looks like one is one. */
	redacted(ledger, "9f86d081884c", "[secret]");
	/* The mark itself is left. */
	redacted(ledger, "a secret of [secret]", "a [secret] of [secret]");
	redacted(ledger, "http://user:pass@host/x?y=1", "http://user:[secret]@host/x?y=1");
	redacted(ledger, "http://user:${PW}@host/", "http://user:${PW}@host/");
	redacted(ledger, "http://host:8000/a@b", "http://host:8000/a@b");
	redacted(ledger, "ghp_0123456789abcdefghijklmnopqrstuvwxyz.", "[secret].");
	redacted(ledger, "x -----BEGIN PRIVATE KEY-----\nMII", "x [secret]");

	ok(kit_begin(ledger, 1, "app", "prod", &run, &w->err));
	record.facts = json_pack("{s:s, s:{s:s}}", "summary", "hunter2 and [secret] and a secret",
				 "made", "hunter2", "sha256:" HEX64);
	refused(RFA_EREFUSED, rfa_ledger_append(run, &record, "", &w->err));
	ok(rfa_ledger_redact(ledger, &record.facts, &changed, &w->err));
	assert_int_equal(changed, 1);
	assert_string_equal(rfa_facts_str(record.facts, "made/[secret]", ""), "sha256:" HEX64);
	ok(rfa_ledger_append(run, &record, "", &w->err));
	rfa_record_release(&record);
	rfa_ledger_detach(run);
	rfa_ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_heads),
		BOTH(test_redacting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
