/* A file of the ledger's packs that is written with its checksum at its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/fault.h"
#include "ledger/files.h"
#include "ledger/git/error.h"
#include "ledger/git/packs.h"
#include "ledger/git/sink.h"

#define NOT_IN_PLACE "a pack could not be put in place"

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
	return rfa_git_fail_errno(err, errno, sink->path, "the file could not be made");
}

static int sink_flush(struct rfa_sink *sink, struct rfa_error *err)
{
	size_t done = 0;

	while (done < sink->len) {
		ssize_t n = write(sink->fd, sink->waiting + done, sink->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return rfa_git_fail_errno(err, n ? errno : ENOSPC, sink->path,
						  "a pack could not be written");
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
	if (!rc && fsync(sink->fd))
		rc = rfa_git_fail_errno(err, errno, sink->path, "a pack could not be made durable");
	return rc;
}

int rfa_sink_place(const struct rfa_git *git, const struct rfa_sink *pack,
		   const struct rfa_sink *index, const unsigned char sum[RFA_SHA1_BYTES],
		   const char *half, struct rfa_error *err)
{
	char folder[PATH_MAX], pack_to[PATH_MAX], index_to[PATH_MAX];
	char name[GIT_OID_HEXSZ + 1];
	git_oid id;
	int rc;

	memcpy(id.id, sum, sizeof(id.id));
	git_oid_tostr(name, sizeof(name), &id);
	snprintf(folder, sizeof(folder), "%s/objects/pack", git->path);
	rfa_pack_path(git, name, "pack", pack_to);
	rfa_pack_path(git, name, "idx", index_to);
	if (rename(index->path, index_to))
		return rfa_git_fail_errno(err, errno, folder, NOT_IN_PLACE);
	rc = rfa_fault(half, err);
	if (!rc && rename(pack->path, pack_to))
		rc = rfa_git_fail_errno(err, errno, folder, NOT_IN_PLACE);
	if (rc)
		unlink(index_to);
	return rc ? rc : rfa_sync_folder(folder, err);
}

void rfa_sink_close(struct rfa_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
	if (sink->path[0])
		unlink(sink->path);
}
