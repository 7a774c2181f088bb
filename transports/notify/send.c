/* One try to tell somebody. */
#include <inttypes.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/wipe.h"
#include "transports/notify/curl.h"
#include "transports/notify/formats.h"
#include "transports/notify/mail.h"
#include "transports/notify/notify.h"
#include "transports/notify/sign.h"
#include "transports/transport.h"

enum { BODY_MAX = 256 << 10, URL_MAX = 64 << 10, HEADERS = 6, HEADER_MAX = 256, WORD_MAX = 40 };

/* Webhooks. */

struct headers {
	char texts[HEADERS][HEADER_MAX];
	const char *all[HEADERS + 1];
	size_t n;
};

static void header(struct headers *h, const char *name, const char *value)
{
	snprintf(h->texts[h->n], HEADER_MAX, "%s: %s", name, value);
	h->all[h->n] = h->texts[h->n];
	h->n++;
}

static int put_headers(struct headers *h, const struct rfa_hook_format *format,
		       const struct rfa_hook *hook, struct rfa_error *err)
{
	char sign[RFA_SIGNATURE_MAX], value[RFA_SIGNATURE_MAX + 4], when[24];
	int64_t now = hook->now_ms / 1000;
	int rc = 0;

	snprintf(when, sizeof(when), "%" PRId64, now);
	header(h, "Content-Type", format->type);
	header(h, "webhook-id", hook->notice->id);
	header(h, "webhook-timestamp", when);
	if (!hook->secret || format->own_signature)
		return 0;
	rc = rfa_sign_standard(sign, hook->secret, hook->notice->id, now, hook->body.data,
			       hook->body.len, err);
	snprintf(value, sizeof(value), "v1,%s", rc ? "" : sign);
	if (!rc)
		header(h, "webhook-signature", value);
	return rc;
}

/* The query goes behind what the URL has of one, and before its fragment, which is not sent. */
static int put_url(struct rfa_buf *out, const char *url, const struct rfa_buf *query,
		   struct rfa_error *err)
{
	size_t len = strcspn(url, "#");

	rfa_wipe_reserve(out, len + query->len + 2);
	rfa_buf_add(out, url, len);
	if (query->len) {
		rfa_buf_putc(out, memchr(url, '?', len) ? '&' : '?');
		rfa_buf_add(out, query->data, query->len);
	}
	return rfa_buf_check(out, err);
}

/* A word of the answer, as Slack's errors are; nothing that could be a piece of a URL. */
static const char *word_of(const struct rfa_buf *answer)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
	const char *text = rfa_buf_str(answer);
	size_t len = strspn(text, letters);

	return len && len <= WORD_MAX && len == answer->len ? text : "";
}

static int judge(const struct rfa_hook_format *format, const struct rfa_exchange *x,
		 struct rfa_error *err)
{
	const char *word = word_of(&x->answer);

	if (x->status >= 200 && x->status < 300)
		return rfa_hook_taken(format, rfa_buf_str(&x->answer), x->answer.len, err);
	if (x->status >= 300 && x->status < 400)
		return rfa_fail(err, RFA_EREMOTE, "notify",
				"%.120s answers %d: a redirect is not followed", x->to->shown,
				x->status);
	return rfa_fail(err, RFA_EREMOTE, "notify", "%.120s answers %d%s%s", x->to->shown,
			x->status, *word ? ": " : "", word);
}

static int send_hook(const struct rfa_receiver *to, const struct rfa_notice *notice,
		     struct rfa_clock *clock, int64_t timeout_ms, int64_t *wait_ms,
		     struct rfa_error *err)
{
	const struct rfa_hook_format *format = rfa_hook_format(to->format);
	struct rfa_hook hook = { .notice = notice,
				 .secret = to->secret,
				 .now_ms = clock->wall_ms(clock),
				 .body = RFA_BUF_INIT(BODY_MAX),
				 .query = RFA_BUF_INIT(URL_MAX) };
	struct rfa_exchange x = { .to = to, .body = &hook.body, .timeout_ms = timeout_ms };
	struct rfa_buf url = RFA_BUF_INIT(URL_MAX);
	struct headers headers = { 0 };
	int rc;

	if (!format)
		return rfa_fail(err, RFA_ECONFIG, "notify", "there is no format %.40s", to->format);
	rc = format->fill(&hook, err);
	if (!rc)
		rc = rfa_buf_check(&hook.query, err);
	if (!rc)
		rc = put_headers(&headers, format, &hook, err);
	if (!rc)
		rc = put_url(&url, to->url, &hook.query, err);
	x.url = rfa_buf_str(&url);
	x.headers = headers.all;
	if (!rc)
		rc = rfa_exchange_run(&x, err);
	*wait_ms = x.wait_ms;
	if (!rc)
		rc = judge(format, &x, err);
	rfa_buf_release(&x.answer);
	rfa_wipe_buf(&url);
	rfa_wipe_buf(&hook.query);
	rfa_wipe_buf(&hook.body); /* Feishu's has its signature in it */
	return rc;
}

/* The others. */

static int send_mail(const struct rfa_receiver *to, const struct rfa_notice *notice,
		     struct rfa_clock *clock, int64_t timeout_ms, struct rfa_error *err)
{
	struct rfa_buf mail = RFA_BUF_INIT(BODY_MAX);
	struct rfa_exchange x = {
		.to = to, .url = to->url, .body = &mail, .timeout_ms = timeout_ms
	};
	int rc = rfa_mail_write(&mail, to, notice, clock->wall_ms(clock), err);

	if (!rc)
		rc = rfa_exchange_run(&x, err);
	rfa_buf_release(&x.answer);
	rfa_buf_release(&mail);
	return rc;
}

static int send_exec(const struct rfa_receiver *to, const struct rfa_notice *notice,
		     struct rfa_clock *clock, int64_t timeout_ms, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(BODY_MAX);
	struct rfa_local_run run = { .argv = to->command,
				     .timeout_ms = timeout_ms,
				     .clock = clock };
	json_t *json = NULL;
	int status = 0;
	int rc = rfa_notice_json(&json, notice, err);

	if (!rc)
		rc = rfa_facts_encode(json, &text, err);
	rfa_buf_putc(&text, '\n');
	if (!rc)
		rc = rfa_buf_check(&text, err);
	run.input = rfa_buf_str(&text);
	run.input_len = text.len;
	if (!rc)
		rc = rfa_local_run(&run, &status, err);
	if (!rc && status)
		rc = rfa_fail(err, RFA_EREMOTE, "notify", "%.120s ended with status %d",
			      to->command[0], status);
	json_decref(json);
	rfa_buf_release(&text);
	return rc;
}

int rfa_notify_send(const struct rfa_receiver *to, const struct rfa_notice *notice,
		    struct rfa_clock *clock, int64_t timeout_ms, int64_t *wait_ms,
		    struct rfa_error *err)
{
	*wait_ms = 0;
	switch (to->kind) {
	case RFA_BY_EMAIL:
		return send_mail(to, notice, clock, timeout_ms, err);
	case RFA_BY_EXEC:
		return send_exec(to, notice, clock, timeout_ms, err);
	case RFA_BY_WEBHOOK:
		break;
	}
	return send_hook(to, notice, clock, timeout_ms, wait_ms, err);
}
