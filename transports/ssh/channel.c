/* Channels as streams: a command, or a connection opened by the other side (direct-tcpip). */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "transports/ssh/channel.h"

#define WRITE_MAX ((size_t)256 << 10)
/*
 * Every read of a channel asks for exactly so much. A window adjustment that is put off (keys are
 * being exchanged) is finished by the next read, and libssh2 1.10 then counts it with the size of
 * that read, whatever it told the server: with a smaller one it would throw data away as beyond
 * the window.
 */
#define READ_SIZE ((size_t)64 << 10)
/* The most that libssh2 puts into one packet. */
#define PACKET_DATA ((size_t)32700)

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
	struct rfa_buf held; /* output that was read and is not yet taken */
	struct rfa_buf kept; /* input that libssh2 began to send and has to be given again */
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

/*
 * While keys are exchanged libssh2 sends nothing, but it has settled the length of the packet that
 * it was given, and wants the same bytes again. So they are kept here until they are gone.
 */
static int send_kept(struct ssh_stream *s, struct rfa_error *err)
{
	while (s->kept.len) {
		ssize_t n = libssh2_channel_write_ex(s->channel, 0, s->kept.data, s->kept.len);

		if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
			break;
		if (n < 0)
			return broke(s, n, err);
		rfa_buf_consume(&s->kept, (size_t)n);
	}
	return 0;
}

/* What every call begins with. */
static int tend(struct ssh_stream *s, struct rfa_error *err)
{
	int rc = rfa_ssh_hop_tend(s->hop, err);

	return rc ? rc : send_kept(s, err);
}

/* Moves what has come of standard error into the tail: it shares the window with the output. */
static int take_errors(struct ssh_stream *s, struct rfa_error *err)
{
	char data[READ_SIZE];

	while (s->is_command) {
		ssize_t n =
		    libssh2_channel_read_ex(s->channel, SSH_EXTENDED_DATA_STDERR, data, READ_SIZE);

		if (n == 0 || n == LIBSSH2_ERROR_EAGAIN)
			break;
		if (n < 0)
			return broke(s, n, err);
		if (rfa_tail_add(&s->tail, data, (size_t)n))
			return rfa_buf_check(&s->tail, err);
	}
	return 0;
}

/* Reads output into `held`, unless there is some already. */
static int hold(struct ssh_stream *s, struct rfa_error *err)
{
	char data[READ_SIZE];
	ssize_t n;

	if (s->held.len)
		return 0;
	n = libssh2_channel_read_ex(s->channel, 0, data, READ_SIZE);
	if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
		return broke(s, n, err);
	if (n > 0 && rfa_buf_add(&s->held, data, (size_t)n))
		return rfa_buf_check(&s->held, err);
	return 0;
}

/* Reads what there is; a large buffer is read into directly. */
static int receive(struct ssh_stream *s, void *data, size_t size, size_t *got,
		   struct rfa_error *err)
{
	int rc;

	if (!s->held.len && size >= READ_SIZE) {
		ssize_t n = libssh2_channel_read_ex(s->channel, 0, data, READ_SIZE);

		if (n < 0 && n != LIBSSH2_ERROR_EAGAIN)
			return broke(s, n, err);
		*got = n > 0 ? (size_t)n : 0;
		return 0;
	}
	rc = hold(s, err);
	if (rc)
		return rc;
	*got = s->held.len < size ? s->held.len : size;
	if (*got)
		memcpy(data, s->held.data, *got);
	rfa_buf_consume(&s->held, *got);
	return 0;
}

static int ssh_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		    struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	int rc = tend(s, err);

	*got = 0;
	*eof = 0;
	s->reading.yes = 0;
	if (!rc)
		rc = receive(s, data, size, got, err);
	if (rc || *got)
		return rc;
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
	rc = tend(s, err);
	if (!rc)
		rc = take_errors(s, err);
	if (rc)
		return rc;
	*got = rfa_tail_take(&s->tail, data, size);
	*eof = !*got && !s->held.len && libssh2_channel_eof(s->channel) == 1;
	return 0;
}

/* 1 once the other side has closed the channel: the command has ended. */
static int is_closed(struct ssh_stream *s)
{
	/* Refused (INVAL) before the end of output, EAGAIN between that and the closing. */
	return libssh2_channel_wait_closed(s->channel) == 0;
}

/* Gives libssh2 what it takes now. */
static int push(struct ssh_stream *s, const char *data, size_t size, size_t *put,
		struct rfa_error *err)
{
	/* What the wire refused waits in the hop; more is not piled upon it. */
	while (*put < size && *put < WRITE_MAX && !s->hop->out.len && !s->kept.len) {
		size_t len = size - *put < PACKET_DATA ? size - *put : PACKET_DATA;
		ssize_t n = libssh2_channel_write_ex(s->channel, 0, data + *put, len);

		if (n == LIBSSH2_ERROR_EAGAIN && libssh2_channel_window_write(s->channel)) {
			/* Not for want of room: it was begun, see send_kept(). */
			if (rfa_buf_add(&s->kept, data + *put, len))
				return rfa_buf_check(&s->kept, err);
			*put += len;
			return 0;
		}
		if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
			return 0;
		if (n < 0)
			return broke(s, n, err);
		*put += (size_t)n;
	}
	return 0;
}

static int ssh_write(struct rfa_stream *base, const void *data, size_t size, size_t *put,
		     struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	int rc = tend(s, err);

	*put = 0;
	s->writing.yes = 0;
	if (rc)
		return rc;
	if (s->is_command && is_closed(s))
		return rfa_fail(err, RFA_EREMOTE, "ssh", "the command stopped reading its input");
	rc = push(s, data, size, put, err);
	if (rc || *put == size)
		return rc;
	refuse(s, &s->writing);
	/* With a blocked wire nothing was received above, not even the answer to a keep-alive. */
	if (!*put)
		rc = hold(s, err);
	return rc ? rc : rfa_ssh_hop_watch(s->hop, err);
}

static int ssh_finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	struct ssh_stream *s = (struct ssh_stream *)base;
	int rc = tend(s, err);

	*done = 0;
	s->writing.yes = 0;
	if (rc)
		return rc;
	/* Neither while keys are exchanged: it has to be asked for again. */
	if (!s->finished && !s->kept.len) {
		rc = libssh2_channel_send_eof(s->channel);
		if (rc < 0 && rc != LIBSSH2_ERROR_EAGAIN)
			return broke(s, rc, err);
		s->finished = rc == 0;
	}
	*done = s->finished;
	if (*done)
		return 0;
	refuse(s, &s->writing);
	rc = hold(s, err);
	return rc ? rc : rfa_ssh_hop_watch(s->hop, err);
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
	int rc = tend(s, err);

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

	if (s->is_command)
		s->hop->sessions--;
	if (s->hop->session) {
		struct rfa_error ignored;

		rfa_ssh_hop_leave(s->hop, s->channel);
		(void)!rfa_ssh_hop_flush(s->hop, &ignored);
	}
	rfa_ssh_hop_unref(s->hop);
	rfa_buf_release(&s->tail);
	rfa_buf_release(&s->held);
	rfa_buf_release(&s->kept);
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

int rfa_ssh_stream(struct rfa_stream **out, struct rfa_ssh_hop *hop, LIBSSH2_CHANNEL *channel,
		   int is_command, struct rfa_error *err)
{
	static const struct rfa_buf tail = RFA_TAIL_INIT;
	static const struct rfa_buf held = RFA_BUF_INIT(READ_SIZE);
	static const struct rfa_buf kept = RFA_BUF_INIT(PACKET_DATA);
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
	/* One more than were thought possible: how many are is not known. */
	if (is_command && ++hop->sessions > hop->most)
		hop->most = 0;
	s->tail = tail;
	s->held = held;
	s->kept = kept;
	*out = &s->base;
	return 0;
}
