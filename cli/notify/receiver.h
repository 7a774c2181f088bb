/* A channel of rfa.json: whom it is for, and which runs it wants. */
#ifndef RFA_CLI_NOTIFY_RECEIVER_H
#define RFA_CLI_NOTIFY_RECEIVER_H

#include "cli/frame/cli.h"
#include "cli/notify/teller.h"
#include "transports/notify/notify.h"

/* What a receiver is made of; its values are overwritten when it is released. */
struct rfa_receiver_made {
	struct rfa_receiver receiver;
	struct rfa_buf url, shown, secret, password;
	char *ca;
	const char **to, **command; /* owned lists of borrowed texts */
};

/* The keys of a channel, borrowed; NULL: there is no such channel. */
const json_t *rfa_channel_keys(const struct rfa_cli *cli, const char *name);
/* "succeeded", "rolled-back" …: as "on" has it. */
const char *rfa_tiding_verdict(const struct rfa_tiding *tiding);
/* 1 if a channel wants to know. */
int rfa_channel_wants(const json_t *keys, const struct rfa_tiding *tiding);
/*
 * The receiver with its secrets, for whose commands it runs them. To be released whatever the
 * answer. Errors: CONFIG, NOTFOUND for a secret without a value.
 */
int rfa_receiver_make(struct rfa_cli *cli, const json_t *keys, struct rfa_receiver_made *out,
		      struct rfa_error *err) RFA_MUST_USE;
void rfa_receiver_release(struct rfa_receiver_made *made);

#endif
