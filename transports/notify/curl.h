/* One exchange by libcurl, over the network of this machine: HTTP or SMTP. */
#ifndef RFA_TRANSPORTS_NOTIFY_CURL_H
#define RFA_TRANSPORTS_NOTIFY_CURL_H

#include "fsm/base/buf.h"
#include "transports/notify/notify.h"

struct rfa_exchange {
	const struct rfa_receiver *to;
	const char *url;            /* in full */
	const char *const *headers; /* of HTTP; ends with NULL; NULL: it is mail */
	const struct rfa_buf *body;
	int64_t timeout_ms; /* of all of it, names included */
	/* The answer, of HTTP. */
	int status;
	int64_t wait_ms;       /* Retry-After; 0: none */
	struct rfa_buf answer; /* its beginning; released by the caller */
};

/*
 * 0: there was an answer, of HTTP whatever its status is; a mail was taken. No redirect is
 * followed. Errors: UNREACHABLE, STALLED, PROTOCOL, REMOTE (a mail was refused), AUTH, INTERNAL.
 */
int rfa_exchange_run(struct rfa_exchange *x, struct rfa_error *err) RFA_MUST_USE;

#endif
