/* HTTP by libcurl over a transport's tunnel: a service on a host's loopback is reached without curl
 * there. */
#ifndef RFA_TRANSPORTS_HTTP_H
#define RFA_TRANSPORTS_HTTP_H

#include "transports/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_http_request {
	const char *url;         /* http:// or https://; host and port as seen from the machine */
	const char *host_header; /* NULL: from the URL */
	int64_t timeout_ms;      /* the whole request; 0: 5000 */
	size_t max_body;         /* bytes kept of the body; more is dropped; 0: 64 KiB */
	int insecure_tls;        /* 1: accept any certificate (said in the configuration) */
	const char *shown;       /* what errors call it: a URL without its secrets; NULL: url */
};

struct rfa_http_reply {
	int status;          /* the HTTP status */
	struct rfa_buf body; /* released by rfa_http_reply_release() */
};

/*
 * One GET, no redirects followed, no proxy, no cookies. Errors: UNREACHABLE (nobody listens;
 * severity RETRY), STALLED (RETRY), PROTOCOL; of the way there: LOST (the transport itself broke:
 * UNKNOWN), FORWARDING (the SSH server opens no connections), and those of connect.
 * reply is valid only on 0.
 */
RFA_API int rfa_http_get(struct rfa_transport *t, const struct rfa_http_request *request,
			 struct rfa_http_reply *reply, struct rfa_error *err) RFA_MUST_USE;
/* 1: the service itself was reached, or is not there; 0: the means of looking failed. */
RFA_API int rfa_http_is_service(const struct rfa_error *err);
RFA_API void rfa_http_reply_release(struct rfa_http_reply *reply);

#ifdef __cplusplus
}
#endif
#endif
