/* The formats of webhooks, in one table: what is sent, and how the answer says that it was taken.
 */
#ifndef RFA_TRANSPORTS_NOTIFY_FORMATS_H
#define RFA_TRANSPORTS_NOTIFY_FORMATS_H

#include <jansson.h>

#include "fsm/base/buf.h"
#include "transports/notify/notify.h"

/* One request on its way. */
struct rfa_hook {
	const struct rfa_notice *notice;
	const char *secret; /* NULL: not signed */
	int64_t now_ms;
	struct rfa_buf body;
	struct rfa_buf query; /* what is added to the URL: "timestamp=…&sign=…" */
};

struct rfa_hook_format {
	const char *name;
	const char *type; /* of the body */
	/* Fills in the body, and the query. */
	int (*fill)(struct rfa_hook *, struct rfa_error *);
	/* The numbers of the answer, JSON, one of which has to be there and 0; NULL: 2xx is enough.
	 */
	const char *codes[3];
	int own_signature; /* 0: that of Standard Webhooks, in headers */
};

/* NULL: there is none. */
const struct rfa_hook_format *rfa_hook_format(const char *name);
/* What an answer of 2xx means: 0, or REMOTE. */
int rfa_hook_taken(const struct rfa_hook_format *format, const char *body, size_t len,
		   struct rfa_error *err) RFA_MUST_USE;
/* The notice as Standard Webhooks has it: {"type","timestamp","data":{…}}; new. */
int rfa_notice_json(json_t **out, const struct rfa_notice *notice,
		    struct rfa_error *err) RFA_MUST_USE;

#endif
