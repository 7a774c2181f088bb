/*
 * A tag is fetched by a process of its own: libgit2 1.5 has no time-outs, so whoever waits for it
 * must be able to end it. It has no descriptor but a pipe, so it can write no ledger; it ends when
 * rfa does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsm/base/suggest.h"
#include "transports/fdio.h"
#include "transports/git/inside.h"

enum { IDLE_MS = 30000, TICK_MS = 200 };

/* What the process tells: something has moved; or how it has ended. */
struct message {
	enum { MOVED, DONE, FAILED } what;
	char commit[RFA_GIT_ID_MAX];
	struct rfa_error err;
};

/* The process. */

struct fetching {
	const struct rfa_git_source *source;
	const char *tag;
	struct rfa_git_way *way;
	git_repository *repo;
	git_remote *remote;
	struct rfa_error why; /* set where one of our own rules says no */
	int to;
	unsigned long long moved; /* bytes that were told of */
};

static void tell(struct fetching *f, const struct message *m)
{
	/* Nobody listens: the next look at the parent ends this process. */
	if (write(f->to, m, sizeof(*m)) != (ssize_t)sizeof(*m))
		_exit(1);
}

static void tell_moved(struct fetching *f)
{
	static const struct message m = { .what = MOVED };

	tell(f, &m);
}

/* libgit2 hands one payload to all of its callbacks: the way's. It is the process's only one. */
static struct fetching *now;

static int on_progress(const git_indexer_progress *stats, void *payload)
{
	unsigned long long moved = stats->received_bytes + stats->indexed_objects +
				   stats->indexed_deltas + stats->received_objects;

	(void)payload;
	if (moved != now->moved)
		tell_moved(now);
	now->moved = moved;
	return 0;
}

static int on_words(const char *text, int len, void *payload)
{
	(void)text;
	(void)len;
	(void)payload;
	tell_moved(now);
	return 0;
}

static int mentions(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return 1;
	return 0;
}

/* libgit2's words for what went wrong with the server; ours, where one of our rules said no. */
static int failed(struct fetching *f, int rc, const char *what, struct rfa_error *err)
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

	if (f->why.code) {
		*err = f->why;
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
	rfa_error_where(err, "%.100s", f->source->url);
	return rfa_error_hint(err, "try it by hand: git ls-remote --tags %.300s", f->source->url);
}

static int no_tag(struct fetching *f, const git_remote_head **heads, size_t n,
		  struct rfa_error *err)
{
	struct rfa_suggestion s = { f->tag, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);

	for (size_t i = 0; i < n; i++)
		if (!strncmp(heads[i]->name, "refs/tags/", 10) && !strchr(heads[i]->name, '^'))
			rfa_suggest_offer(&s, heads[i]->name + 10);
	rfa_fail(err, RFA_ENOTFOUND, "git", "the repository has no tag %.100s", f->tag);
	rfa_error_where(err, "%.100s", f->source->url);
	if (s.best)
		rfa_buf_put_printable(&safe, s.best, strlen(s.best), 120);
	if (s.best && s.distance <= 3)
		rfa_error_hint(err, "did you mean %s?", rfa_buf_str(&safe));
	else
		rfa_error_hint(err, "push it: git push origin %.100s%s%s", f->tag,
			       s.best ? "; there is for example " : "", rfa_buf_str(&safe));
	rfa_buf_release(&safe);
	return -(int)RFA_ENOTFOUND;
}

/* 0 if the server has the tag. */
static int look_for(struct fetching *f, const char *ref, struct rfa_error *err)
{
	const git_remote_head **heads = NULL;
	size_t n = 0;
	int rc = git_remote_ls(&heads, &n, f->remote);

	if (rc)
		return failed(f, rc, "the repository does not say its tags", err);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(heads[i]->name, ref))
			return 0;
	return no_tag(f, heads, n, err);
}

/* Only one process writes into the copy at a time; the lock goes with the process. */
static int take_turn(struct fetching *f, struct rfa_error *err)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s", f->source->cache);
	for (char *at = path + 1; *at; at++)
		if (*at == '/') {
			*at = '\0';
			(void)mkdir(path, 0700);
			*at = '/';
		}
	snprintf(path, sizeof(path), "%s.lock", f->source->cache);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return rfa_fail_errno(err, errno, "the copy of the repository cannot be locked");
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return rfa_fail_errno(err, errno,
					      "the copy of the repository cannot be locked");
		tell_moved(f); /* it is waiting, not silent */
		(void)poll(NULL, 0, TICK_MS);
	}
	return 0;
}

/* What a process that was killed has left of libgit2's locks and unfinished packs. */
static void clean_up(struct fetching *f)
{
	static const char *const locks[] = { "HEAD.lock", "config.lock", "packed-refs.lock",
					     "FETCH_HEAD.lock", NULL };
	char path[4096];
	struct dirent *one;
	DIR *packs;

	for (size_t i = 0; locks[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->source->cache, locks[i]);
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/refs/tags/%s.lock", f->source->cache, f->tag);
	if (!strchr(f->tag, '/'))
		(void)unlink(path);
	snprintf(path, sizeof(path), "%s/objects/pack", f->source->cache);
	packs = opendir(path);
	while (packs && (one = readdir(packs)))
		if (strstr(one->d_name, "_git2_"))
			(void)unlinkat(dirfd(packs), one->d_name, 0);
	if (packs)
		(void)closedir(packs);
}

static int open_cache(struct fetching *f, struct rfa_error *err)
{
	git_repository_init_options options;
	int rc;

	(void)git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH |
			GIT_REPOSITORY_INIT_NO_DOTGIT_DIR;
	options.mode = 0700;
	rc =
	    git_repository_open_ext(&f->repo, f->source->cache,
				    GIT_REPOSITORY_OPEN_BARE | GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (rc == GIT_ENOTFOUND)
		rc = git_repository_init_ext(&f->repo, f->source->cache, &options);
	return rc ? rfa_git_wrong(err, f->source->cache, "the copy cannot be made") : 0;
}

static int resolve(struct fetching *f, const char *ref, struct message *m, struct rfa_error *err)
{
	git_object *tag = NULL, *commit = NULL;
	int rc = git_revparse_single(&tag, f->repo, ref);

	if (!rc)
		rc = git_object_peel(&commit, tag, GIT_OBJECT_COMMIT);
	if (!rc)
		git_oid_tostr(m->commit, sizeof(m->commit), git_object_id(commit));
	git_object_free(commit);
	git_object_free(tag);
	if (!rc)
		return 0;
	/* libgit2 fetches nothing more where a tag is no commit. */
	(void)git_reference_remove(f->repo, ref);
	rfa_fail(err, RFA_EREFUSED, "git", "the tag %.100s is no commit", f->tag);
	return rfa_error_where(err, "%.100s", f->source->url);
}

static int fetch(struct fetching *f, struct message *m, struct rfa_error *err)
{
	git_fetch_options options;
	git_remote_connect_options connect;
	git_remote_create_options create;
	char ref[300], spec[700];
	char *specs[] = { spec };
	git_strarray list = { specs, 1 };
	int rc;

	snprintf(ref, sizeof(ref), "refs/tags/%s", f->tag);
	snprintf(spec, sizeof(spec), "+%s:%s", ref, ref);
	rc = 0;
	if (git_reference_name_is_valid(&rc, ref) || !rc)
		return rfa_fail(err, RFA_EUSAGE, "git", "%.100s is no name of a tag", f->tag);
	(void)git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
	(void)git_remote_connect_options_init(&connect, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	rfa_git_way_callbacks(f->way, &options.callbacks, &f->why);
	options.callbacks.transfer_progress = on_progress;
	options.callbacks.sideband_progress = on_words;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.update_fetchhead = 0;
	options.prune = GIT_FETCH_NO_PRUNE;
	options.proxy_opts.type = GIT_PROXY_AUTO;
	connect.callbacks = options.callbacks;
	connect.proxy_opts = options.proxy_opts;
	(void)git_remote_create_options_init(&create, GIT_REMOTE_CREATE_OPTIONS_VERSION);
	create.repository = f->repo;
	create.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF; /* rules of the way hold for its URL */
	if (git_remote_create_with_opts(&f->remote, rfa_git_way_url(f->way), &create))
		return failed(f, 0, "the repository cannot be named", err);
	rc = git_remote_connect_ext(f->remote, GIT_DIRECTION_FETCH, &connect);
	if (rc)
		return failed(f, rc, "the repository cannot be asked", err);
	tell_moved(f);
	rc = look_for(f, ref, err);
	if (rc)
		return rc;
	rc = git_remote_fetch(f->remote, &list, &options, NULL);
	if (rc)
		return failed(f, rc, "the tag cannot be fetched", err);
	return resolve(f, ref, m, err);
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

static void become(struct fetching *f)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct message m = { .what = DONE };
	sigset_t none;
	int rc = 0;

	close_all(f->to);
	sigemptyset(&dfl.sa_mask);
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &dfl, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a server that leaves is an error of a write */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpgid(0, 0); /* Ctrl-C is the parent's to hear */
	now = f;
	/* Begun anew, TLS draws random numbers of its own, and not those that the parent has. */
	(void)git_libgit2_init();
	while (git_libgit2_shutdown() > 0)
		;
	if (git_libgit2_init() < 0)
		rc = rfa_fail(&m.err, RFA_EINTERNAL, "git", "libgit2 could not be started");
	/* The ledger will name the commit: what it is has to be on the disk by then. */
	if (!rc && git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1))
		rc = rfa_git_wrong(&m.err, f->source->cache, "what is fetched cannot be synced");
	if (!rc && f->source->ca &&
	    git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, f->source->ca, NULL))
		rc = rfa_git_wrong(&m.err, f->source->ca, "the certificates cannot be read");
	if (!rc)
		rc = take_turn(f, &m.err);
	if (!rc)
		clean_up(f);
	if (!rc)
		rc = open_cache(f, &m.err);
	if (!rc)
		rc = fetch(f, &m, &m.err);
	if (rc)
		m.what = FAILED;
	tell(f, &m);
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
static int hear(int fd, struct message *m, struct rfa_error *err)
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
	return rfa_fail(err, RFA_EINTERNAL, "git", "what fetches the tag has ended without a word");
}

static int wait_for(const struct rfa_git_source *source, int fd, char commit[RFA_GIT_ID_MAX],
		    struct rfa_error *err)
{
	struct rfa_clock *clock = source->clock ? source->clock : rfa_clock_system();
	int64_t idle = source->idle_timeout_ms ? source->idle_timeout_ms : IDLE_MS;
	int64_t since = clock->mono_ms(clock);
	struct message m;

	for (;;) {
		int rc = hear(fd, &m, err);

		if (source->cancel && *source->cancel)
			return rfa_fail(err, RFA_ECANCELLED, "git", "a signal asked to stop");
		if (rc < 0)
			return rc;
		if (rc && m.what == DONE) {
			memcpy(commit, m.commit, RFA_GIT_ID_MAX);
			return 0;
		}
		if (rc && m.what == FAILED) {
			*err = m.err;
			return -(int)err->code;
		}
		if (rc)
			since = clock->mono_ms(clock);
		else if (clock->mono_ms(clock) - since >= idle)
			return stalled(source, idle, err);
	}
}

int rfa_git_fetch(const struct rfa_git_source *source, const char *tag, char commit[RFA_GIT_ID_MAX],
		  struct rfa_error *err)
{
	struct fetching f = { .source = source, .tag = tag };
	int ends[2] = { -1, -1 };
	pid_t child;
	int rc = rfa_git_way_find(&f.way, source, err);

	if (rc)
		return rc;
	if (pipe(ends) != 0) {
		rc = rfa_fail_errno(err, errno, "a pipe could not be made");
		goto done;
	}
	f.to = ends[1];
	child = fork();
	if (child < 0) {
		rc = rfa_fail_errno(err, errno, "a process could not be started");
		goto done;
	}
	if (child == 0)
		become(&f);
	rfa_fd_close(&ends[1]);
	rc = wait_for(source, ends[0], commit, err);
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
done:
	rfa_fd_close(&ends[0]);
	rfa_fd_close(&ends[1]);
	rfa_git_way_free(f.way);
	return rc;
}
