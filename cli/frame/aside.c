/* Writes files aside, and links or renames them to their place. */
#include "cli/frame/aside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int rfa_aside_open(struct rfa_aside *file, const char *path, struct rfa_error *err)
{
	int p = snprintf(file->path, sizeof(file->path), "%s", path);
	int t = snprintf(file->temp, sizeof(file->temp), "%s.XXXXXX", path);

	file->fd = -1;
	if (p < 0 || t < 0 || (size_t)t >= sizeof(file->temp)) {
		file->temp[0] = '\0';
		return rfa_fail(err, RFA_EUSAGE, "cli", "the path is too long");
	}
	file->fd = mkstemp(file->temp);
	if (file->fd < 0) {
		file->temp[0] = '\0';
		return rfa_fail_errno(err, errno, "%.300s", path);
	}
	return 0;
}

int rfa_aside_write(struct rfa_aside *file, const void *data, size_t len, struct rfa_error *err)
{
	const char *at = data;

	while (len > 0) {
		ssize_t put = write(file->fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return rfa_fail_errno(err, errno, "%.300s", file->path);
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

/* A file system without hard links (a USB stick) leaves a moment between the look and the name. */
static int take_name(const struct rfa_aside *file, int replace)
{
	struct stat st;

	if (replace)
		return rename(file->temp, file->path) < 0 ? errno : 0;
	if (link(file->temp, file->path) == 0)
		return 0;
	if (errno != EPERM && errno != ENOTSUP)
		return errno;
	if (lstat(file->path, &st) == 0)
		return EEXIST;
	return rename(file->temp, file->path) < 0 ? errno : 0;
}

int rfa_aside_finish(struct rfa_aside *file, mode_t mode, int replace, struct rfa_error *err)
{
	int why = fsync(file->fd) < 0 || fchmod(file->fd, mode) < 0 ? errno : 0;

	if (!why)
		why = take_name(file, replace);
	rfa_aside_drop(file);
	if (why == EEXIST) {
		rfa_fail(err, RFA_EEXISTS, "cli", "%.300s is there, and is not replaced",
			 file->path);
		return rfa_error_hint(err, "name another file, or move that one away");
	}
	return why ? rfa_fail_errno(err, why, "%.300s", file->path) : 0;
}

void rfa_aside_drop(struct rfa_aside *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	if (file->temp[0])
		unlink(file->temp);
	file->temp[0] = '\0';
}

int rfa_aside_whole(const char *path, const struct rfa_buf *text, mode_t mode, int replace,
		    struct rfa_error *err)
{
	struct rfa_aside file;
	int rc = rfa_aside_open(&file, path, err);

	if (rc == 0)
		rc = rfa_aside_write(&file, text->data, text->len, err);
	if (rc == 0)
		rc = rfa_aside_finish(&file, mode, replace, err);
	rfa_aside_drop(&file);
	return rc;
}
