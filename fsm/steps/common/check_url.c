/* A check of a URL: the request with its secrets, and what the answer must be. */
#include "fsm/steps/common/check_url.h"

#include <string.h>
#include <strings.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"
#include "fsm/steps/common/evidence.h"

/* A redirect that leads on further is no service. */
enum { REDIRECTS = 5 };
#define FILLED_MAX ((size_t)1 << 18)

/* How a value is written into what is sent. */
static enum rfa_reference_in kind_of(const char *type)
{
	size_t len = strcspn(type, "; ");

	if (!len || !strncasecmp(type, "application/x-www-form-urlencoded", len))
		return RFA_IN_FORM;
	if (!strncasecmp(type, "application/json", len) ||
	    (len > 5 && !strncasecmp(type + len - 5, "+json", 5)))
		return RFA_IN_JSON;
	return RFA_IN_PLAIN;
}

/* The texts that hold values are overwritten, whatever comes of it. */
static int ask(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_http_reply *reply,
	       struct rfa_error *err)
{
	const struct rfa_secret_source from = { ctx->secret, ctx->secret_user };
	struct rfa_buf url = RFA_BUF_INIT(FILLED_MAX);
	struct rfa_buf body = RFA_BUF_INIT(FILLED_MAX);
	struct rfa_http_request request = {
		.host_header = *check->host ? check->host : NULL,
		.method = *check->method ? check->method : NULL,
		.send_type = *check->send_type ? check->send_type : NULL,
		.follow = check->follow ? REDIRECTS : 0,
		.timeout_ms = check->timeout_s * 1000,
		.insecure_tls = check->insecure_tls,
		.here = !strcmp(check->from, "operator"),
		.shown = check->url,
	};
	int rc = rfa_reference_fill(&url, check->url, &from, err);

	if (!rc && *check->send)
		rc = rfa_reference_fill_in(&body, check->send, check->url,
					   kind_of(check->send_type), &from, err);
	request.url = rfa_buf_str(&url);
	request.send = *check->send ? rfa_buf_str(&body) : NULL;
	if (!rc)
		rc = ctx->host->ops->http_ask(ctx->host, &request, reply, err);
	rfa_wipe_buf(&url);
	rfa_wipe_buf(&body);
	return rc;
}

/* Parameters count only where they are wanted; blanks and capitals never. */
static int is_type(const char *has, const char *wanted)
{
	size_t len = strchr(wanted, ';') ? strlen(has) : strcspn(has, "; ");

	return len == strlen(wanted) && !strncasecmp(has, wanted, len);
}

static int has_header(const struct rfa_http_reply *reply, const char *name, const char *wanted)
{
	const char *value;
	size_t i;

	for (i = 0; (value = rfa_http_reply_header(reply, name, i)); i++)
		if (!strcmp(value, wanted))
			return 1;
	return 0;
}

/* What an answer has is text of elsewhere: it is shown, shortened, with what is wrong. */
static const char *shown(struct rfa_ctx *ctx, const char *value, struct rfa_buf *text)
{
	struct rfa_buf raw = RFA_BUF_INIT(1 << 20);

	rfa_buf_clear(text);
	(void)rfa_buf_puts(&raw, value);
	rfa_evidence_hide(ctx, NULL, &raw);
	(void)rfa_buf_put_printable(text, rfa_buf_str(&raw), raw.len, 80);
	rfa_buf_release(&raw);
	return rfa_buf_str(text);
}

static void judge_headers(struct rfa_ctx *ctx, const struct rfa_check *check,
			  const struct rfa_http_reply *reply, struct rfa_look *look)
{
	const char *type = rfa_http_reply_header(reply, "Content-Type", 0);
	struct rfa_buf text = RFA_BUF_INIT(1024);
	const char *name;
	json_t *value;

	if (*check->content_type && !type)
		rfa_look_ill(look, "%s says no content type instead of %s", check->url,
			     check->content_type);
	else if (*check->content_type && !is_type(type, check->content_type))
		rfa_look_ill(look, "%s has the content type %s instead of %s", check->url,
			     shown(ctx, type, &text), check->content_type);
	json_object_foreach (check->headers, name, value) {
		const char *wanted = json_string_value(value);
		const char *first = rfa_http_reply_header(reply, name, 0);

		if (has_header(reply, name, wanted ? wanted : ""))
			continue;
		rfa_look_ill(look, "the answer of %s has \"%s: %s\" instead of \"%s\"", check->url,
			     name, first ? shown(ctx, first, &text) : "(nothing)",
			     wanted ? wanted : "");
	}
	rfa_buf_release(&text);
}

static void judge(struct rfa_ctx *ctx, const struct rfa_check *check,
		  const struct rfa_http_reply *reply, struct rfa_look *look)
{
	const char *wanted = *check->status ? check->status : "200";

	if (!rfa_http_status_fits(reply->status, wanted))
		rfa_look_ill(look, "%s answers %d instead of %s", check->url, reply->status,
			     wanted);
	judge_headers(ctx, check, reply, look);
	if (*check->body && !rfa_look_finds(&reply->body, check->body))
		rfa_look_ill(look, "the answer of %s does not contain \"%s\"", check->url,
			     check->body);
	if (*check->not_body && rfa_look_finds(&reply->body, check->not_body))
		rfa_look_ill(look, "the answer of %s contains \"%s\"", check->url, check->not_body);
}

int rfa_check_url(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		  struct rfa_error *err)
{
	struct rfa_http_reply reply;
	int rc = ask(ctx, check, &reply, err);

	if (rc && rfa_http_is_service(err)) {
		rfa_look_ill(look, "%s: %s", check->url, err->msg);
		rfa_error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	judge(ctx, check, &reply, look);
	if (!look->ok)
		rfa_look_keep(ctx, look, NULL, &reply.body);
	rfa_http_reply_release(&reply);
	return 0;
}
