/* HTTP by libcurl over a transport's tunnel: a service on a host's loopback is reached without curl
 * there. And whether anybody listens on a port at all. */
#ifndef RFA_TRANSPORTS_HTTP_H
#define RFA_TRANSPORTS_HTTP_H

#include "transports/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_http_request {
	const char *url;         /* http:// or https://; host and port as seen from the machine */
	const char *host_header; /* NULL: from the URL */
	const char *method;      /* NULL: GET, or POST where there is a body */
	const char *send;        /* the body, may be secret; NULL: none */
	const char *send_type;   /* its Content-Type; NULL: a form's */
	unsigned follow;         /* redirects that are followed at most; 0: none */
	int64_t timeout_ms;      /* the whole request, with its redirects; 0: 5000 */
	size_t max_body;         /* bytes kept of the body; more is dropped; 0: 64 KiB */
	int insecure_tls;        /* 1: accept any certificate (said in the configuration) */
	int here;                /* of a host: asked from this machine, not from the host */
	const char *shown;       /* what errors call it: a URL without its secrets; NULL: url */
};

struct rfa_http_reply {
	int status;             /* the HTTP status */
	struct rfa_buf headers; /* rfa_http_reply_header() reads them */
	struct rfa_buf body;
}; /* released by rfa_http_reply_release() */

/* As it is before anything came; max_body: of the request. */
RFA_API void rfa_http_reply_init(struct rfa_http_reply *reply, size_t max_body);
RFA_API void rfa_http_reply_release(struct rfa_http_reply *reply);
/*
 * The value of a header (any case) that is there `at` + 1 times or more, borrowed; NULL: it is not.
 */
RFA_API const char *rfa_http_reply_header(const struct rfa_http_reply *reply, const char *name,
					  size_t at);

/* 1 if a status is the one that is wanted: "204", or a class as "2xx". */
RFA_API int rfa_http_status_fits(int status, const char *wanted);

/*
 * One request; no proxy, no cookies. A redirect is followed only if the request says so, never from
 * https to http; to another place (scheme, host, port) go neither the body nor the Host header.
 * With `follow`, one redirect too many is PROTOCOL. Errors: UNREACHABLE (nobody listens; severity
 * RETRY), STALLED (RETRY), PROTOCOL; of the way there: LOST (the transport itself broke: UNKNOWN),
 * FORWARDING (the SSH server opens no connections), and those of connect. reply is valid only on 0.
 */
RFA_API int rfa_http_ask(struct rfa_transport *t, const struct rfa_http_request *request,
			 struct rfa_http_reply *reply, struct rfa_error *err) RFA_MUST_USE;

/*
 * Opens a TCP connection as seen from the machine, and closes it. Errors: UNREACHABLE (RETRY) when
 * nobody listens, or who listens hangs up within a quarter of a second without a word (so does a
 * port that Docker forwards to nobody); those of the way there, as above.
 */
RFA_API int rfa_knock(struct rfa_transport *t, const char *host, unsigned port,
		      struct rfa_error *err) RFA_MUST_USE;

/* 1: the service itself was reached, or is not there; 0: the means of looking failed. */
RFA_API int rfa_http_is_service(const struct rfa_error *err);

#ifdef __cplusplus
}
#endif
#endif
