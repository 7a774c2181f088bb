/* Opens channels: sessions that run a command, and connections from the other side (direct-tcpip).
 */
#include <stdio.h>
#include <string.h>

#include "fsm/base/quote.h"
#include "transports/ssh/channel.h"
#include "transports/ssh/open.h"

/* A larger window makes sshd buffer it; a smaller one caps a slow round trip sooner. */
#define WINDOW (2u << 20)
#define PACKET 32768u
/* How long a server may take to see the end of a session that was closed. */
#define PLACE_MS 10000
#define PLACE_STEP_MS 20
/* libssh2 refuses to send a packet above 35000 bytes, and a request is one packet. */
#define COMMAND_MAX ((size_t)32000)

/*
 * What the server runs is read by the user's login shell, which may be csh, tcsh or fish. All of
 * them read one line of words and of single quotes alike, as long as it has no backslash and no
 * exclamation mark. Any other command goes as the octal digits that printf makes it from, for a sh
 * that reads it as it is.
 */
static int for_login_shell(struct rfa_buf *out, const char *const argv[])
{
	struct rfa_buf command = RFA_BUF_INIT(COMMAND_MAX);
	const char *text;
	const unsigned char *p;

	rfa_quote_argv(&command, argv);
	text = rfa_buf_str(&command);
	if (command.failed || !strpbrk(text, "\\!\n\r")) {
		rfa_buf_release(out);
		*out = command;
		return out->failed;
	}
	rfa_buf_puts(out, "sh -c 'eval \"$(printf \"");
	for (p = (const unsigned char *)text; *p; p++) {
		if (*p == '%')
			rfa_buf_puts(out, "%%");
		else if (*p < ' ' || *p > '~' || strchr("'\"\\$`!", *p))
			rfa_buf_printf(out, "\\%03o", *p);
		else
			rfa_buf_putc(out, (char)*p);
	}
	rfa_buf_puts(out, "\")\"'");
	rfa_buf_release(&command);
	return out->failed;
}

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

/*
 * A session that was closed lately is counted by the server until its command has ended, so the
 * refusal may pass. Else it stands; then it is known how many the server opens, and nobody waits
 * again while as many are open.
 */
static int await_place(struct rfa_ssh_hop *hop, struct rfa_error *err)
{
	int64_t now = hop->clock->mono_ms(hop->clock);

	if ((hop->most && hop->sessions >= hop->most) || (hop->cancel && *hop->cancel))
		return -(int)RFA_ESESSIONS;
	if (!hop->left_ms || now - hop->left_ms > PLACE_MS) {
		hop->most = hop->sessions;
		return -(int)RFA_ESESSIONS;
	}
	hop->clock->sleep_ms(hop->clock, PLACE_STEP_MS);
	return rfa_ssh_hop_tend(hop, err);
}

static int open_session(LIBSSH2_CHANNEL **out, struct rfa_ssh_hop *hop, int64_t timeout_ms,
			struct rfa_error *err)
{
	int64_t until = hop->clock->mono_ms(hop->clock) + timeout_ms;
	LIBSSH2_CHANNEL *channel;

	while (!(channel = libssh2_channel_open_ex(hop->session, "session", sizeof("session") - 1,
						   WINDOW, PACKET, NULL, 0))) {
		int rc = libssh2_session_last_errno(hop->session);

		if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE) {
			rfa_fail(err, RFA_ESESSIONS, "ssh", "%s opens no further session: %s",
				 hop->name, rfa_ssh_words(hop->session));
			rfa_error_hint(err, "raise MaxSessions in its sshd_config to 2 or more");
			rc = await_place(hop, err);
			if (rc)
				return rc;
			until = hop->clock->mono_ms(hop->clock) + timeout_ms;
			continue;
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
	rfa_fail(err, RFA_ENOSHELL, "ssh", "%s runs no commands: %s", hop->name,
		 rfa_ssh_words(hop->session));
	return rfa_error_hint(err, "connect as a user whose sshd_config and authorized_keys let "
				   "it run commands");
}

int rfa_ssh_exec(struct rfa_stream **out, struct rfa_ssh_hop *hop, const char *const argv[],
		 int64_t timeout_ms, struct rfa_error *err)
{
	struct rfa_buf command = RFA_BUF_INIT(COMMAND_MAX);
	int64_t until = hop->clock->mono_ms(hop->clock) + timeout_ms;
	LIBSSH2_CHANNEL *channel = NULL;
	int sent = 0;
	int rc;

	for_login_shell(&command, argv);
	rc = rfa_buf_check(&command, err);
	if (rc == -(int)RFA_ETOOBIG)
		rfa_error_hint(err, "send it as a script on standard input");
	if (!rc)
		rc = rfa_ssh_hop_tend(hop, err);
	if (!rc)
		rc = finish_stale(hop, until, err);
	if (!rc)
		rc = open_session(&channel, hop, timeout_ms, err);
	if (!rc) {
		sent = 1;
		until = hop->clock->mono_ms(hop->clock) + timeout_ms;
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

/*
 * RFC 4254, 5.1 gives a reason: that the server may not connect is another matter than that nobody
 * listens there. libssh2 passes the reason on in its words only.
 */
static int refused_tunnel(struct rfa_ssh_hop *hop, const char *host, unsigned port,
			  struct rfa_error *err)
{
	const char *words = rfa_ssh_words(hop->session);

	if (!strstr(words, "prohibited") && !strstr(words, "unknown channel type"))
		return rfa_fail(err, RFA_EUNREACHABLE, "ssh", "%s cannot connect to %s port %u: %s",
				hop->name, host, port, words);
	rfa_fail(err, RFA_EFORWARDING, "ssh",
		 "the SSH server of %s opens no connection to %s port %u for rfa: %s", hop->name,
		 host, port, words);
	return rfa_error_hint(err,
			      "allow it in its sshd_config: AllowTcpForwarding local (and "
			      "PermitOpen %s:%u, where that is set; no DisableForwarding); in "
			      "authorized_keys: no \"restrict\" or \"no-port-forwarding\"",
			      host, port);
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
			rc = refused_tunnel(hop, host, port, err);
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
	if (rc && rc != -(int)RFA_EFORWARDING)
		rfa_error_as(err, RFA_RETRY);
	return rc;
}
