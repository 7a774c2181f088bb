/* Reads a file, and is not kept waiting by what is none. */
#include "cli/frame/read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, size_t max, struct rfa_buf *out, const char *path,
		    struct rfa_error *err)
{
	char part[16384];
	size_t had = out->len;
	ssize_t got;

	while ((got = read(fd, part, sizeof(part))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return rfa_fail_errno(err, errno, "%.300s", path);
		if (rfa_buf_add(out, part, (size_t)got))
			return rfa_buf_check(out, err);
		if (out->len - had > max)
			return rfa_fail(err, RFA_ETOOBIG, "os", "%.300s has more than %zu bytes",
					path, max);
	}
	return 0;
}

int rfa_read_file(const char *path, size_t max, struct rfa_buf *out, struct rfa_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc;

	if (fd < 0 && errno == ENOENT)
		return rfa_fail(err, RFA_ENOTFOUND, "os", "there is no file %.300s", path);
	if (fd < 0)
		return rfa_fail_errno(err, errno, "%.300s", path);
	if (fstat(fd, &st))
		rc = rfa_fail_errno(err, errno, "%.300s", path);
	else if (!S_ISREG(st.st_mode))
		rc = rfa_fail(err, RFA_EIO, "os", "%.300s is no plain file", path);
	else
		rc = read_all(fd, max, out, path, err);
	(void)close(fd);
	return rc;
}
