/* Folders made durable, trees synced or removed, small files read: what libgit2 leaves to us. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/files.h"

static int trouble(struct rfa_error *err, int errnum, const char *what, const char *path)
{
	rfa_fail_errno(err, errnum, "%s", what);
	return rfa_error_where(err, "%s", path);
}

int rfa_sync_folder(const char *path, struct rfa_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 || fsync(fd))
		rc = trouble(err, errno, "the folder could not be made durable", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int rfa_mkdir_synced(const char *root, const char *path, struct rfa_error *err)
{
	char at[PATH_MAX];
	char parent[PATH_MAX];
	const char *end = path;
	int rc;

	while (*end) {
		end += strcspn(end, "/");
		snprintf(at, sizeof(at), "%s/%.*s", root, (int)(end - path), path);
		if (mkdir(at, 0777)) {
			if (errno != EEXIST)
				return trouble(err, errno, "the folder could not be made", at);
		} else {
			snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(at, '/') - at), at);
			rc = rfa_sync_folder(parent[0] ? parent : "/", err);
			if (rc)
				return rc;
		}
		end += *end == '/';
	}
	return 0;
}

/*
 * Visits all below path, depth first, then path itself; never through a symbolic link. Stops at
 * the first answer that is not 0. name: a file's; "" for a folder, NULL for an empty one.
 */
static int walk(const char *path, unsigned depth,
		int (*visit)(const char *path, const char *name, const struct stat *, void *),
		void *user)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	int empty = 1;
	int rc = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!rc && (entry = readdir(dir))) {
		char at[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		empty = 0;
		if (snprintf(at, sizeof(at), "%s/%s", path, entry->d_name) >= (int)sizeof(at)) {
			rc = -ENAMETOOLONG;
			break;
		}
		if (lstat(at, &st)) {
			/* Gone meanwhile: somebody else works here, too. */
			rc = errno == ENOENT ? 0 : -errno;
			continue;
		}
		if (!S_ISDIR(st.st_mode))
			rc = visit(at, entry->d_name, &st, user);
		else if (depth)
			rc = walk(at, depth - 1, visit, user);
	}
	closedir(dir);
	if (!rc && !lstat(path, &st))
		rc = visit(path, empty ? NULL : "", &st, user);
	return rc;
}

static int sync_one(const char *path, const char *name, const struct stat *st, void *user)
{
	int fd;
	int rc;

	(void)user;
	/* An empty folder has nothing of its own to lose: its entry is its parent's, and a ledger
	   has 256 of them. */
	if (!name || (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

int rfa_sync_tree(const char *path, struct rfa_error *err)
{
	int rc = walk(path, 16, sync_one, NULL);

	return rc ? trouble(err, -rc, "the folder could not be made durable", path) : 0;
}

static int remove_one(const char *path, const char *name, const struct stat *st, void *user)
{
	int rc = S_ISDIR(st->st_mode) ? rmdir(path) : unlink(path);

	(void)rc; /* as far as it can */
	(void)name;
	(void)user;
	return 0;
}

void rfa_remove_tree(const char *path)
{
	int rc = walk(path, 16, remove_one, NULL);

	(void)rc;
}

struct pick {
	int (*pick)(const char *name);
	size_t n;
};

static int remove_picked(const char *path, const char *name, const struct stat *st, void *user)
{
	struct pick *pick = user;

	if (S_ISREG(st->st_mode) && pick->pick(name) && !unlink(path))
		pick->n++;
	return 0;
}

size_t rfa_remove_files(const char *path, unsigned depth, int (*pick)(const char *name))
{
	struct pick picked = { pick, 0 };
	int rc = walk(path, depth, remove_picked, &picked);

	(void)rc;
	return picked.n;
}

int rfa_slurp(const char *path, size_t max, struct rfa_buf *out, struct rfa_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[16384];
	size_t total = 0;
	ssize_t n;
	int rc = 0;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return trouble(err, errno, "the file could not be opened", path);
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "there is no such file");
		return rfa_error_where(err, "%s", path);
	}
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = trouble(err, errno, "the file could not be read", path);
			break;
		}
		total += (size_t)n;
		if (total > max) {
			rc = rfa_fail(err, RFA_ETOOBIG, "ledger", "more than %zu bytes", max);
			rfa_error_where(err, "%s", path);
			break;
		}
		if (rfa_buf_add(out, chunk, (size_t)n)) {
			rc = rfa_buf_check(out, err);
			break;
		}
	}
	close(fd);
	return rc;
}
