/* What is told of a run, out of the ledger, without secrets. */
#ifndef RFA_CLI_NOTIFY_MESSAGE_H
#define RFA_CLI_NOTIFY_MESSAGE_H

#include "cli/frame/cli.h"
#include "cli/notify/teller.h"
#include "transports/notify/notify.h"

struct rfa_message_made {
	struct rfa_notice notice;
	json_t *texts; /* owned; what the notice points at */
};

/* To be released whatever the answer. Errors: of the ledger. */
int rfa_message_make(struct rfa_cli *cli, const char *channel, const struct rfa_tiding *tiding,
		     struct rfa_message_made *out, struct rfa_error *err) RFA_MUST_USE;
/* One that says nothing but that it is a test; each has an id of its own. */
int rfa_message_test(struct rfa_cli *cli, const char *channel, struct rfa_message_made *out,
		     struct rfa_error *err) RFA_MUST_USE;
void rfa_message_made_release(struct rfa_message_made *made);

#endif
