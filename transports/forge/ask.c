/* One page is asked for: with the token, if there is one, and never at another place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/wipe.h"
#include "transports/forge/inside.h"
#include "transports/http_call.h"

enum { IDLE_MS = 30000, WAIT_S = 60, MOST_WAIT_S = 24 * 3600 };

struct asking {
	const struct rfa_forge_source *source;
	struct rfa_forge_page *page;
	struct rfa_http_place place;
};

static struct rfa_clock *clock_of(const struct rfa_forge_source *source)
{
	return source->clock ? source->clock : rfa_clock_system();
}

/* Seconds until a moment, since 1970; 0 where it says none. */
static int64_t seconds_until(const char *value, int64_t now_ms)
{
	size_t digits = strspn(value, "0123456789");

	return digits && digits < 12 ? strtoll(value, NULL, 10) - now_ms / 1000 : 0;
}

/* Seconds that it wants to be left alone; 0: it does not. */
static int64_t wait_of(const struct rfa_http_head *head, int64_t now_ms)
{
	static const char *const resets[] = { "x-ratelimit-reset", "RateLimit-Reset" };
	const char *left = rfa_http_header(head, "x-ratelimit-remaining", 0);
	int is_limit = head->status == 429 || (left && !strcmp(left, "0"));
	const char *value = rfa_http_header(head, "Retry-After", 0);
	int64_t seconds = value ? rfa_http_retry_after(value, now_ms) : 0;
	size_t i;

	if (seconds > 0 || (head->status != 403 && head->status != 429))
		return seconds > 0 ? seconds : 0;
	is_limit |= rfa_http_header(head, "RateLimit-Reset", 0) != NULL;
	for (i = 0; is_limit && seconds <= 0 && i < 2; i++) {
		value = rfa_http_header(head, resets[i], 0);
		seconds = value ? seconds_until(value, now_ms) : 0;
	}
	return !is_limit ? 0 : seconds > 0 ? seconds : WAIT_S;
}

/* `<https://…?page=2>; rel="next", <…>; rel="last"` (RFC 8288). */
static int take_next(struct rfa_forge_page *page, const char *link, struct rfa_error *err)
{
	const char *rel, *open, *close;

	for (open = strchr(link, '<'); open; open = strchr(close, '<')) {
		close = strchr(open, '>');
		if (!close)
			return 0;
		rel = strstr(close, "rel=");
		if (!rel || (strncmp(rel, "rel=\"next\"", 10) != 0 && strncmp(rel, "rel=next", 8)))
			continue;
		if (strcspn(close, ",") < (size_t)(rel - close))
			continue;
		rfa_buf_add(&page->next, open + 1, (size_t)(close - open - 1));
		return rfa_buf_check(&page->next, err);
	}
	return 0;
}

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct asking *a = user;
	struct rfa_clock *clock = clock_of(a->source);
	const char *value;
	int64_t seconds;
	int rc = 0;

	a->page->status = head->status;
	if (head->status >= 400) {
		seconds = wait_of(head, clock->wall_ms(clock));
		seconds = seconds > MOST_WAIT_S ? MOST_WAIT_S : seconds;
		a->page->wait_ms = seconds ? clock->wall_ms(clock) + seconds * 1000 : 0;
	}
	value = rfa_http_header(head, "ETag", 0);
	if (value && head->status == 200 && rfa_buf_puts(&a->page->new_etag, value))
		rfa_buf_clear(&a->page->new_etag);
	value = rfa_http_header(head, "Link", 0);
	if (value && head->status == 200)
		rc = take_next(a->page, value, err);
	return rc;
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct asking *a = user;

	if (a->page->status != 200)
		return RFA_HTTP_ENOUGH;
	rfa_buf_add(&a->page->body, data, len);
	return rfa_buf_check(&a->page->body, err);
}

static int wrong(const struct asking *a, enum rfa_code code, const char *what, const char *hint,
		 struct rfa_error *err)
{
	rfa_fail(err, code, "forge", "%s", what);
	err->native = a->page->status;
	rfa_error_where(err, "%.120s", a->page->url);
	return rfa_error_hint(err, "%s", hint);
}

static int limited(const struct asking *a, struct rfa_error *err)
{
	char until[RFA_TIME_MAX];

	rfa_time_iso(a->page->wait_ms, until);
	rfa_fail(err, RFA_ERATELIMIT, "forge", "the forge takes no more questions until %s", until);
	rfa_error_where(err, "%.120s", a->page->url);
	return rfa_error_hint(err, "%s",
			      a->source->token
				  ? "ask it less often"
				  : "with a token it takes more: watch.token of rfa.json");
}

static int judge(const struct asking *a, struct rfa_error *err)
{
	int status = a->page->status;
	char what[80];

	if (status == 200 || (status == 304 && a->page->etag))
		return 0;
	if (a->page->wait_ms)
		return limited(a, err);
	snprintf(what, sizeof(what), "the forge answers %d", status);
	if (status == 401 || status == 403)
		return wrong(a, RFA_EAUTH,
			     a->source->token ? "the forge does not take our token"
					      : "the forge wants a token",
			     "look at watch.token of rfa.json: it needs the right to read releases",
			     err);
	if (status == 404)
		return wrong(a, RFA_ENOTFOUND, "the forge has no such project",
			     "correct watch.project or watch.api of rfa.json; a project that is "
			     "not public needs watch.token",
			     err);
	if (status >= 300 && status < 400)
		return wrong(a, RFA_EPROTOCOL, "the forge sends us to another place",
			     "write its new address into watch.api or watch.project of rfa.json",
			     err);
	if (status >= 500)
		return wrong(a, RFA_EUNREACHABLE, what, "it is asked again at the next time", err);
	return wrong(a, RFA_EPROTOCOL, what, "correct watch.api of rfa.json", err);
}

static int judge_end(const struct asking *a, const struct rfa_http_outcome *outcome,
		     struct rfa_error *err)
{
	switch (outcome->end) {
	case RFA_HTTP_ANSWERED:
		return judge(a, err);
	case RFA_HTTP_LATE:
		return wrong(a, RFA_ESTALLED, "the forge does not answer", "try it by hand: curl",
			     err);
	case RFA_HTTP_UNTRUSTED:
		return wrong(a, RFA_EHOSTKEY, "the certificate of the forge is not trusted",
			     "name the file with its authority in watch.ca of rfa.json", err);
	case RFA_HTTP_HUNG_UP:
	case RFA_HTTP_CUT:
		return wrong(a, RFA_EUNREACHABLE, "the forge hung up", "it is asked again", err);
	default:
		return wrong(a, RFA_EPROTOCOL, outcome->text, "correct watch.api of rfa.json", err);
	}
}

static int call(struct asking *a, const struct rfa_forge_kind *kind, struct rfa_error *err)
{
	const struct rfa_forge_source *s = a->source;
	struct rfa_buf auth = RFA_BUF_INIT(64 << 10), same = RFA_BUF_INIT(4096);
	int64_t idle = s->idle_timeout_ms ? s->idle_timeout_ms : IDLE_MS;
	const char *headers[4] = { kind->accept };
	struct rfa_http_outcome outcome;
	struct rfa_transport *here = NULL;
	struct rfa_http_call call = { .url = a->page->url,
				      .headers = headers,
				      .ca_file = s->ca,
				      .timeout_ms = 10 * idle,
				      .idle_ms = idle,
				      .on_head = take_head,
				      .on_body = take_body,
				      .user = a };
	size_t n = 1;
	int rc = rfa_transport_local(&here, "this machine", err);

	if (s->token && !rfa_buf_printf(&auth, "%s%s", kind->auth, s->token))
		headers[n++] = rfa_buf_str(&auth);
	if (a->page->etag && !rfa_buf_printf(&same, "If-None-Match: %s", a->page->etag))
		headers[n++] = rfa_buf_str(&same);
	if (!rc)
		rc = rfa_buf_check(&auth, err);
	if (!rc) {
		here->clock = s->clock;
		here->cancel = s->cancel;
		rc = rfa_http_call(here, &call, &outcome, err);
	}
	if (!rc)
		rc = judge_end(a, &outcome, err);
	rfa_transport_free(here);
	rfa_wipe_buf(&auth);
	rfa_buf_release(&same);
	return rc;
}

/* A token is for the forge that rfa.json names. The next page of it is there, too. */
static int check_place(struct asking *a, struct rfa_error *err)
{
	struct rfa_http_place home;
	int rc = rfa_http_place(&home, a->source->api, NULL, err);

	if (!rc)
		rc = rfa_http_place(&a->place, a->page->url, NULL, err);
	if (rc)
		return rc;
	if (!rfa_http_same_place(&home, &a->place))
		return wrong(a, RFA_EPROTOCOL, "the next page of the list is at another place",
			     "write the address of that one into watch.api of rfa.json", err);
	if (a->source->token && !home.tls && !rfa_http_is_loopback(home.host))
		return wrong(a, RFA_ECONFIG,
			     "the token would go over http, where anybody can "
			     "read it",
			     "write https:// in watch.api of rfa.json", err);
	return 0;
}

int rfa_forge_ask(const struct rfa_forge_source *source, const struct rfa_forge_kind *kind,
		  struct rfa_forge_page *page, struct rfa_error *err)
{
	struct asking a = { .source = source, .page = page };
	int rc = check_place(&a, err);

	return rc ? rc : call(&a, kind, err);
}

void rfa_forge_page_release(struct rfa_forge_page *page)
{
	rfa_buf_release(&page->body);
	rfa_buf_release(&page->new_etag);
	rfa_buf_release(&page->next);
}
