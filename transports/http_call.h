/* One HTTP request by libcurl over a transport's tunnel: what all clients of HTTP rest on. */
#ifndef RFA_TRANSPORTS_HTTP_CALL_H
#define RFA_TRANSPORTS_HTTP_CALL_H

#include "transports/transport.h"

/* The head of an answer: its status and its headers. Valid inside of on_head only. */
struct rfa_http_head {
	int status;
	void *easy; /* libcurl's */
};

/* The value of a header (any case) that is there `at` + 1 times or more; NULL: it is not. Borrowed
 * until the next call. */
const char *rfa_http_header(const struct rfa_http_head *head, const char *name, size_t at);

/* Appends all headers, in the order of the answer: name and value, each with a NUL behind it. */
int rfa_http_headers(const struct rfa_http_head *head, struct rfa_buf *out,
		     struct rfa_error *err) RFA_MUST_USE;

/* Answered by on_head and on_body: no more is wanted, and the call succeeds. */
enum { RFA_HTTP_ENOUGH = 1 };

struct rfa_http_call {
	const char *url;            /* http:// or https://; as seen from the transport's machine */
	const char *shown;          /* what errors call it: without its secrets; NULL: url */
	const char *const *headers; /* whole lines, NULL-terminated; may be secret; NULL: none */
	const char *method;         /* "PUT"; NULL: GET, or POST where there is a body */
	const char *form;           /* the body, may be secret; NULL: none. A form, unless a header
					says otherwise */
	const char *ca_file;        /* certificates to trust beside the system's (PEM); NULL */
	int insecure_tls;           /* 1: any certificate is accepted */
	int64_t timeout_ms;         /* from the call to its end; 0: no limit */
	int64_t idle_ms;            /* without a byte, or ten times that with few; 0: no limit */
	/*
	 * The head, once, before the body; then the body, piece by piece. NULL: not wanted. They
	 * answer 0, RFA_HTTP_ENOUGH, or the negative code of an error, with which the call ends.
	 * The time that they take counts for no limit.
	 */
	int (*on_head)(void *user, const struct rfa_http_head *head, struct rfa_error *err);
	int (*on_body)(void *user, const void *data, size_t len, struct rfa_error *err);
	void *user;
};

/* How it ended, once there was a connection. */
enum rfa_http_end {
	RFA_HTTP_ANSWERED,
	RFA_HTTP_LATE,      /* over a limit of time */
	RFA_HTTP_HUNG_UP,   /* the other side closed the connection */
	RFA_HTTP_CUT,       /* the answer is shorter than it said */
	RFA_HTTP_UNTRUSTED, /* its certificate is not trusted, or is another name's */
	RFA_HTTP_NO_TLS,    /* no TLS came about */
	RFA_HTTP_NONSENSE,  /* anything else that libcurl does not like */
};
struct rfa_http_outcome {
	enum rfa_http_end end;
	int native;       /* libcurl's code */
	const char *text; /* libcurl's text for it; static */
	char detail[256]; /* more of it, or ""; may have text of the server's: not printable */
};

/*
 * One request. No redirect is followed, no proxy asked, no cookie or .netrc used, no password of
 * the person's taken. 0: `outcome` tells how it ended. Errors: of the way there: UNREACHABLE
 * (domain "http": nobody listens, RETRY), LOST (the transport itself broke), FORWARDING, those of
 * connect; of the callbacks; CONFIG (the URL, the CA file), CANCELLED, NOMEM, INTERNAL.
 * What was sent is overwritten in memory when the call ends; libcurl's own copies are not.
 */
int rfa_http_call(struct rfa_transport *t, const struct rfa_http_call *call,
		  struct rfa_http_outcome *outcome, struct rfa_error *err) RFA_MUST_USE;

#endif
