/* Channels: a command that runs on the host, a tunnel through it. */
#ifndef RFA_TRANSPORTS_SSH_OPEN_H
#define RFA_TRANSPORTS_SSH_OPEN_H

#include "transports/ssh/session.h"

/* A reference on the hop is taken. Severity RETRY unless a command was sent. */
int rfa_ssh_exec(struct rfa_stream **out, struct rfa_ssh_hop *hop, const char *const argv[],
		 int64_t timeout_ms, struct rfa_error *err) RFA_MUST_USE;
int rfa_ssh_tunnel(struct rfa_stream **out, struct rfa_ssh_hop *hop, const char *host,
		   unsigned port, int64_t timeout_ms, struct rfa_error *err) RFA_MUST_USE;

#endif
