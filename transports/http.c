/* Requests to services of a host. */
#include "transports/http.h"

#include <string.h>
#include <strings.h>

#include "fsm/base/wipe.h"
#include "transports/fdio.h"
#include "transports/http_call.h"
#include "transports/http_text.h"

#define TIMEOUT_MS 5000
#define MAX_BODY ((size_t)64 << 10)
#define MAX_HEADERS ((size_t)512 << 10)
#define MAX_URL ((size_t)1 << 18)

/* The reply. */

void rfa_http_reply_init(struct rfa_http_reply *reply, size_t max_body)
{
	*reply = (struct rfa_http_reply){ 0, RFA_BUF_INIT(MAX_HEADERS),
					  RFA_BUF_INIT(max_body ? max_body : MAX_BODY) };
}

void rfa_http_reply_release(struct rfa_http_reply *reply)
{
	rfa_buf_release(&reply->headers);
	rfa_buf_release(&reply->body);
}

const char *rfa_http_reply_header(const struct rfa_http_reply *reply, const char *name, size_t at)
{
	const char *one = rfa_buf_str(&reply->headers);
	const char *end = one + reply->headers.len;

	while (one < end) {
		const char *value = one + strlen(one) + 1;

		if (!strcasecmp(one, name) && !at--)
			return value;
		one = value + strlen(value) + 1;
	}
	return NULL;
}

int rfa_http_status_fits(int status, const char *wanted)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", status);
	if (strlen(wanted) == 3 && !strcmp(wanted + 1, "xx"))
		return text[0] == wanted[0] && strlen(text) == 3;
	return !strcmp(text, wanted);
}

/* One request. */

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct rfa_http_reply *reply = user;

	reply->status = head->status;
	return rfa_http_headers(head, &reply->headers, err);
}

static int take_body(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct rfa_http_reply *reply = user;
	size_t left = reply->body.max - reply->body.len;

	if (rfa_buf_add(&reply->body, data, len < left ? len : left))
		return rfa_buf_check(&reply->body, err);
	/* Ending the transfer here keeps an endless answer from using up the time-out. */
	return len > left ? RFA_HTTP_ENOUGH : 0;
}

static int late(const char *url, int64_t timeout_ms, struct rfa_error *err)
{
	rfa_fail(err, RFA_ESTALLED, "http", "%.120s did not answer within %lld ms", url,
		 (long long)timeout_ms);
	return rfa_error_as(err, RFA_RETRY);
}

static int explain(const struct rfa_http_outcome *outcome, const char *url, int64_t timeout_ms,
		   struct rfa_error *err)
{
	switch (outcome->end) {
	case RFA_HTTP_LATE:
		late(url, timeout_ms, err);
		break;
	case RFA_HTTP_HUNG_UP:
		/* What a port that Docker forwards does while its container is still starting. */
		rfa_fail(err, RFA_EUNREACHABLE, "http",
			 "%.120s took the connection and closed it without an answer", url);
		rfa_error_as(err, RFA_RETRY);
		break;
	case RFA_HTTP_UNTRUSTED:
		rfa_fail(err, RFA_EPROTOCOL, "http", "the certificate of %.120s is not trusted",
			 url);
		rfa_error_hint(err, "give it a certificate for that name, or set insecure_tls for "
				    "this check");
		break;
	default:
		rfa_fail(err, RFA_EPROTOCOL, "http", "%.120s: %s", url, outcome->text);
		break;
	}
	if (err)
		err->native = outcome->native;
	return err ? -(int)err->code : -(int)RFA_EPROTOCOL;
}

/* Where a request stands: each redirect leads it to the next place. */
struct hop {
	struct rfa_http_request request;
	const char *shown;
	struct rfa_buf url; /* of a redirect; holds what the request points at */
	int64_t whole_ms;   /* the limit of all of it */
	unsigned followed;
};

static int ask_once(struct rfa_transport *t, const struct hop *hop, struct rfa_http_reply *got,
		    struct rfa_error *err)
{
	const struct rfa_http_request *request = &hop->request;
	struct rfa_buf host = RFA_BUF_INIT(1024);
	struct rfa_buf type = RFA_BUF_INIT(1024);
	const char *headers[3] = { NULL, NULL, NULL };
	struct rfa_http_outcome outcome;
	struct rfa_http_call call = {
		.url = request->url,
		.shown = hop->shown,
		.headers = headers,
		.method = request->method,
		.form = request->send,
		.insecure_tls = request->insecure_tls,
		.timeout_ms = request->timeout_ms,
		.on_head = take_head,
		.on_body = take_body,
		.user = got,
	};
	size_t n = 0;
	int rc = 0;

	if (request->host_header) {
		(void)rfa_buf_printf(&host, "Host: %s", request->host_header);
		rc = rfa_buf_check(&host, err);
		headers[n++] = rfa_buf_str(&host);
	}
	if (!rc && request->send && request->send_type) {
		(void)rfa_buf_printf(&type, "Content-Type: %s", request->send_type);
		rc = rfa_buf_check(&type, err);
		headers[n++] = rfa_buf_str(&type);
	}
	if (!rc)
		rc = rfa_http_call(t, &call, &outcome, err);
	if (!rc && outcome.end != RFA_HTTP_ANSWERED)
		rc = explain(&outcome, hop->shown, hop->whole_ms, err);
	rfa_buf_release(&host);
	rfa_buf_release(&type);
	return rc;
}

/* Redirects. */

static int is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int astray(const struct hop *hop, const char *why, struct rfa_error *err)
{
	return rfa_fail(err, RFA_EPROTOCOL, "http", "%.120s redirects %s", hop->shown, why);
}

/* After most redirects a browser asks with GET, and sends nothing any more (RFC 9110, 15.4). */
static void become_get(struct hop *hop, int status)
{
	struct rfa_http_request *r = &hop->request;
	int is_post = r->method ? !strcmp(r->method, "POST") : r->send != NULL;

	if (status != 303 && (!is_post || status == 307 || status == 308))
		return;
	if (r->method && strcmp(r->method, "HEAD") != 0)
		r->method = NULL;
	r->send = NULL;
}

/* To another place goes nothing that was meant for the first one. */
static int move_on(struct hop *hop, const struct rfa_http_reply *got, struct rfa_error *err)
{
	const char *location = rfa_http_reply_header(got, "Location", 0);
	struct rfa_http_place from = { 0 }, to = { 0 };
	struct rfa_buf url = RFA_BUF_INIT(MAX_URL);
	int rc = rfa_http_join(&url, hop->request.url, location, err);

	if (!rc)
		rc = rfa_http_place(&from, hop->request.url, hop->shown, err);
	/* What it leads to is the server's text: it is not shown. */
	if (!rc && rfa_http_place(&to, rfa_buf_str(&url), "a redirect", err))
		rc = astray(hop, "to what is no http or https URL", err);
	if (!rc && from.tls && !to.tls)
		rc = astray(hop, "from https to http, which is not followed", err);
	if (!rc)
		become_get(hop, got->status);
	if (!rc && !rfa_http_same_place(&from, &to)) {
		hop->request.host_header = NULL;
		if (hop->request.send)
			rc = astray(hop, "the body of the request to another place", err);
	}
	rfa_wipe_buf(&hop->url);
	hop->url = url;
	hop->request.url = rfa_buf_str(&hop->url);
	hop->followed++;
	return rc;
}

/* *on: 1 if it leads elsewhere, and that is followed. */
static int look_on(struct hop *hop, const struct rfa_http_reply *got, int *on,
		   struct rfa_error *err)
{
	*on = hop->request.follow && is_redirect(got->status) &&
	      rfa_http_reply_header(got, "Location", 0);
	if (!*on)
		return 0;
	if (hop->followed == hop->request.follow)
		return astray(hop, "again and again", err);
	return move_on(hop, got, err);
}

static int ask(struct rfa_transport *t, struct hop *hop, struct rfa_http_reply *got,
	       struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(t);
	int64_t until = clock->mono_ms(clock) + hop->whole_ms;
	int on = 0;
	int rc;

	do {
		hop->request.timeout_ms = until - clock->mono_ms(clock);
		if (hop->request.timeout_ms <= 0)
			return late(hop->shown, hop->whole_ms, err);
		rfa_buf_clear(&got->headers);
		rfa_buf_clear(&got->body);
		rc = ask_once(t, hop, got, err);
		if (!rc)
			rc = look_on(hop, got, &on, err);
	} while (!rc && on);
	return rc;
}

int rfa_http_ask(struct rfa_transport *t, const struct rfa_http_request *request,
		 struct rfa_http_reply *reply, struct rfa_error *err)
{
	struct hop hop = {
		.request = *request,
		.shown = request->shown ? request->shown : request->url,
		.url = RFA_BUF_INIT(MAX_URL),
		.whole_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS,
	};
	struct rfa_http_reply got;
	int rc;

	rfa_http_reply_init(&got, request->max_body);
	rc = ask(t, &hop, &got, err);
	rfa_wipe_buf(&hop.url);
	if (rc) {
		rfa_http_reply_release(&got);
		rfa_error_where(err, "%s", t->name);
		return rc;
	}
	*reply = got;
	return 0;
}

/* Knocking. */

enum { HANG_UP_MS = 250 };

static int nobody(const char *host, unsigned port, const char *why, struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNREACHABLE, "http", "%s port %u: %s", host, port, why);
	return rfa_error_as(err, RFA_RETRY);
}

/* Who stays silent is waiting for us, as most servers do. */
static int await_hang_up(struct rfa_transport *t, struct rfa_stream *stream, int *hung_up,
			 struct rfa_error *err)
{
	struct rfa_clock *clock = rfa_transport_clock(t);
	int64_t until = clock->mono_ms(clock) + HANG_UP_MS;
	char data[256];
	size_t got = 0;
	int rc = 0;

	for (*hung_up = 0; !rc && !got && !*hung_up;) {
		int64_t left = until - clock->mono_ms(clock);

		rc = stream->ops->read(stream, data, sizeof(data), &got, hung_up, err);
		if (!rc && !got && !*hung_up) {
			if (left <= 0)
				break;
			rc = rfa_stream_wait(&stream, 1, left, t->cancel, err);
		}
	}
	/* A reset; only plain TCP shows it as an error. */
	if (rc && !strcmp(err->domain, "tcp")) {
		*hung_up = 1;
		rc = 0;
	}
	return rc;
}

int rfa_knock(struct rfa_transport *t, const char *host, unsigned port, struct rfa_error *err)
{
	struct rfa_stream *stream = NULL;
	struct rfa_error inner;
	int hung_up = 0;
	int rc = t->ops->connect(t, err);

	if (!rc)
		rc = t->ops->tunnel(t, host, port, &stream, err);
	if (rc == -(int)RFA_EUNREACHABLE) {
		inner = *err;
		rc = nobody(host, port, inner.msg, err);
	} else if (!rc) {
		rc = await_hang_up(t, stream, &hung_up, err);
	}
	if (!rc && hung_up)
		rc = nobody(host, port, "it took the connection and closed it at once", err);
	rfa_stream_close(stream);
	return rc ? rfa_error_where(err, "%s", t->name) : 0;
}

int rfa_http_is_service(const struct rfa_error *err)
{
	return !strcmp(err->domain, "http") && err->severity != RFA_UNKNOWN &&
	       (err->code == RFA_EUNREACHABLE || err->code == RFA_ESTALLED ||
		err->code == RFA_EPROTOCOL);
}
