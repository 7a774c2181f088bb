/* GET requests to services of a host. */
#include "transports/http.h"

#include <string.h>

#include "transports/fdio.h"
#include "transports/http_call.h"

#define TIMEOUT_MS 5000
#define MAX_BODY ((size_t)64 << 10)

static int take_head(void *user, const struct rfa_http_head *head, struct rfa_error *err)
{
	struct rfa_http_reply *reply = user;

	(void)err;
	reply->status = head->status;
	return 0;
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

static int explain(const struct rfa_http_outcome *outcome, const char *url, int64_t timeout_ms,
		   struct rfa_error *err)
{
	switch (outcome->end) {
	case RFA_HTTP_LATE:
		rfa_fail(err, RFA_ESTALLED, "http", "%.120s did not answer within %lld ms", url,
			 (long long)timeout_ms);
		rfa_error_as(err, RFA_RETRY);
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

static int get(struct rfa_transport *t, const struct rfa_http_request *request,
	       struct rfa_http_reply *got, struct rfa_error *err)
{
	struct rfa_buf host = RFA_BUF_INIT(1024);
	const char *headers[2] = { NULL, NULL };
	struct rfa_http_outcome outcome;
	struct rfa_http_call call = {
		.url = request->url,
		.shown = request->shown,
		.headers = headers,
		.insecure_tls = request->insecure_tls,
		.timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS,
		.on_head = take_head,
		.on_body = take_body,
		.user = got,
	};
	int rc = 0;

	if (request->host_header) {
		if (rfa_buf_printf(&host, "Host: %s", request->host_header))
			rc = rfa_buf_check(&host, err);
		headers[0] = rfa_buf_str(&host);
	}
	if (!rc)
		rc = rfa_http_call(t, &call, &outcome, err);
	if (!rc && outcome.end != RFA_HTTP_ANSWERED)
		rc = explain(&outcome, request->shown ? request->shown : request->url,
			     call.timeout_ms, err);
	rfa_buf_release(&host);
	return rc;
}

int rfa_http_get(struct rfa_transport *t, const struct rfa_http_request *request,
		 struct rfa_http_reply *reply, struct rfa_error *err)
{
	struct rfa_http_reply got = { 0, RFA_BUF_INIT(request->max_body ? request->max_body
									: MAX_BODY) };
	int rc = get(t, request, &got, err);

	if (rc) {
		rfa_buf_release(&got.body);
		rfa_error_where(err, "%s", t->name);
		return rc;
	}
	*reply = got;
	return 0;
}

int rfa_http_is_service(const struct rfa_error *err)
{
	return !strcmp(err->domain, "http") && err->severity != RFA_UNKNOWN &&
	       (err->code == RFA_EUNREACHABLE || err->code == RFA_ESTALLED ||
		err->code == RFA_EPROTOCOL);
}

void rfa_http_reply_release(struct rfa_http_reply *reply)
{
	rfa_buf_release(&reply->body);
}
