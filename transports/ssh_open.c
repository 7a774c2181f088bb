/* Opens channels: sessions that run a command, and connections from the other side (direct-tcpip).
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/quote.h"
#include "transports/ssh_session.h"

/* A larger window makes sshd buffer it; a smaller one caps a slow round trip sooner. */
#define WINDOW (2u << 20)
#define PACKET 32768u
/* libssh2 refuses to send a packet above 35000 bytes, and a request is one packet. */
#define COMMAND_MAX ((size_t)32000)

/* Ends an opening that a former call gave up waiting for. */
static int finish_stale(struct rfa_ssh_hop *hop, int64_t until, struct rfa_error *err)
{
	while (hop->stale) {
		LIBSSH2_CHANNEL *channel = libssh2_channel_direct_tcpip_ex(
		    hop->session, hop->stale_host, hop->stale_port, "127.0.0.1", 1);
		int rc;

		if (channel)
			rfa_ssh_hop_leave(hop, channel);
		if (channel || libssh2_session_last_errno(hop->session) != LIBSSH2_ERROR_EAGAIN) {
			hop->stale = 0;
			break;
		}
		rc = rfa_ssh_hop_await(hop, until, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* Waits inside an opening; a silent connection ends it earlier than `until`. */
static int await(struct rfa_ssh_hop *hop, int64_t until, struct rfa_error *err)
{
	int rc = rfa_ssh_hop_await(hop, until, err);

	if (!rc)
		rc = rfa_ssh_hop_tend(hop, err);
	if (!rc)
		rc = rfa_ssh_hop_watch(hop, err);
	return rc;
}

/*
 * An opening or request that was given up half-way cannot be taken back from libssh2: the
 * connection goes with it, so that the next connect() begins afresh.
 */
static int give_up(struct rfa_ssh_hop *hop, int rc, struct rfa_error *err)
{
	if (hop->session && err)
		rfa_ssh_hop_kill(hop, err);
	return rc;
}

static int open_session(LIBSSH2_CHANNEL **out, struct rfa_ssh_hop *hop, int64_t until,
			struct rfa_error *err)
{
	LIBSSH2_CHANNEL *channel;

	while (!(channel = libssh2_channel_open_ex(hop->session, "session", sizeof("session") - 1,
						   WINDOW, PACKET, NULL, 0))) {
		int rc = libssh2_session_last_errno(hop->session);

		if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE) {
			rfa_fail(err, RFA_EREMOTE, "ssh", "%s opens no further session: %s",
				 hop->name, rfa_ssh_words(hop->session));
			return rfa_error_mend(err, "raise MaxSessions in its sshd_config");
		}
		if (rc != LIBSSH2_ERROR_EAGAIN)
			return rfa_ssh_hop_broke(hop, rc, err);
		rc = await(hop, until, err);
		if (rc)
			return give_up(hop, rc, err);
	}
	*out = channel;
	return 0;
}

static int request_exec(LIBSSH2_CHANNEL *channel, struct rfa_ssh_hop *hop,
			const struct rfa_buf *command, int64_t until, struct rfa_error *err)
{
	int rc;

	while ((rc = libssh2_channel_process_startup(channel, "exec", sizeof("exec") - 1,
						     command->data, (unsigned)command->len)) ==
	       LIBSSH2_ERROR_EAGAIN) {
		rc = await(hop, until, err);
		if (rc)
			return give_up(hop, rc, err);
	}
	if (!rc)
		return 0;
	if (rfa_ssh_is_fatal(rc))
		return rfa_ssh_hop_broke(hop, rc, err);
	rfa_fail(err, RFA_EREMOTE, "ssh", "%s runs no commands: %s", hop->name,
		 rfa_ssh_words(hop->session));
	return rfa_error_as(err, RFA_FATAL);
}

int rfa_ssh_exec(struct rfa_stream **out, struct rfa_ssh_hop *hop, const char *const argv[],
		 int64_t timeout_ms, struct rfa_error *err)
{
	struct rfa_buf command = RFA_BUF_INIT(COMMAND_MAX);
	int64_t until = hop->clock->mono_ms(hop->clock) + timeout_ms;
	LIBSSH2_CHANNEL *channel = NULL;
	int sent = 0;
	int rc;

	rfa_quote_argv(&command, argv);
	rc = rfa_buf_check(&command, err);
	if (rc == -(int)RFA_ETOOBIG)
		rfa_error_mend(err, "send it as a script on standard input");
	if (!rc)
		rc = rfa_ssh_hop_tend(hop, err);
	if (!rc)
		rc = finish_stale(hop, until, err);
	if (!rc)
		rc = open_session(&channel, hop, until, err);
	if (!rc) {
		sent = 1;
		rc = request_exec(channel, hop, &command, until, err);
		if (!rc)
			rc = rfa_ssh_stream(out, hop, channel, 1, err);
		else if (hop->session)
			rfa_ssh_hop_leave(hop, channel);
	}
	if (rc && !sent && rc != -(int)RFA_ETOOBIG)
		rfa_error_as(err, RFA_RETRY);
	rfa_buf_release(&command);
	return rc;
}

int rfa_ssh_tunnel(struct rfa_stream **out, struct rfa_ssh_hop *hop, const char *host,
		   unsigned port, int64_t timeout_ms, struct rfa_error *err)
{
	int64_t until = hop->clock->mono_ms(hop->clock) + timeout_ms;
	LIBSSH2_CHANNEL *channel;
	int rc = rfa_ssh_hop_tend(hop, err);

	if (!rc)
		rc = finish_stale(hop, until, err);
	if (rc)
		goto done;
	/* The address told as ours is for the server's log only. */
	while (!(channel = libssh2_channel_direct_tcpip_ex(hop->session, host, (int)port,
							   "127.0.0.1", 1))) {
		rc = libssh2_session_last_errno(hop->session);
		if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE) {
			rc = rfa_fail(err, RFA_EUNREACHABLE, "ssh",
				      "%s cannot connect to %s port %u: %s", hop->name, host, port,
				      rfa_ssh_words(hop->session));
			goto done;
		}
		if (rc != LIBSSH2_ERROR_EAGAIN) {
			rc = rfa_ssh_hop_broke(hop, rc, err);
			goto done;
		}
		rc = await(hop, until, err);
		if (!rc)
			continue;
		if (hop->session) {
			hop->stale = 1;
			snprintf(hop->stale_host, sizeof(hop->stale_host), "%s", host);
			hop->stale_port = (int)port;
		}
		if (rc == -(int)RFA_ESTALLED)
			rc = rfa_fail(err, RFA_EUNREACHABLE, "ssh",
				      "%s did not connect to %s port %u within %lld ms", hop->name,
				      host, port, (long long)timeout_ms);
		goto done;
	}
	rc = rfa_ssh_stream(out, hop, channel, 0, err);
done:
	if (rc)
		rfa_error_as(err, RFA_RETRY);
	return rc;
}
