/* Texts of HTTP that libcurl reads: URLs and dates. */
#ifndef RFA_TRANSPORTS_HTTP_TEXT_H
#define RFA_TRANSPORTS_HTTP_TEXT_H

#include <stdint.h>

#include "fsm/base/buf.h"

/* Where a URL leads to: what a connection is opened to. */
struct rfa_http_place {
	int tls;        /* 1: https, 0: http */
	char host[256]; /* an IPv6 address without its brackets */
	unsigned port;
};

/*
 * Errors: CONFIG, when `url` is not http or https, or has no host that can be used; they call it
 * `shown` (NULL: url).
 */
int rfa_http_place(struct rfa_http_place *out, const char *url, const char *shown,
		   struct rfa_error *err) RFA_MUST_USE;
/* 1 if both have the same scheme, host and port (an origin, RFC 6454). */
int rfa_http_same_place(const struct rfa_http_place *a, const struct rfa_http_place *b);
/* 1 if the host is this machine whoever asks: "localhost", 127.0.0.0/8, ::1. */
int rfa_http_is_loopback(const char *host);

/*
 * Appends the URL that a Location header means, seen from `base` (RFC 3986), without its user,
 * password and fragment. Errors: PROTOCOL, when it is no URL; NOMEM.
 */
int rfa_http_join(struct rfa_buf *out, const char *base, const char *location,
		  struct rfa_error *err) RFA_MUST_USE;

/*
 * The seconds that a Retry-After header asks to wait (RFC 9110, 10.2.3): a number or a date. -1: it
 * says neither.
 */
int64_t rfa_http_retry_after(const char *value, int64_t wall_ms);

#endif
