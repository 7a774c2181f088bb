/* Non-blocking descriptors, and the tail of what nobody has read yet. */
#include "transports/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int rfa_fd_prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -1;
	return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : 0;
}

int rfa_fd_pipe(int fds[2], int ours)
{
	int saved;

	if (pipe(fds) < 0)
		return -1;
	if (rfa_fd_prepare(fds[ours]) == 0 && fcntl(fds[!ours], F_SETFD, FD_CLOEXEC) == 0)
		return 0;
	saved = errno;
	rfa_fd_close(&fds[0]);
	rfa_fd_close(&fds[1]);
	errno = saved;
	return -1;
}

static int would_block(int errnum)
{
#if EAGAIN != EWOULDBLOCK
	if (errnum == EWOULDBLOCK)
		return 1;
#endif
	return errnum == EAGAIN;
}

int64_t rfa_fd_read(int fd, void *data, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, data, size);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return would_block(errno) ? -1 : -2;
}

/*
 * A library may not change the process's SIGPIPE handler, and a pipe has no MSG_NOSIGNAL: so the
 * signal is blocked for the length of the call, and taken out of the queue if the call raised it.
 */
static ssize_t write_pipe(int fd, const void *data, size_t size)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t pipe_set, old, pending;
	int was_pending;
	int saved;
	ssize_t n;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_set, &old);
	do {
		n = write(fd, data, size);
	} while (n < 0 && errno == EINTR);
	saved = errno;
	if (n < 0 && saved == EPIPE && !was_pending)
		while (sigtimedwait(&pipe_set, NULL, &at_once) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return n;
}

int64_t rfa_fd_write(int fd, enum rfa_fd_kind kind, const void *data, size_t size)
{
	ssize_t n;

	if (kind == RFA_FD_PIPE)
		n = write_pipe(fd, data, size);
	else
		do {
			n = send(fd, data, size, MSG_NOSIGNAL);
		} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return would_block(errno) ? -1 : -2;
}

void rfa_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int rfa_tail_add(struct rfa_buf *tail, const void *data, size_t len)
{
	const char *bytes = data;

	if (len > RFA_TAIL_KEPT) {
		bytes += len - RFA_TAIL_KEPT;
		len = RFA_TAIL_KEPT;
	}
	/* Forgetting in large pieces keeps the cost of moving bytes constant per byte. */
	if (tail->len + len > (size_t)3 * RFA_TAIL_KEPT)
		rfa_buf_consume(tail, tail->len + len - RFA_TAIL_KEPT);
	return rfa_buf_add(tail, bytes, len);
}

size_t rfa_tail_take(struct rfa_buf *tail, void *data, size_t size)
{
	size_t n;

	if (tail->len > RFA_TAIL_KEPT)
		rfa_buf_consume(tail, tail->len - RFA_TAIL_KEPT);
	n = tail->len < size ? tail->len : size;
	if (n)
		memcpy(data, tail->data, n);
	rfa_buf_consume(tail, n);
	return n;
}
