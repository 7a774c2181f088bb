/* A server of git is asked by a process of its own: how it begins, what it tells, how it ends. */
#include "transports/git/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transports/fdio.h"

enum { IDLE_MS = 30000, TICK_MS = 200 };

/* The process. */

void rfa_git_child_tell(struct rfa_git_child *c, const struct rfa_git_said *m)
{
	/* Nobody listens: the next look at the parent ends this process. */
	if (write(c->to, m, sizeof(*m)) != (ssize_t)sizeof(*m))
		_exit(1);
}

void rfa_git_child_moved(struct rfa_git_child *c)
{
	static const struct rfa_git_said m = { .what = RFA_GIT_MOVED };

	rfa_git_child_tell(c, &m);
}

/* libgit2 hands one payload to all of its callbacks: the way's. It is the process's only one. */
static struct rfa_git_child *now;

static int on_progress(const git_indexer_progress *stats, void *payload)
{
	unsigned long long moved = stats->received_bytes + stats->indexed_objects +
				   stats->indexed_deltas + stats->received_objects;

	(void)payload;
	if (moved != now->moved)
		rfa_git_child_moved(now);
	now->moved = moved;
	return 0;
}

static int on_words(const char *text, int len, void *payload)
{
	(void)text;
	(void)len;
	(void)payload;
	rfa_git_child_moved(now);
	return 0;
}

static int mentions(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return 1;
	return 0;
}

int rfa_git_child_failed(struct rfa_git_child *c, int rc, const char *what, struct rfa_error *err)
{
	static const char *const gone[] = { "failed to resolve",
					    "failed to connect",
					    "Could not resolve",
					    "Connection refused",
					    "timed out",
					    "No route",
					    NULL };
	static const char *const none[] = {
		"not found", "could not find repository", "404", "does not exist", "no such",
		"No such",   "does not appear",           NULL
	};
	static const char *const login[] = {
		"401", "403", "authentication", "Permission denied", "not owned", NULL
	};
	static const char *const full[] = { "No space left", NULL };
	const git_error *last = git_error_last();
	const char *words = last && last->message ? last->message : "it does not say why";
	struct rfa_buf safe = RFA_BUF_INIT(1024);
	enum rfa_code code = RFA_EREMOTE;

	if (c->why.code) {
		*err = c->why;
		return -(int)err->code;
	}
	if (mentions(words, full))
		code = RFA_ENOSPACE;
	else if (rc == GIT_EAUTH || mentions(words, login))
		code = RFA_EAUTH;
	else if (mentions(words, gone))
		code = RFA_EUNREACHABLE;
	else if (rc == GIT_ENOTFOUND || mentions(words, none))
		code = RFA_ENOTFOUND;
	else if (rc == GIT_ECERTIFICATE)
		code = RFA_EHOSTKEY;
	rfa_buf_put_printable(&safe, words, strlen(words), 300);
	rfa_fail(err, code, "git", "%s: %s", what, rfa_buf_str(&safe));
	err->native = rc;
	rfa_buf_release(&safe);
	rfa_error_where(err, "%.100s", c->source->url);
	return rfa_error_hint(err, "try it by hand: git ls-remote --tags %.300s", c->source->url);
}

int rfa_git_child_connect(struct rfa_git_child *c, struct rfa_error *err)
{
	git_fetch_options *options = &c->options;
	git_remote_connect_options connect;
	git_remote_create_options create;
	int rc;

	(void)git_fetch_options_init(options, GIT_FETCH_OPTIONS_VERSION);
	(void)git_remote_connect_options_init(&connect, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	rfa_git_way_callbacks(c->way, &options->callbacks, &c->why);
	options->callbacks.transfer_progress = on_progress;
	options->callbacks.sideband_progress = on_words;
	options->download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options->update_fetchhead = 0;
	options->prune = GIT_FETCH_NO_PRUNE;
	options->proxy_opts.type = GIT_PROXY_AUTO;
	connect.callbacks = options->callbacks;
	connect.proxy_opts = options->proxy_opts;
	(void)git_remote_create_options_init(&create, GIT_REMOTE_CREATE_OPTIONS_VERSION);
	create.repository = c->repo;
	create.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF; /* rules of the way hold for its URL */
	if (git_remote_create_with_opts(&c->remote, rfa_git_way_url(c->way), &create))
		return rfa_git_child_failed(c, 0, "the repository cannot be named", err);
	rc = git_remote_connect_ext(c->remote, GIT_DIRECTION_FETCH, &connect);
	if (rc)
		return rfa_git_child_failed(c, rc, "the repository cannot be asked", err);
	rfa_git_child_moved(c);
	return 0;
}

int rfa_git_child_heads(struct rfa_git_child *c, const git_remote_head ***heads, size_t *n,
			struct rfa_error *err)
{
	int rc = git_remote_ls(heads, n, c->remote);

	return rc ? rfa_git_child_failed(c, rc, "the repository does not say its tags", err) : 0;
}

/* What the parent has open is none of ours. */
static void close_all(int but)
{
	DIR *all = opendir("/proc/self/fd");
	struct dirent *one;
	int null = open("/dev/null", O_RDWR);

	for (int i = 0; null >= 0 && i < 3; i++)
		(void)dup2(null, i);
	while (all && (one = readdir(all))) {
		int fd = atoi(one->d_name);

		if (fd > 2 && fd != but && fd != dirfd(all))
			(void)close(fd);
	}
	if (all)
		(void)closedir(all);
}

static void become(struct rfa_git_child *c, const struct rfa_git_question *q)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct rfa_git_said m = { .what = RFA_GIT_DONE };
	sigset_t none;
	int rc = 0;

	close_all(c->to);
	sigemptyset(&dfl.sa_mask);
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &dfl, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a server that leaves is an error of a write */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpgid(0, 0); /* Ctrl-C is the parent's to hear */
	now = c;
	/* Begun anew, TLS draws random numbers of its own, and not those that the parent has. */
	(void)git_libgit2_init();
	while (git_libgit2_shutdown() > 0)
		;
	if (git_libgit2_init() < 0)
		rc = rfa_fail(&m.err, RFA_EINTERNAL, "git", "libgit2 could not be started");
	/* The ledger will name the commit: what it is has to be on the disk by then. */
	if (!rc && git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1))
		rc = rfa_git_wrong(&m.err, c->source->cache, "what is fetched cannot be synced");
	if (!rc && c->source->ca &&
	    git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, c->source->ca, NULL))
		rc = rfa_git_wrong(&m.err, c->source->ca, "the certificates cannot be read");
	if (!rc)
		rc = q->work(c, &m, &m.err);
	if (rc)
		m.what = RFA_GIT_FAILED;
	rfa_git_child_tell(c, &m);
	_exit(0);
}

/* Who waits for it. */

static int stalled(const struct rfa_git_source *source, int64_t idle, struct rfa_error *err)
{
	rfa_fail(err, RFA_ESTALLED, "git", "the server of the repository is silent for %lld s",
		 (long long)(idle / 1000));
	rfa_error_where(err, "%.100s", source->url);
	return rfa_error_hint(err, "try it by hand: git ls-remote --tags %.300s", source->url);
}

/* 1: a whole message; 0: none yet; else the end of it. */
static int hear(int fd, struct rfa_git_said *m, struct rfa_error *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, TICK_MS) <= 0)
		return 0;
	n = read(fd, m, sizeof(*m));
	if (n == (ssize_t)sizeof(*m))
		return 1;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	return rfa_fail(err, RFA_EINTERNAL, "git",
			"what asks the repository has ended without a word");
}

static int wait_for(const struct rfa_git_question *q, int fd, struct rfa_error *err)
{
	const struct rfa_git_source *source = q->source;
	struct rfa_clock *clock = source->clock ? source->clock : rfa_clock_system();
	int64_t idle = source->idle_timeout_ms ? source->idle_timeout_ms : IDLE_MS;
	int64_t since = clock->mono_ms(clock);
	struct rfa_git_said m;

	for (;;) {
		int rc = hear(fd, &m, err);

		if (source->cancel && *source->cancel)
			return rfa_fail(err, RFA_ECANCELLED, "git", "a signal asked to stop");
		if (rc < 0)
			return rc;
		if (rc && m.what == RFA_GIT_FAILED) {
			*err = m.err;
			return -(int)err->code;
		}
		if (rc && m.what != RFA_GIT_MOVED) {
			int done = m.what == RFA_GIT_DONE;

			rc = q->heard(q->user, &m, err);
			if (rc || done)
				return rc;
			since = clock->mono_ms(clock);
		} else if (rc) {
			since = clock->mono_ms(clock);
		} else if (clock->mono_ms(clock) - since >= idle) {
			return stalled(source, idle, err);
		}
	}
}

int rfa_git_child_run(const struct rfa_git_question *q, struct rfa_error *err)
{
	struct rfa_git_child c = { .source = q->source, .tag = q->tag };
	int ends[2] = { -1, -1 };
	pid_t child;
	int rc = rfa_git_way_find(&c.way, q->source, err);

	if (rc)
		return rc;
	if (pipe(ends) != 0) {
		rc = rfa_fail_errno(err, errno, "a pipe could not be made");
		goto done;
	}
	c.to = ends[1];
	child = fork();
	if (child < 0) {
		rc = rfa_fail_errno(err, errno, "a process could not be started");
		goto done;
	}
	if (child == 0)
		become(&c, q);
	rfa_fd_close(&ends[1]);
	rc = wait_for(q, ends[0], err);
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
done:
	rfa_fd_close(&ends[0]);
	rfa_fd_close(&ends[1]);
	rfa_git_way_free(c.way);
	return rc;
}
