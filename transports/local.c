/* The transport to this machine: fork and exec, plain TCP as its tunnel. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "transports/fdio.h"

#define TUNNEL_TIMEOUT_MS 10000
#define NAP_NS 2000000
/* One look drains at most so much of standard error, so that a flood of it cannot hold a call. */
#define DRAIN_MAX (1u << 20)

/*
 * What a transport and its streams share. Children whose stream was closed while they ran. They are
 * not ours to kill, but they are ours to reap, or they would stay as zombies. It lives as long as
 * the last of its users.
 */
struct children {
	unsigned refs;
	unsigned generation; /* grows with each disconnect: older streams are LOST */
	pid_t *pids;         /* owned */
	size_t count, cap;
};

struct local_transport {
	struct rfa_transport base;
	struct children *children;
};

struct local_stream {
	struct rfa_stream base;
	struct children *children; /* a reference */
	unsigned generation;
	int in, out, err; /* our ends of the pipes, -1 when closed */
	int pidfd;        /* becomes readable when the child ends; -1: unknown here */
	pid_t pid;        /* 0 once reaped */
	int status;
	int want_in, want_out, want_status; /* what the last refused calls wait for */
	struct rfa_buf tail;                /* of standard error */
};

static void children_reap(struct children *c)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < c->count; i++)
		if (waitpid(c->pids[i], NULL, WNOHANG) == 0)
			c->pids[kept++] = c->pids[i];
	c->count = kept;
}

static void children_unref(struct children *c)
{
	children_reap(c);
	if (--c->refs)
		return;
	free(c->pids);
	free(c);
}

/* Makes room beforehand, so that closing a stream cannot fail. */
static int children_reserve(struct children *c)
{
	size_t cap = c->count + c->refs + 1;
	pid_t *pids;

	if (c->cap >= cap)
		return 0;
	pids = realloc(c->pids, cap * sizeof(*pids));
	if (!pids)
		return -1;
	c->pids = pids;
	c->cap = cap;
	return 0;
}

static int status_of(int raw)
{
	return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
}

static int lost(struct rfa_error *err, const char *what, int errnum)
{
	rfa_fail(err, RFA_ELOST, "local", "%s: %s", what, strerror(errnum));
	if (err)
		err->native = errnum;
	return -(int)RFA_ELOST;
}

/* Moves what is there of standard error into the tail, so that a command never blocks on it. */
static int drain(struct local_stream *s, struct rfa_error *err)
{
	char data[16384];
	size_t total = 0;

	if (s->generation != s->children->generation)
		return rfa_fail(err, RFA_ELOST, "local", "the connection was closed");
	while (s->err >= 0 && total < DRAIN_MAX) {
		int64_t n = rfa_fd_read(s->err, data, sizeof(data));

		if (n == -1)
			break;
		if (n <= 0) {
			rfa_fd_close(&s->err);
			break;
		}
		total += (size_t)n;
		if (rfa_tail_add(&s->tail, data, (size_t)n))
			return rfa_buf_check(&s->tail, err);
	}
	return 0;
}

static int local_read(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
		      struct rfa_error *err)
{
	struct local_stream *s = (struct local_stream *)base;
	int64_t n;
	int rc = drain(s, err);

	*got = 0;
	*eof = 0;
	s->want_out = 0;
	if (rc)
		return rc;
	if (s->out < 0) {
		*eof = 1;
		return 0;
	}
	n = rfa_fd_read(s->out, data, size);
	if (n == -2)
		return lost(err, "reading a command's output failed", errno);
	if (n == -1) {
		s->want_out = 1;
	} else if (n == 0) {
		rfa_fd_close(&s->out);
		*eof = 1;
	} else {
		*got = (size_t)n;
	}
	return 0;
}

static int local_read_err(struct rfa_stream *base, void *data, size_t size, size_t *got, int *eof,
			  struct rfa_error *err)
{
	struct local_stream *s = (struct local_stream *)base;
	int rc = drain(s, err);

	*got = 0;
	*eof = 0;
	if (rc)
		return rc;
	*got = rfa_tail_take(&s->tail, data, size);
	*eof = !*got && s->err < 0;
	return 0;
}

static int local_write(struct rfa_stream *base, const void *data, size_t size, size_t *put,
		       struct rfa_error *err)
{
	struct local_stream *s = (struct local_stream *)base;
	int64_t n;
	int rc = drain(s, err);

	*put = 0;
	s->want_in = 0;
	if (rc)
		return rc;
	if (s->in < 0)
		return rfa_fail(err, RFA_EINTERNAL, "local", "written to a finished stream");
	n = rfa_fd_write(s->in, RFA_FD_PIPE, data, size);
	if (n == -2 && errno == EPIPE)
		return rfa_fail(err, RFA_EREMOTE, "local", "the command stopped reading its input");
	if (n == -2)
		return lost(err, "writing a command's input failed", errno);
	if (n > 0)
		*put = (size_t)n;
	s->want_in = *put < size;
	return 0;
}

static int local_finish(struct rfa_stream *base, int *done, struct rfa_error *err)
{
	struct local_stream *s = (struct local_stream *)base;
	int rc = drain(s, err);

	*done = 0;
	s->want_in = 0;
	if (rc)
		return rc;
	rfa_fd_close(&s->in);
	*done = 1;
	return 0;
}

static int local_status(struct rfa_stream *base, int *done, int *status, struct rfa_error *err)
{
	struct local_stream *s = (struct local_stream *)base;
	int raw = 0;
	int rc = drain(s, err);

	*done = 0;
	if (rc)
		return rc;
	if (s->pid) {
		pid_t got = waitpid(s->pid, &raw, WNOHANG);

		if (got < 0 && errno != EINTR)
			return lost(err, "the status of a command was not to be had", errno);
		if (got > 0) {
			s->pid = 0;
			s->status = status_of(raw);
			/* What it wrote before it ended is in the pipe by now. */
			rc = drain(s, err);
			if (rc)
				return rc;
		}
	}
	s->want_status = s->pid != 0;
	if (s->want_status)
		return 0;
	*done = 1;
	*status = s->status;
	return 0;
}

static size_t local_pollfds(struct rfa_stream *base, struct pollfd *fds, size_t n)
{
	struct local_stream *s = (struct local_stream *)base;
	size_t used = 0;

	if (s->generation != s->children->generation)
		return 0;
	if (n < 4 || !(s->want_in || s->want_out || s->want_status))
		return 0;
	if (s->want_in && s->in >= 0)
		fds[used++] = (struct pollfd){ .fd = s->in, .events = POLLOUT };
	if (s->want_out && s->out >= 0)
		fds[used++] = (struct pollfd){ .fd = s->out, .events = POLLIN };
	/* Always: a command that blocks on a full pipe of messages would never get any further. */
	if (s->err >= 0)
		fds[used++] = (struct pollfd){ .fd = s->err, .events = POLLIN };
	if (s->want_status && s->pidfd >= 0) {
		fds[used++] = (struct pollfd){ .fd = s->pidfd, .events = POLLIN };
	} else if (s->want_status) {
		/*
		 * No way to poll for a child's end before Linux 5.3. Output has ended, so the child
		 * is about to: a nap keeps the caller's loop from spinning.
		 */
		const struct timespec nap = { 0, NAP_NS };

		nanosleep(&nap, NULL);
		return 0;
	}
	return used;
}

static void local_close(struct rfa_stream *base)
{
	struct local_stream *s = (struct local_stream *)base;

	rfa_fd_close(&s->in);
	rfa_fd_close(&s->out);
	rfa_fd_close(&s->err);
	rfa_fd_close(&s->pidfd);
	/* There is always room: see children_reserve(). */
	if (s->pid && waitpid(s->pid, NULL, WNOHANG) == 0)
		s->children->pids[s->children->count++] = s->pid;
	children_unref(s->children);
	rfa_buf_release(&s->tail);
	free(s);
}

static const struct rfa_stream_ops local_stream_ops = {
	.read = local_read,
	.read_err = local_read_err,
	.write = local_write,
	.finish = local_finish,
	.status = local_status,
	.pollfds = local_pollfds,
	.close = local_close,
};

void rfa_local_kill(struct rfa_stream *base)
{
	struct local_stream *s = (struct local_stream *)base;
	int raw = 0;

	if (!s->pid)
		return;
	/* It leads a session, so a process group, of its own; SIGKILL keeps the wait short. */
	(void)kill(-s->pid, SIGKILL);
	(void)kill(s->pid, SIGKILL);
	while (waitpid(s->pid, &raw, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
	s->status = status_of(raw);
}

/* The child's side of fork: descriptors, signals, session, exec. Never returns. */
static void become(const char *const argv[], int in, int out, int err)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	const char *why;
	sigset_t none;
	int saved;
	int i;

	/* Above 2 first: a pipe's end may itself be 0, 1 or 2 when the caller had those closed. */
	in = fcntl(in, F_DUPFD, 3);
	out = fcntl(out, F_DUPFD, 3);
	err = fcntl(err, F_DUPFD, 3);
	if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(126);
	close(in);
	close(out);
	close(err);
	sigemptyset(&dfl.sa_mask);
	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* As over SSH: Ctrl-C at the operator's terminal ends rfa, not what runs on the host. */
	(void)setsid();
	/* POSIX declares execvp() so for historical reasons; it changes nothing. */
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	saved = errno;
	why = saved == ENOENT ? ": not found\n" : ": cannot be executed\n";
	if (write(2, argv[0], strlen(argv[0])) >= 0 && write(2, why, strlen(why)) >= 0)
		_exit(saved == ENOENT ? 127 : 126);
	_exit(126);
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0u); /* close-on-exec by definition */
#else
	(void)pid;
	return -1;
#endif
}

static int local_exec(struct rfa_transport *base, const char *const argv[], struct rfa_stream **out,
		      struct rfa_error *err)
{
	static const struct rfa_buf empty_tail = RFA_TAIL_INIT;
	struct local_transport *t = (struct local_transport *)base;
	int in_fds[2] = { -1, -1 };
	int out_fds[2] = { -1, -1 };
	int err_fds[2] = { -1, -1 };
	struct local_stream *s = NULL;
	int rc;

	children_reap(t->children);
	s = calloc(1, sizeof(*s));
	if (!s || children_reserve(t->children)) {
		rc = rfa_fail_nomem(err);
		goto done;
	}
	if (rfa_fd_pipe(in_fds, 1) || rfa_fd_pipe(out_fds, 0) || rfa_fd_pipe(err_fds, 0)) {
		rc = rfa_fail_errno(err, errno, "a pipe could not be opened");
		goto done;
	}
	s->pid = fork();
	if (s->pid < 0) {
		rc = rfa_fail_errno(err, errno, "a process could not be started");
		goto done;
	}
	if (s->pid == 0)
		become(argv, in_fds[0], out_fds[1], err_fds[1]);
	s->base.ops = &local_stream_ops;
	s->children = t->children;
	s->generation = t->children->generation;
	s->children->refs++;
	s->in = in_fds[1];
	s->out = out_fds[0];
	s->err = err_fds[0];
	in_fds[1] = out_fds[0] = err_fds[0] = -1;
	s->pidfd = open_pidfd(s->pid);
	s->tail = empty_tail;
	*out = &s->base;
	s = NULL;
	rc = 0;
done:
	rfa_fd_close(&in_fds[0]);
	rfa_fd_close(&in_fds[1]);
	rfa_fd_close(&out_fds[0]);
	rfa_fd_close(&out_fds[1]);
	rfa_fd_close(&err_fds[0]);
	rfa_fd_close(&err_fds[1]);
	free(s);
	if (rc) {
		rfa_error_as(err, RFA_RETRY);
		rfa_error_where(err, "%s", base->name);
	}
	return rc;
}

static int local_connect(struct rfa_transport *base, struct rfa_error *err)
{
	(void)base;
	(void)err;
	return 0;
}

static int local_tunnel(struct rfa_transport *base, const char *host, unsigned port,
			struct rfa_stream **out, struct rfa_error *err)
{
	int rc = rfa_tcp_connect(out, host, port, TUNNEL_TIMEOUT_MS, rfa_transport_clock(base),
				 base->cancel, err);

	if (rc)
		rfa_error_where(err, "%s", base->name);
	return rc;
}

static void local_disconnect(struct rfa_transport *base)
{
	((struct local_transport *)base)->children->generation++;
}

static void local_free(struct rfa_transport *base)
{
	struct local_transport *t = (struct local_transport *)base;

	children_unref(t->children);
	free(t);
}

static const struct rfa_transport_ops local_ops = {
	.kind = "local",
	.connect = local_connect,
	.exec = local_exec,
	.tunnel = local_tunnel,
	.disconnect = local_disconnect,
	.free = local_free,
};

int rfa_transport_local(struct rfa_transport **out, const char *name, struct rfa_error *err)
{
	struct local_transport *t = calloc(1, sizeof(*t));

	if (t)
		t->children = calloc(1, sizeof(*t->children));
	if (!t || !t->children) {
		free(t);
		return rfa_fail_nomem(err);
	}
	t->children->refs = 1;
	rfa_transport_init(&t->base, &local_ops, name);
	*out = &t->base;
	return 0;
}
