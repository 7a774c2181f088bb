/* A notice as a mail. */
#ifndef RFA_TRANSPORTS_NOTIFY_MAIL_H
#define RFA_TRANSPORTS_NOTIFY_MAIL_H

#include "fsm/base/buf.h"
#include "transports/notify/notify.h"

/* The whole mail, headers and body. now_ms: its date. Errors: NOMEM, TOOBIG. */
int rfa_mail_write(struct rfa_buf *out, const struct rfa_receiver *to,
		   const struct rfa_notice *notice, int64_t now_ms,
		   struct rfa_error *err) RFA_MUST_USE;

#endif
