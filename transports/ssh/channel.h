/* A channel as a stream. */
#ifndef RFA_TRANSPORTS_SSH_CHANNEL_H
#define RFA_TRANSPORTS_SSH_CHANNEL_H

#include "transports/ssh/session.h"

/*
 * A channel as a stream, which owns it (also on failure) and takes a reference on
 * the hop.
 */
int rfa_ssh_stream(struct rfa_stream **out, struct rfa_ssh_hop *hop, LIBSSH2_CHANNEL *channel,
		   int is_command, struct rfa_error *err) RFA_MUST_USE;

#endif
