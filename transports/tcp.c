/* A TCP connection as a stream: the local transport's tunnel, and the wire under an SSH session. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transports/fdio.h"

#define CANCEL_SLICE_MS 100

struct tcp_stream {
	struct rfa_stream base;
	int fd;
	short want; /* what the last refused calls wait for */
};

static int lost(struct rfa_error *err, int errnum)
{
	rfa_fail(err, RFA_ELOST, "tcp", "the connection broke: %s", strerror(errnum));
	if (err)
		err->native = errnum;
	return -(int)RFA_ELOST;
}

static int tcp_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		    struct rfa_error *err)
{
	struct tcp_stream *s = (struct tcp_stream *)base;
	int64_t n = rfa_fd_read(s->fd, data, size);

	*got = 0;
	*eof = 0;
	s->want = (short)(s->want & ~POLLIN);
	if (n == -2)
		return lost(err, errno);
	if (n == -1)
		s->want |= POLLIN;
	else if (n == 0)
		*eof = 1;
	else
		*got = (size_t)n;
	return 0;
}

static int tcp_write(struct rfa_stream *base, const void *data, size_t size, size_t *put,
		     struct rfa_error *err)
{
	struct tcp_stream *s = (struct tcp_stream *)base;
	int64_t n = rfa_fd_write(s->fd, RFA_FD_SOCKET, data, size);

	*put = n > 0 ? (size_t)n : 0;
	s->want = (short)(s->want & ~POLLOUT);
	if (n == -2)
		return lost(err, errno);
	if (*put < size)
		s->want |= POLLOUT;
	return 0;
}

static int tcp_finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	struct tcp_stream *s = (struct tcp_stream *)base;

	*done = 1;
	if (shutdown(s->fd, SHUT_WR) < 0 && errno != ENOTCONN)
		return lost(err, errno);
	return 0;
}

static int tcp_status(struct rfa_stream *base, int *done, int *status, struct rfa_error *err)
{
	(void)base;
	(void)err;
	*done = 1;
	*status = 0;
	return 0;
}

static size_t tcp_pollfds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	struct tcp_stream *s = (struct tcp_stream *)base;

	if (!s->want || !n)
		return 0;
	fds[0].fd = s->fd;
	fds[0].events = s->want;
	fds[0].revents = 0;
	return 1;
}

static void tcp_close(struct rfa_stream *base)
{
	struct tcp_stream *s = (struct tcp_stream *)base;

	rfa_fd_close(&s->fd);
	free(s);
}

static const struct rfa_stream_ops tcp_ops = {
	.read = tcp_read,
	.read_err = NULL,
	.write = tcp_write,
	.finish = tcp_finish,
	.status = tcp_status,
	.pollfds = tcp_pollfds,
	.close = tcp_close,
};

/* Waits until a connection in progress is there. 0, or an errno; ECANCELED when asked to stop. */
static int await_connect(int fd, int64_t until, struct rfa_clock *clock, const volatile int *cancel)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT, .revents = 0 };
		int64_t left = until - clock->mono_ms(clock);
		int errnum = 0;
		socklen_t len = sizeof(errnum);
		int n;

		if (cancel && *cancel)
			return ECANCELED;
		if (left <= 0)
			return ETIMEDOUT;
		n = poll(&p, 1, (int)(left < CANCEL_SLICE_MS ? left : CANCEL_SLICE_MS));
		if (n < 0 && errno != EINTR)
			return errno;
		if (n <= 0)
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &len) < 0)
			return errno;
		return errnum;
	}
}

/* Tries one address. 0 and *fd, or an errno. */
static int connect_one(int *fd, const struct addrinfo *a, int64_t until, struct rfa_clock *clock,
		       const volatile int *cancel)
{
	int one = 1;
	int rc = 0;
	int s = socket(a->ai_family, a->ai_socktype, a->ai_protocol);

	if (s < 0)
		return errno;
	if (rfa_fd_prepare(s) < 0) {
		rc = errno;
		goto done;
	}
	/* Only a matter of speed: a system that refuses it still works. */
	(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(s, a->ai_addr, a->ai_addrlen) < 0)
		rc = errno == EINPROGRESS || errno == EINTR ? await_connect(s, until, clock, cancel)
							    : errno;
	if (rc)
		goto done;
	*fd = s;
	s = -1;
done:
	rfa_fd_close(&s);
	return rc;
}

int rfa_tcp_connect(struct rfa_stream **out, const char *host, unsigned port, int64_t timeout_ms,
		    struct rfa_clock *clock, const volatile int *cancel, struct rfa_error *err)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	const struct addrinfo *a;
	struct tcp_stream *s = NULL;
	char service[16];
	int64_t until;
	int left = 0;
	int errnum = 0;
	int fd = -1;
	int rc;

	if (!clock)
		clock = rfa_clock_system();
	until = clock->mono_ms(clock) + timeout_ms;
	snprintf(service, sizeof(service), "%u", port);
	if (port < 1 || port > 65535)
		return rfa_fail(err, RFA_ECONFIG, "tcp", "%u is not a port", port);
	rc = getaddrinfo(host, service, &hints, &list);
	if (rc) {
		list = NULL;
		rfa_fail(err, RFA_EUNREACHABLE, "tcp", "the name %s was not resolved: %s", host,
			 gai_strerror(rc));
		rc = rfa_error_hint(err, "check the name: getent hosts %s", host);
		goto done;
	}
	for (a = list; a; a = a->ai_next)
		left++;
	/* A silent first address may use up its share only, so that the others get their turn. */
	for (a = list; a && fd < 0; a = a->ai_next, left--) {
		int64_t now = clock->mono_ms(clock);

		errnum = connect_one(&fd, a, now + (until - now) / left, clock, cancel);
		if (errnum == ECANCELED)
			break;
	}
	if (errnum == ECANCELED && fd < 0) {
		rfa_fail(err, RFA_ECANCELLED, "tcp", "a signal asked to stop");
		rc = rfa_error_as(err, RFA_RETRY);
		goto done;
	}
	if (fd < 0) {
		rfa_fail(err, RFA_EUNREACHABLE, "tcp", "connecting to %s port %u failed: %s", host,
			 port, strerror(errnum));
		if (err)
			err->native = errnum;
		rc = -(int)RFA_EUNREACHABLE;
		goto done;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	s->base.ops = &tcp_ops;
	s->fd = fd;
	fd = -1;
	*out = &s->base;
done:
	rfa_fd_close(&fd);
	if (list)
		freeaddrinfo(list);
	return rc;
}
