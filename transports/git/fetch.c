/* A tag is fetched into the copy of its repository. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsm/base/suggest.h"
#include "transports/git/child.h"

enum { TICK_MS = 200 };

static int no_tag(struct rfa_git_child *c, const git_remote_head **heads, size_t n,
		  struct rfa_error *err)
{
	struct rfa_suggestion s = { c->tag, NULL, 0 };
	struct rfa_buf safe = RFA_BUF_INIT(1024);

	for (size_t i = 0; i < n; i++)
		if (!strncmp(heads[i]->name, "refs/tags/", 10) && !strchr(heads[i]->name, '^'))
			rfa_suggest_offer(&s, heads[i]->name + 10);
	rfa_fail(err, RFA_ENOTFOUND, "git", "the repository has no tag %.100s", c->tag);
	rfa_error_where(err, "%.100s", c->source->url);
	if (s.best)
		rfa_buf_put_printable(&safe, s.best, strlen(s.best), 120);
	if (s.best && s.distance <= 3)
		rfa_error_hint(err, "did you mean %s? else push it: git push origin tag %.100s",
			       rfa_buf_str(&safe), c->tag);
	else
		rfa_error_hint(err, "push it: git push origin tag %.100s%s%s", c->tag,
			       s.best ? "; there is for example " : "", rfa_buf_str(&safe));
	rfa_buf_release(&safe);
	return -(int)RFA_ENOTFOUND;
}

/* 0 if the server has the tag. */
static int look_for(struct rfa_git_child *c, const char *ref, struct rfa_error *err)
{
	const git_remote_head **heads = NULL;
	size_t n = 0;
	int rc = rfa_git_child_heads(c, &heads, &n, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(heads[i]->name, ref))
			return 0;
	return no_tag(c, heads, n, err);
}

/* Only one process writes into the copy at a time; the lock goes with the process. */
static int take_turn(struct rfa_git_child *c, struct rfa_error *err)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s", c->source->cache);
	for (char *at = path + 1; *at; at++)
		if (*at == '/') {
			*at = '\0';
			(void)mkdir(path, 0700);
			*at = '/';
		}
	snprintf(path, sizeof(path), "%s.lock", c->source->cache);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return rfa_fail_errno(err, errno, "the copy of the repository cannot be locked");
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return rfa_fail_errno(err, errno,
					      "the copy of the repository cannot be locked");
		rfa_git_child_moved(c); /* it is waiting, not silent */
		(void)poll(NULL, 0, TICK_MS);
	}
	return 0;
}

/* What a process that was killed has left of libgit2's locks and unfinished packs. */
static void clean_up(struct rfa_git_child *c)
{
	static const char *const locks[] = { "HEAD.lock", "config.lock", "packed-refs.lock",
					     "FETCH_HEAD.lock", NULL };
	char path[4096];
	struct dirent *one;
	DIR *packs;

	for (size_t i = 0; locks[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s", c->source->cache, locks[i]);
		(void)unlink(path);
	}
	snprintf(path, sizeof(path), "%s/refs/tags/%s.lock", c->source->cache, c->tag);
	if (!strchr(c->tag, '/'))
		(void)unlink(path);
	snprintf(path, sizeof(path), "%s/objects/pack", c->source->cache);
	packs = opendir(path);
	while (packs && (one = readdir(packs)))
		if (strstr(one->d_name, "_git2_"))
			(void)unlinkat(dirfd(packs), one->d_name, 0);
	if (packs)
		(void)closedir(packs);
}

static int open_cache(struct rfa_git_child *c, struct rfa_error *err)
{
	git_repository_init_options options;
	int rc;

	(void)git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH |
			GIT_REPOSITORY_INIT_NO_DOTGIT_DIR;
	options.mode = 0700;
	rc =
	    git_repository_open_ext(&c->repo, c->source->cache,
				    GIT_REPOSITORY_OPEN_BARE | GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (rc == GIT_ENOTFOUND)
		rc = git_repository_init_ext(&c->repo, c->source->cache, &options);
	return rc ? rfa_git_wrong(err, c->source->cache, "the copy cannot be made") : 0;
}

static int resolve(struct rfa_git_child *c, const char *ref, struct rfa_git_said *m,
		   struct rfa_error *err)
{
	git_object *tag = NULL, *commit = NULL;
	int rc = git_revparse_single(&tag, c->repo, ref);

	if (!rc)
		rc = git_object_peel(&commit, tag, GIT_OBJECT_COMMIT);
	if (!rc)
		git_oid_tostr(m->commit, sizeof(m->commit), git_object_id(commit));
	git_object_free(commit);
	git_object_free(tag);
	if (!rc)
		return 0;
	/* libgit2 fetches nothing more where a tag is no commit. */
	(void)git_reference_remove(c->repo, ref);
	rfa_fail(err, RFA_EREFUSED, "git", "the tag %.100s is no commit", c->tag);
	return rfa_error_where(err, "%.100s", c->source->url);
}

static int fetch(struct rfa_git_child *c, struct rfa_git_said *m, struct rfa_error *err)
{
	char ref[300], spec[700];
	char *specs[] = { spec };
	git_strarray list = { specs, 1 };
	int rc;

	snprintf(ref, sizeof(ref), "refs/tags/%s", c->tag);
	snprintf(spec, sizeof(spec), "+%s:%s", ref, ref);
	rc = 0;
	if (git_reference_name_is_valid(&rc, ref) || !rc)
		return rfa_fail(err, RFA_EUSAGE, "git", "%.100s is no name of a tag", c->tag);
	rc = rfa_git_child_connect(c, err);
	if (!rc)
		rc = look_for(c, ref, err);
	if (rc)
		return rc;
	rc = git_remote_fetch(c->remote, &list, &c->options, NULL);
	if (rc)
		return rfa_git_child_failed(c, rc, "the tag cannot be fetched", err);
	return resolve(c, ref, m, err);
}

static int work(struct rfa_git_child *c, struct rfa_git_said *m, struct rfa_error *err)
{
	int rc = take_turn(c, err);

	if (rc)
		return rc;
	clean_up(c);
	rc = open_cache(c, err);
	return rc ? rc : fetch(c, m, err);
}

static int heard(void *user, const struct rfa_git_said *m, struct rfa_error *err)
{
	(void)err;
	memcpy(user, m->commit, RFA_GIT_ID_MAX);
	return 0;
}

int rfa_git_fetch(const struct rfa_git_source *source, const char *tag, char commit[RFA_GIT_ID_MAX],
		  struct rfa_error *err)
{
	const struct rfa_git_question question = {
		.source = source, .tag = tag, .work = work, .heard = heard, .user = commit
	};

	return rfa_git_child_run(&question, err);
}
