/* How we prove who we are. */
#ifndef RFA_TRANSPORTS_SSH_AUTH_H
#define RFA_TRANSPORTS_SSH_AUTH_H

#include "transports/ssh/session.h"

/* Proves who we are, by agent and key files. Errors: AUTH, LOST, STALLED. */
int rfa_ssh_authenticate(struct rfa_ssh_hop *hop, const struct rfa_ssh_settings *settings,
			 int64_t until, struct rfa_error *err) RFA_MUST_USE;

#endif
