/* How a hop is opened. */
#ifndef RFA_TRANSPORTS_SSH_LOGIN_H
#define RFA_TRANSPORTS_SSH_LOGIN_H

#include "transports/ssh/session.h"

/*
 * Handshake, host key, authentication. Errors: UNREACHABLE, HOSTKEY, AUTH, UNSUPPORTED, CONFIG,
 * CANCELLED; the host has run nothing.
 */
int rfa_ssh_hop_open(struct rfa_ssh_hop **out, const struct rfa_ssh_hop_options *options,
		     struct rfa_error *err) RFA_MUST_USE;

#endif
