/* A file of the ledger's packs that is written with its checksum at its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/git/sink.h"

int rfa_sink_open(struct rfa_sink *sink, const struct rfa_git *git, const char *what,
		  struct rfa_error *err)
{
	rfa_sha1_begin(&sink->sum);
	sink->len = 0;
	snprintf(sink->path, sizeof(sink->path), "%s/objects/pack/" RFA_SINK_PREFIX "%s", git->path,
		 what);
	unlink(sink->path);
	sink->fd = open(sink->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (sink->fd >= 0)
		return 0;
	rfa_fail_errno(err, errno, "the file could not be made");
	return rfa_error_where(err, "%s", sink->path);
}

static int sink_flush(struct rfa_sink *sink, struct rfa_error *err)
{
	size_t done = 0;

	while (done < sink->len) {
		ssize_t n = write(sink->fd, sink->waiting + done, sink->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rfa_fail_errno(err, n ? errno : ENOSPC, "the packs could not be joined");
			return rfa_error_where(err, "%s", sink->path);
		}
		done += (size_t)n;
	}
	sink->len = 0;
	return 0;
}

int rfa_sink_put(struct rfa_sink *sink, const void *data, size_t len, struct rfa_error *err)
{
	const unsigned char *at = data;

	rfa_sha1_add(&sink->sum, data, len);
	while (len) {
		size_t n = sizeof(sink->waiting) - sink->len;
		int rc;

		n = len < n ? len : n;
		memcpy(sink->waiting + sink->len, at, n);
		sink->len += n;
		at += n;
		len -= n;
		rc = sink->len == sizeof(sink->waiting) ? sink_flush(sink, err) : 0;
		if (rc)
			return rc;
	}
	return 0;
}

/* Writes the checksum behind all; then the file is durable. */
int rfa_sink_end(struct rfa_sink *sink, unsigned char sum[RFA_SHA1_BYTES], struct rfa_error *err)
{
	struct rfa_sha1 whole = sink->sum;
	int rc;

	rfa_sha1_end(&whole, sum);
	rc = rfa_sink_put(sink, sum, RFA_SHA1_BYTES, err);
	if (!rc)
		rc = sink_flush(sink, err);
	if (!rc && fsync(sink->fd)) {
		rfa_fail_errno(err, errno, "the joined packs could not be made durable");
		rc = rfa_error_where(err, "%s", sink->path);
	}
	return rc;
}

void rfa_sink_close(struct rfa_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
	if (sink->path[0])
		unlink(sink->path);
}
