/* What is sent to whom: shapes as the providers' documents have them, signatures, hostile texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsm/base/facts.h"
#include "transports/notify/formats.h"
#include "transports/notify/mail.h"
#include "transports/notify/sign.h"
#include "transports/notify/text.h"

static struct rfa_notice notice(void)
{
	return (struct rfa_notice){
		.id = "msg_0123456789abcdef",
		.type = "run.ended",
		.channel = "team",
		.run = "20261129-020604-77c1f6",
		.flow = "deploy",
		.stack = "shop",
		.env = "prod",
		.from = "",
		.before = "1.3.9",
		.after = "1.4.0",
		.verdict = "ROLLED_BACK",
		.forced = "",
		.why = "web answers 500",
		.state = "",
		.who = "Olga",
		.begun = "2026-11-29T02:06:04Z",
		.ended = "2026-11-29T02:07:04Z",
		.next = "rfa show 20261129-020604-77c1f6",
	};
}

#define LINES                                 \
	"version: 1.3.9 \xe2\x86\x92 1.4.0\n" \
	"why: web answers 500\n"              \
	"who: Olga\n"                         \
	"begun: 2026-11-29T02:06:04Z\n"       \
	"ended: 2026-11-29T02:07:04Z\n"       \
	"run: 20261129-020604-77c1f6\n"       \
	"next: rfa show 20261129-020604-77c1f6\n"
#define TITLE "rfa: shop on prod: deploy of 1.4.0 ROLLED_BACK, went back"

/* Signatures. */

static void test_standard(void **state)
{
	static const char body[] = "{\"test\": 2432232314}";
	char sign[RFA_SIGNATURE_MAX];
	struct rfa_error err;

	(void)state;
	/* The example of the reference implementations. */
	assert_int_equal(rfa_sign_standard(sign, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
					   "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body,
					   strlen(body), &err),
			 0);
	assert_string_equal(sign, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(
	    rfa_sign_standard(sign, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "m", 1, body, 1, &err),
	    -RFA_ECONFIG);
	assert_null(strstr(err.msg, "MfKQ9r8"));
	assert_int_equal(rfa_sign_standard(sign, "whsec_", "m", 1, body, 1, &err), -RFA_ECONFIG);
	assert_int_equal(rfa_sign_standard(sign, "whsec_no base64!", "m", 1, body, 1, &err),
			 -RFA_ECONFIG);
}

/* Made with the programs in their documents. */
static void test_own(void **state)
{
	char sign[RFA_SIGNATURE_MAX];

	(void)state;
	rfa_sign_feishu(sign, "this is secret", 1599360473);
	assert_string_equal(sign, "/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw=");
	rfa_sign_dingtalk(sign, "this is secret", 1577262236757);
	assert_string_equal(sign, "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=");
}

/* RFC 4231, cases 2 and 6: a key that is longer than a block, too. */
static void test_hmac(void **state)
{
	static const char what[] = "what do ya want for nothing?";
	static const char longer[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	unsigned char mac[RFA_HMAC_BYTES], key[131];
	char text[RFA_BASE64_SIZE(RFA_HMAC_BYTES)], back[RFA_BASE64_SIZE(RFA_HMAC_BYTES)];

	(void)state;
	rfa_hmac_sha256("Jefe", 4, what, strlen(what), mac);
	assert_int_equal(mac[0], 0x5b);
	assert_int_equal(mac[31], 0x43);
	memset(key, 0xaa, sizeof(key));
	rfa_hmac_sha256(key, sizeof(key), longer, strlen(longer), mac);
	assert_int_equal(mac[0], 0x60);
	assert_int_equal(mac[31], 0x54);
	rfa_base64(text, mac, sizeof(mac));
	assert_int_equal(rfa_base64_decode(back, text), sizeof(mac));
	assert_memory_equal(back, mac, sizeof(mac));
	assert_int_equal(rfa_base64_decode(back, "a=b"), -1);
}

/* Shapes. */

static json_t *body_of(const char *format, const struct rfa_notice *n, const char *secret,
		       struct rfa_buf *query)
{
	struct rfa_hook hook = { .notice = n,
				 .secret = secret,
				 .now_ms = 1577262236757,
				 .body = RFA_BUF_INIT(1 << 20),
				 .query = RFA_BUF_INIT(1 << 20) };
	struct rfa_error err;
	json_t *json = NULL;

	assert_int_equal(rfa_hook_format(format)->fill(&hook, &err), 0);
	assert_int_equal(
	    rfa_facts_parse(&json, rfa_buf_str(&hook.body), hook.body.len, "body", &err), 0);
	if (query)
		rfa_buf_puts(query, rfa_buf_str(&hook.query));
	rfa_buf_release(&hook.body);
	rfa_buf_release(&hook.query);
	return json;
}

/* The same document as in the provider's manual, with our text in it. */
static void assert_body(const char *format, const char *wanted)
{
	struct rfa_notice n = notice();
	json_t *is = body_of(format, &n, NULL, NULL);
	json_t *should = json_loads(wanted, 0, NULL);

	assert_non_null(should);
	if (!json_equal(is, should))
		fail_msg("%s: %s", format, json_dumps(is, JSON_SORT_KEYS));
	json_decref(is);
	json_decref(should);
}

#define J_LINES                                                                   \
	"version: 1.3.9 \xe2\x86\x92 1.4.0\\nwhy: web answers 500\\nwho: Olga\\n" \
	"begun: 2026-11-29T02:06:04Z\\nended: 2026-11-29T02:07:04Z\\n"            \
	"run: 20261129-020604-77c1f6\\nnext: rfa show 20261129-020604-77c1f6\\n"

static void test_shapes(void **state)
{
	(void)state;
	assert_body("slack", "{\"text\":\"" TITLE "\",\"mrkdwn\":false,\"blocks\":[{\"type\":"
			     "\"section\",\"text\":{\"type\":\"plain_text\",\"emoji\":false,"
			     "\"text\":\"" TITLE "\\n" J_LINES "\"}}]}");
	assert_body("feishu",
		    "{\"msg_type\":\"interactive\",\"card\":{\"header\":{\"template\":\"red\","
		    "\"title\":{\"tag\":\"plain_text\",\"content\":\"" TITLE "\"}},"
		    "\"elements\":[{\"tag\":\"div\",\"text\":{\"tag\":\"plain_text\",\"content\":"
		    "\"" TITLE "\\n" J_LINES "\"}}]}}");
	assert_body("dingtalk", "{\"msgtype\":\"text\",\"at\":{\"isAtAll\":false},\"text\":{"
				"\"content\":\"" TITLE "\\n" J_LINES "\"}}");
	assert_body("wecom",
		    "{\"msgtype\":\"text\",\"text\":{\"content\":\"" TITLE "\\n" J_LINES "\"}}");
	assert_body("json",
		    "{\"type\":\"run.ended\",\"id\":\"msg_0123456789abcdef\",\"timestamp\":"
		    "\"2026-11-29T02:07:04Z\",\"data\":{\"channel\":\"team\",\"run\":"
		    "\"20261129-020604-77c1f6\",\"flow\":\"deploy\",\"stack\":\"shop\",\"env\":"
		    "\"prod\",\"verdict\":\"ROLLED_BACK\",\"why\":\"web answers 500\",\"who\":"
		    "\"Olga\",\"begun\":\"2026-11-29T02:06:04Z\",\"ended\":"
		    "\"2026-11-29T02:07:04Z\",\"next\":\"rfa show 20261129-020604-77c1f6\","
		    "\"version\":{\"before\":\"1.3.9\",\"after\":\"1.4.0\"}}}");
	assert_null(rfa_hook_format("Slack"));
	for (size_t i = 0; rfa_notify_formats()[i]; i++)
		assert_non_null(rfa_hook_format(rfa_notify_formats()[i]));
}

static void test_signed(void **state)
{
	struct rfa_notice n = notice();
	struct rfa_buf query = RFA_BUF_INIT(4096);
	json_t *body = body_of("feishu", &n, "this is secret", NULL);
	char sign[RFA_SIGNATURE_MAX];

	(void)state;
	rfa_sign_feishu(sign, "this is secret", 1577262236);
	assert_string_equal(rfa_facts_str(body, "timestamp", ""), "1577262236");
	assert_string_equal(rfa_facts_str(body, "sign", ""), sign);
	json_decref(body);
	json_decref(body_of("dingtalk", &n, "this is secret", &query));
	assert_string_equal(
	    rfa_buf_str(&query),
	    "timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D");
	rfa_buf_release(&query);
}

/* What the providers answer. */
static void test_answers(void **state)
{
	static const struct {
		const char *format, *answer;
		int taken;
	} all[] = {
		{ "feishu",
		  "{\"StatusCode\":0,\"StatusMessage\":\"success\",\"code\":0,"
		  "\"data\":{},\"msg\":\"success\"}",
		  1 },
		{ "feishu", "{\"StatusCode\":0,\"StatusMessage\":\"success\"}", 1 },
		{ "feishu",
		  "{\"code\":19021,\"msg\":\"sign match fail or timestamp is not within "
		  "one hour from current time\"}",
		  0 },
		{ "dingtalk", "{\"errcode\":0,\"errmsg\":\"ok\"}", 1 },
		{ "dingtalk", "{\"errcode\":310000,\"errmsg\":\"sign not match\"}", 0 },
		{ "wecom", "{\"errcode\":0,\"errmsg\":\"ok\"}", 1 },
		{ "wecom", "{\"errcode\":45009,\"errmsg\":\"api freq out of limit\"}", 0 },
		{ "wecom", "{\"errcode\":\"0\"}", 0 },
		{ "wecom", "<html>", 0 },
		{ "slack", "ok", 1 },
		{ "json", "", 1 },
	};
	struct rfa_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int rc = rfa_hook_taken(rfa_hook_format(all[i].format), all[i].answer,
					strlen(all[i].answer), &err);

		if ((rc == 0) != all[i].taken)
			fail_msg("%s %s", all[i].format, all[i].answer);
	}
}

/* Hostile texts. */

#define HOSTILE \
	"<!channel> <http://evil.example|ok> <@all> *b* [x](http://e) `\r\nBcc: x@y\x1b[2J & \xff"

static const char *text_in(const json_t *body)
{
	static const char *const paths[] = { "blocks/0/text/text", "text/content",
					     "card/elements/0/text/content", "data/why" };

	for (size_t i = 0; i < 4; i++)
		if (*rfa_facts_str(body, paths[i], ""))
			return rfa_facts_str(body, paths[i], "");
	return "";
}

static void test_hostile(void **state)
{
	static const char *const formats[] = { "json", "slack", "feishu", "dingtalk", "wecom" };
	struct rfa_notice n = notice();

	(void)state;
	n.why = n.after = HOSTILE;
	for (size_t i = 0; i < 5; i++) {
		json_t *body = body_of(formats[i], &n, NULL, NULL);
		const char *text = text_in(body);

		/* No line, no escape of its own. */
		assert_null(strstr(text, "\nBcc"));
		assert_null(strchr(text, '\x1b'));
		assert_null(strchr(text, '\r'));
		assert_non_null(strstr(text, "\\x1b[2J"));
		json_decref(body);
	}
	json_t *slack = body_of("slack", &n, NULL, NULL);
	/* The banner's text is no plain text to Slack. */
	assert_null(strstr(rfa_facts_str(slack, "text", ""), "<!"));
	assert_non_null(strstr(rfa_facts_str(slack, "text", ""), "&lt;!channel&gt;"));
	assert_string_equal(rfa_facts_str(slack, "blocks/0/text/type", ""), "plain_text");
	json_decref(slack);
	json_t *wecom = body_of("wecom", &n, NULL, NULL);
	assert_null(strstr(text_in(wecom), "<@"));
	json_decref(wecom);
}

/* However long it is, it is a message that is taken: whole characters, below the maximum. */
static void test_long(void **state)
{
	struct rfa_notice n = notice();
	char *text = malloc(30001);

	(void)state;
	for (size_t i = 0; i < 30000; i += 3)
		memcpy(text + i, "\xe4\xb8\xad", 3);
	text[30000] = '\0';
	n.why = n.after = n.forced = n.who = n.before = n.from = n.next = n.state = text;
	json_t *body = body_of("wecom", &n, NULL, NULL);
	assert_true(strlen(text_in(body)) <= 2048);
	json_decref(body);
	body = body_of("slack", &n, NULL, NULL);
	assert_true(strlen(text_in(body)) <= 3000);
	json_decref(body);
	free(text);
}

/* Mail. */

static void test_mail(void **state)
{
	static const char *const to[] = { "ops@example.org", "a@example.org\r\nBcc: evil@example",
					  NULL };
	struct rfa_receiver r = { .from = "rfa@example.org", .to = to };
	struct rfa_notice n = notice();
	struct rfa_buf mail = RFA_BUF_INIT(1 << 20), again = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	const char *end;

	(void)state;
	n.after = "1.4.0\r\nBcc: evil@example.org \xe4\xb8\xad\xe6\x96\x87 and so much more that "
		  "it takes words";
	assert_int_equal(rfa_mail_write(&mail, &r, &n, 1577262236757, &err), 0);
	assert_non_null(strstr(mail.data, "Date: Wed, 25 Dec 2019 08:23:56 +0000\r\n"));
	assert_non_null(strstr(mail.data, "From: rfa <rfa@example.org>\r\n"));
	assert_non_null(strstr(mail.data, "Message-ID: <msg_0123456789abcdef@example.org>\r\n"));
	assert_non_null(strstr(mail.data, "\r\nSubject: =?UTF-8?B?"));
	assert_null(strstr(mail.data, "\nBcc:"));
	/* Lines of SMTP: at most 998 bytes; encoded words: at most 75. */
	for (const char *line = mail.data; (end = strstr(line, "\r\n")); line = end + 2)
		assert_true(end - line <= 78);
	/* A later try has another date, and the same name. */
	assert_int_equal(rfa_mail_write(&again, &r, &n, 1577262999999, &err), 0);
	assert_non_null(strstr(again.data, "Message-ID: <msg_0123456789abcdef@example.org>\r\n"));
	rfa_buf_release(&mail);
	rfa_buf_release(&again);
}

static void test_text(void **state)
{
	struct rfa_notice n = notice();
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);

	(void)state;
	rfa_notice_text(&text, &n, rfa_notice_put_plain, 1 << 20);
	assert_string_equal(rfa_buf_str(&text), TITLE "\n" LINES);
	rfa_buf_clear(&text);
	n.forced = "fire brigade";
	n.stack = "_host";
	n.after = "";
	rfa_notice_title(&text, &n, rfa_notice_put_plain);
	assert_string_equal(rfa_buf_str(&text), "rfa: prod: deploy ROLLED_BACK, went back, FORCED");
	rfa_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_standard), cmocka_unit_test(test_own),
		cmocka_unit_test(test_hmac),     cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_signed),   cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hostile),  cmocka_unit_test(test_long),
		cmocka_unit_test(test_mail),     cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
