/*
 * The formats of webhooks. Where a provider has a way to say that text is nothing but text, it is
 * used: no name of a version can become a link, a mention of everybody, or bold.
 */
#include "transports/notify/formats.h"

#include <inttypes.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/reference.h"
#include "transports/notify/sign.h"
#include "transports/notify/text.h"

enum { BODY_MAX = 64 << 10 };

/* Json. */

static const struct {
	const char *key;
	size_t at;
} data_keys[] = {
#define KEY(name)                                        \
	{                                                \
#name, offsetof(struct rfa_notice, name) \
	}
	KEY(channel), KEY(run), KEY(flow),  KEY(stack), KEY(env),   KEY(from),  KEY(verdict),
	KEY(forced),  KEY(why), KEY(state), KEY(who),   KEY(begun), KEY(ended), KEY(next),
#undef KEY
};

/* A text of whatever bytes as a string of JSON. */
static json_t *string(const char *text)
{
	struct rfa_buf safe = RFA_BUF_INIT(BODY_MAX);
	json_t *out;

	rfa_buf_put_printable(&safe, text, strlen(text), 0);
	out = json_stringn(rfa_buf_str(&safe), safe.len);
	rfa_buf_release(&safe);
	return out;
}

int rfa_notice_json(json_t **out, const struct rfa_notice *n, struct rfa_error *err)
{
	json_t *data = json_object(), *version = NULL, *all = NULL;
	int rc = data ? 0 : rfa_fail_nomem(err);

	for (size_t i = 0; !rc && i < sizeof(data_keys) / sizeof(data_keys[0]); i++) {
		const char *text;

		memcpy(&text, (const char *)n + data_keys[i].at, sizeof(text));
		if (*text)
			rc = rfa_facts_set(data, data_keys[i].key, string(text), err);
	}
	if (!rc)
		version =
		    json_pack("{s:o,s:o}", "before", string(n->before), "after", string(n->after));
	if (!rc && *n->run)
		rc = rfa_facts_set(data, "version", json_incref(version), err);
	if (!rc)
		all = json_pack("{s:s,s:s,s:s,s:O}", "type", n->type, "id", n->id, "timestamp",
				*n->ended ? n->ended : n->begun, "data", data);
	json_decref(data);
	json_decref(version);
	if (!rc && !all)
		rc = rfa_fail_nomem(err);
	*out = all;
	return rc;
}

static int fill_json(struct rfa_hook *h, struct rfa_error *err)
{
	json_t *all = NULL;
	int rc = rfa_notice_json(&all, h->notice, err);

	if (!rc)
		rc = rfa_facts_encode(all, &h->body, err);
	json_decref(all);
	return rc;
}

/* Text. */

static int fill_text(struct rfa_hook *h, struct rfa_error *err)
{
	rfa_notice_text(&h->body, h->notice, rfa_notice_put_plain, BODY_MAX / 4);
	return rfa_buf_check(&h->body, err);
}

/* The text of a notice, and the document around it. */

static json_t *text_of(const struct rfa_hook *h, rfa_notice_put *put, size_t most)
{
	struct rfa_buf text = RFA_BUF_INIT(BODY_MAX);
	json_t *out;

	rfa_notice_text(&text, h->notice, put, most);
	out = json_stringn(rfa_buf_str(&text), text.len);
	rfa_buf_release(&text);
	return out;
}

static json_t *title_of(const struct rfa_hook *h, rfa_notice_put *put)
{
	struct rfa_buf text = RFA_BUF_INIT(BODY_MAX);
	json_t *out;

	rfa_notice_title(&text, h->notice, put);
	out = json_stringn(rfa_buf_str(&text), text.len);
	rfa_buf_release(&text);
	return out;
}

/* Steals the document. */
static int encode(struct rfa_hook *h, json_t *document, struct rfa_error *err)
{
	int rc = document ? rfa_facts_encode(document, &h->body, err) : rfa_fail_nomem(err);

	json_decref(document);
	return rc;
}

/* Slack: the three characters that begin a mention, a link or an entity. */

static void put_slack(struct rfa_buf *out, const char *text, size_t len)
{
	for (; len; text++, len--) {
		if (*text == '&')
			rfa_buf_puts(out, "&amp;");
		else if (*text == '<')
			rfa_buf_puts(out, "&lt;");
		else if (*text == '>')
			rfa_buf_puts(out, "&gt;");
		else
			rfa_buf_putc(out, *text);
	}
}

enum { SLACK_MAX = 3000 }; /* of a text object */

static int fill_slack(struct rfa_hook *h, struct rfa_error *err)
{
	/* "text" is what a banner shows; the block is the message. */
	return encode(h,
		      json_pack("{s:o,s:b,s:[{s:s,s:{s:s,s:o,s:b}}]}", "text",
				title_of(h, put_slack), "mrkdwn", 0, "blocks", "type", "section",
				"text", "type", "plain_text", "text",
				text_of(h, rfa_notice_put_plain, SLACK_MAX), "emoji", 0),
		      err);
}

/* Feishu: a card, whose texts say that they are plain. */

enum { FEISHU_MAX = 8000 };

static const char *color_of(const struct rfa_notice *n)
{
	if (!strcmp(n->verdict, "SUCCEEDED"))
		return *n->forced ? "orange" : "green";
	return *n->run ? "red" : "blue";
}

static int fill_feishu(struct rfa_hook *h, struct rfa_error *err)
{
	char sign[RFA_SIGNATURE_MAX], when[24];
	struct rfa_buf lines = RFA_BUF_INIT(BODY_MAX);
	json_t *document;
	int rc = 0;

	rfa_notice_text(&lines, h->notice, rfa_notice_put_plain, FEISHU_MAX);
	document = json_pack("{s:s,s:{s:{s:{s:s,s:o},s:s},s:[{s:s,s:{s:s,s:s}}]}}", "msg_type",
			     "interactive", "card", "header", "title", "tag", "plain_text",
			     "content", title_of(h, rfa_notice_put_plain), "template",
			     color_of(h->notice), "elements", "tag", "div", "text", "tag",
			     "plain_text", "content", rfa_buf_str(&lines));
	rfa_buf_release(&lines);
	if (document && h->secret) {
		rfa_sign_feishu(sign, h->secret, h->now_ms / 1000);
		snprintf(when, sizeof(when), "%" PRId64, h->now_ms / 1000);
		rc = rfa_facts_set(document, "timestamp", json_string(when), err);
		if (!rc)
			rc = rfa_facts_set(document, "sign", json_string(sign), err);
	}
	if (rc) {
		json_decref(document);
		return rc;
	}
	return encode(h, document, err);
}

/* DingTalk: the signature goes into the URL. */

enum { DINGTALK_MAX = 8000 };

static int fill_dingtalk(struct rfa_hook *h, struct rfa_error *err)
{
	char sign[RFA_SIGNATURE_MAX];

	if (h->secret) {
		rfa_sign_dingtalk(sign, h->secret, h->now_ms);
		rfa_buf_printf(&h->query, "timestamp=%" PRId64 "&sign=", h->now_ms);
		rfa_url_put_value(&h->query, sign);
	}
	return encode(h,
		      json_pack("{s:s,s:{s:o},s:{s:b}}", "msgtype", "text", "text", "content",
				text_of(h, rfa_notice_put_plain, DINGTALK_MAX), "at", "isAtAll", 0),
		      err);
}

/* WeCom: "<@name>" in a text is a mention. */

enum { WECOM_MAX = 2048 };

static void put_wecom(struct rfa_buf *out, const char *text, size_t len)
{
	for (; len; text++, len--) {
		rfa_buf_putc(out, *text);
		if (*text == '<')
			rfa_buf_putc(out, ' ');
	}
}

static int fill_wecom(struct rfa_hook *h, struct rfa_error *err)
{
	return encode(h,
		      json_pack("{s:s,s:{s:o}}", "msgtype", "text", "text", "content",
				text_of(h, put_wecom, WECOM_MAX)),
		      err);
}

/* The table. */

#define JSON_TYPE "application/json; charset=utf-8"

static const struct rfa_hook_format formats[] = {
	{ .name = "json", .type = JSON_TYPE, .fill = fill_json },
	{ .name = "slack", .type = JSON_TYPE, .fill = fill_slack },
	{ .name = "feishu",
	  .type = JSON_TYPE,
	  .fill = fill_feishu,
	  .codes = { "code", "StatusCode" },
	  .own_signature = 1 },
	{ .name = "dingtalk",
	  .type = JSON_TYPE,
	  .fill = fill_dingtalk,
	  .codes = { "errcode" },
	  .own_signature = 1 },
	{ .name = "wecom", .type = JSON_TYPE, .fill = fill_wecom, .codes = { "errcode" } },
	{ .name = "text", .type = "text/plain; charset=utf-8", .fill = fill_text },
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

const struct rfa_hook_format *rfa_hook_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

const char *const *rfa_notify_formats(void)
{
	static const char *const names[] = { "json",  "slack", "feishu", "dingtalk",
					     "wecom", "text",  NULL };

	return names;
}

int rfa_hook_taken(const struct rfa_hook_format *format, const char *body, size_t len,
		   struct rfa_error *err)
{
	json_t *said = NULL, *code = NULL;
	int rc = 0;

	if (!format->codes[0])
		return 0;
	if (rfa_facts_parse(&said, body, len, "the answer", NULL))
		return rfa_fail(err, RFA_EPROTOCOL, "notify",
				"the answer is not that of %s: no JSON", format->name);
	for (size_t i = 0; !code && format->codes[i]; i++)
		code = json_object_get(said, format->codes[i]);
	if (!json_is_integer(code))
		rc = rfa_fail(err, RFA_EPROTOCOL, "notify",
			      "the answer is not that of %s: it has no %s", format->name,
			      format->codes[0]);
	else if (json_integer_value(code))
		rc = rfa_fail(err, RFA_EREMOTE, "notify", "%s did not take it: %s %" PRId64,
			      format->name, format->codes[0], (int64_t)json_integer_value(code));
	json_decref(said);
	return rc;
}
