/* The format of the repository's folder, so that no older rfa takes half of it for all. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/files.h"
#include "ledger/git/error.h"
#include "ledger/git/format.h"

#define NOT_WRITTEN "the ledger's configuration could not be written"
/* None that a person wrote is larger. */
#define MOST_BYTES (1u << 20)

static int copy(const char *from, const char *to, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(MOST_BYTES);
	int rc = rfa_slurp(from, MOST_BYTES, &text, err);
	int fd;

	unlink(to);
	if (!rc) {
		fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 || write(fd, rfa_buf_str(&text), text.len) != (ssize_t)text.len)
			rc = rfa_git_fail_errno(err, fd < 0 ? errno : ENOSPC, to, NOT_WRITTEN);
		if (fd >= 0)
			close(fd);
	}
	rfa_buf_release(&text);
	return rc;
}

static int set_format(const char *path, struct rfa_error *err)
{
	git_config *config = NULL;
	int rc = git_config_open_ondisk(&config, path);
	int fd;

	if (!rc)
		rc = git_config_set_int64(config, "rfa.format", RFA_GIT_FORMAT);
	git_config_free(config);
	if (rc)
		return rfa_git_fail(err, rc, path, NOT_WRITTEN);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		rc = rfa_git_fail_errno(err, errno, path, NOT_WRITTEN);
	if (fd >= 0)
		close(fd);
	return rc;
}

int rfa_git_raise_format(struct rfa_git *git, struct rfa_error *err)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	int rc;

	if (git->format >= RFA_GIT_FORMAT)
		return 0;
	/* Aside: a configuration that is half there is no repository. */
	snprintf(path, sizeof(path), "%s/config", git->path);
	snprintf(fresh, sizeof(fresh), "%s/config.rfa", git->path);
	rc = copy(path, fresh, err);
	if (!rc)
		rc = set_format(fresh, err);
	if (!rc && rename(fresh, path))
		rc = rfa_git_fail_errno(err, errno, path, NOT_WRITTEN);
	if (rc) {
		unlink(fresh);
		return rc;
	}
	rc = rfa_sync_folder(git->path, err);
	if (!rc)
		git->format = RFA_GIT_FORMAT;
	return rc;
}
