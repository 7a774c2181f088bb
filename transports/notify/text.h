/* A notice as lines for people. */
#ifndef RFA_TRANSPORTS_NOTIFY_TEXT_H
#define RFA_TRANSPORTS_NOTIFY_TEXT_H

#include "fsm/base/buf.h"
#include "transports/notify/notify.h"

/* Appends a value so that it cannot be more than text where it goes; it is printable already. */
typedef void rfa_notice_put(struct rfa_buf *out, const char *text, size_t len);
void rfa_notice_put_plain(struct rfa_buf *out, const char *text, size_t len);

/* "rfa: shop on prod: deploy of 1.4.0 SUCCEEDED": one line. */
void rfa_notice_title(struct rfa_buf *out, const struct rfa_notice *notice, rfa_notice_put *put);
/* What else there is to say, a line each. */
void rfa_notice_lines(struct rfa_buf *out, const struct rfa_notice *notice, rfa_notice_put *put);
/* The title and the lines, whole characters of it, at most `most` bytes. */
void rfa_notice_text(struct rfa_buf *out, const struct rfa_notice *notice, rfa_notice_put *put,
		     size_t most);

#endif
