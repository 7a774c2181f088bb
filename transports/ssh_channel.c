/* Channels as streams: a command, or a connection opened by the other side (direct-tcpip). */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/quote.h"
#include "transports/ssh_session.h"

/* A larger window makes sshd buffer it; a smaller one caps a slow round trip sooner. */
#define WINDOW (2u << 20)
#define PACKET 32768u
/* libssh2 refuses to send a packet above 35000 bytes, and a request is one packet. */
#define COMMAND_MAX ((size_t)32000)
#define READ_MAX ((size_t)256 << 10)
#define WRITE_MAX ((size_t)256 << 10)

/* What a call was refused, and which arrival it had last looked at. */
struct refused {
	int yes;
	uint64_t serial;
};

struct ssh_stream {
	struct rfa_stream base;
	struct rfa_ssh_hop *hop; /* a reference */
	LIBSSH2_CHANNEL *channel;
	int is_command;
	int finished; /* our end of input was sent */
	struct refused reading, writing, ending;
	struct rfa_buf tail; /* of standard error */
};

static void refuse(const struct ssh_stream *s, struct refused *r)
{
	r->yes = 1;
	r->serial = s->hop->serial;
}

/* An error of libssh2 on a channel: the connection's, or this channel's only. */
static int broke(struct ssh_stream *s, ssize_t rc, struct rfa_error *err)
{
	if (rfa_ssh_is_fatal((int)rc))
		return rfa_ssh_hop_broke(s->hop, (int)rc, err);
	rfa_fail(err, RFA_ELOST, "ssh", "a channel to %s broke: %s", s->hop->name,
		 rfa_ssh_words(s->hop->session));
	if (err)
		err->native = (int)rc;
	return -(int)RFA_ELOST;
}

/* Moves what has come of standard error into the tail: it shares the window with the output. */
static int take_errors(struct ssh_stream *s, struct rfa_error *err)
{
	char data[16384];

	while (s->is_command) {
		ssize_t n = libssh2_channel_read_ex(s->channel, SSH_EXTENDED_DATA_STDERR, data,
						    sizeof(data));

		if (n == 0 || n == LIBSSH2_ERROR_EAGAIN)
			break;
		if (n < 0)
			return broke(s, n, err);
		if (rfa_tail_add(&s->tail, data, (size_t)n))
			return rfa_buf_check(&s->tail, err);
	}
	return 0;
}

static int ssh_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		    struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	ssize_t n;
	int rc = rfa_ssh_hop_tend(s->hop, err);

	*got = 0;
	*eof = 0;
	s->reading.yes = 0;
	if (rc)
		return rc;
	n = libssh2_channel_read_ex(s->channel, 0, data, size < READ_MAX ? size : READ_MAX);
	if (n > 0) {
		*got = (size_t)n;
		return 0;
	}
	if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		return broke(s, n, err);
	refuse(s, &s->reading);
	/* This may receive more, output too: then the serial tells that another look is due. */
	rc = take_errors(s, err);
	if (rc)
		return rc;
	/* Not true while anything is still queued, so nothing can be overlooked. */
	*eof = libssh2_channel_eof(s->channel) == 1;
	if (*eof) {
		s->reading.yes = 0;
		return 0;
	}
	return rfa_ssh_hop_watch(s->hop, err);
}

static int ssh_read_err(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
			struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	int rc = 0;

	*got = rfa_tail_take(&s->tail, data, size);
	*eof = 0;
	if (*got)
		return 0;
	rc = rfa_ssh_hop_tend(s->hop, err);
	if (!rc)
		rc = take_errors(s, err);
	if (rc)
		return rc;
	*got = rfa_tail_take(&s->tail, data, size);
	*eof = !*got && libssh2_channel_eof(s->channel) == 1;
	return 0;
}

/* 1 once the other side has closed the channel: the command has ended. */
static int is_closed(struct ssh_stream *s)
{
	/* Refused (INVAL) before the end of output, EAGAIN between that and the closing. */
	return libssh2_channel_wait_closed(s->channel) == 0;
}

static int ssh_write(struct rfa_stream *base, const void *data, size_t size, size_t *put,
		     struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	char nothing;
	int rc = rfa_ssh_hop_tend(s->hop, err);

	*put = 0;
	s->writing.yes = 0;
	if (rc)
		return rc;
	if (s->is_command && is_closed(s))
		return rfa_fail(err, RFA_EREMOTE, "ssh", "the command stopped reading its input");
	/* What the wire refused waits in the hop; more is not piled upon it. */
	while (*put < size && *put < WRITE_MAX && !s->hop->out.len) {
		ssize_t n =
		    libssh2_channel_write_ex(s->channel, 0, (const char *)data + *put, size - *put);

		if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
			break;
		if (n < 0)
			return broke(s, n, err);
		*put += (size_t)n;
	}
	if (*put == size)
		return 0;
	refuse(s, &s->writing);
	/* With a blocked wire nothing was received above, not even the answer to a keep-alive. */
	if (!*put)
		(void)libssh2_channel_read_ex(s->channel, 0, &nothing, 0);
	return rfa_ssh_hop_watch(s->hop, err);
}

static int ssh_finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	int rc = rfa_ssh_hop_tend(s->hop, err);

	*done = 0;
	s->writing.yes = 0;
	if (rc)
		return rc;
	if (!s->finished) {
		/* Never EAGAIN, since sending never is. */
		rc = libssh2_channel_send_eof(s->channel);
		if (rc < 0)
			return broke(s, rc, err);
		s->finished = 1;
	}
	*done = 1;
	return 0;
}

/* RFC 4254, 6.10 names signals; a status has only room for numbers. */
static int signal_number(const char *name, size_t len)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{ "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "FPE", SIGFPE },   { "HUP", SIGHUP },
		{ "ILL", SIGILL },   { "INT", SIGINT },   { "KILL", SIGKILL }, { "PIPE", SIGPIPE },
		{ "QUIT", SIGQUIT }, { "SEGV", SIGSEGV }, { "TERM", SIGTERM }, { "USR1", SIGUSR1 },
		{ "USR2", SIGUSR2 },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == len && !memcmp(known[i].name, name, len))
			return known[i].number;
	return 127; /* "SIG@openssh.com": one that the RFC does not name */
}

static int ssh_status(struct rfa_stream *base, int *done, int *status, struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	char *name = NULL;
	size_t len = 0;
	int rc = rfa_ssh_hop_tend(s->hop, err);

	*done = 0;
	s->ending.yes = 0;
	if (rc)
		return rc;
	if (s->is_command && !is_closed(s)) {
		refuse(s, &s->ending);
		return rfa_ssh_hop_watch(s->hop, err);
	}
	*done = 1;
	*status = libssh2_channel_get_exit_status(s->channel);
	if (!libssh2_channel_get_exit_signal(s->channel, &name, &len, NULL, NULL, NULL, NULL) &&
	    name) {
		*status = 128 + signal_number(name, len);
		libssh2_free(s->hop->session, name);
	}
	return 0;
}

static int is_due(const struct ssh_stream *s, const struct refused *r)
{
	return r->yes && r->serial != s->hop->serial;
}

static size_t ssh_pollfds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	struct ssh_stream *s = (struct ssh_stream *)base;

	/*
	 * Whoever reads from the session receives for all its channels. What came for us while
	 * another stream was served makes no descriptor readable: the serial tells.
	 */
	if (!s->hop->session || is_due(s, &s->reading) || is_due(s, &s->writing) ||
	    is_due(s, &s->ending) || !(s->reading.yes || s->writing.yes || s->ending.yes))
		return 0;
	return s->hop->wire->ops->pollfds(s->hop->wire, fds, n);
}

static void ssh_close(struct rfa_stream *base)
{
	struct ssh_stream *s = (struct ssh_stream *)base;

	if (s->hop->session) {
		struct rfa_error ignored;

		rfa_ssh_hop_leave(s->hop, s->channel);
		(void)!rfa_ssh_hop_flush(s->hop, &ignored);
	}
	rfa_ssh_hop_unref(s->hop);
	rfa_buf_release(&s->tail);
	free(s);
}

static const struct rfa_stream_ops command_ops = {
	.read = ssh_read,
	.read_err = ssh_read_err,
	.write = ssh_write,
	.finish = ssh_finish,
	.status = ssh_status,
	.pollfds = ssh_pollfds,
	.close = ssh_close,
};

static const struct rfa_stream_ops tunnel_ops = {
	.read = ssh_read,
	.read_err = NULL,
	.write = ssh_write,
	.finish = ssh_finish,
	.status = ssh_status,
	.pollfds = ssh_pollfds,
	.close = ssh_close,
};

/* ---- opening ---- */

static int make_stream(struct rfa_stream **out, struct rfa_ssh_hop *hop, LIBSSH2_CHANNEL *channel,
		       int is_command, struct rfa_error *err)
{
	static const struct rfa_buf empty = RFA_TAIL_INIT;
	struct ssh_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		rfa_ssh_hop_leave(hop, channel);
		return rfa_fail_nomem(err);
	}
	s->base.ops = is_command ? &command_ops : &tunnel_ops;
	s->hop = hop;
	hop->refs++;
	s->channel = channel;
	s->is_command = is_command;
	s->tail = empty;
	*out = &s->base;
	return 0;
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
			rc = make_stream(out, hop, channel, 1, err);
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
	rc = make_stream(out, hop, channel, 0, err);
done:
	if (rc)
		rfa_error_as(err, RFA_RETRY);
	return rc;
}
