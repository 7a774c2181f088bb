/*
 * Packs put together, byte for byte. The objects of a pack that are kept as a difference to another
 * one name it by its id, or by how far before them it stands; so all of a pack can stand in another
 * one, and only the index has other numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsm/base/fault.h"
#include "ledger/git/error.h"
#include "ledger/git/join.h"
#include "ledger/git/newpack.h"
#include "ledger/git/packs.h"
#include "ledger/git/sink.h"

/* So few objects are packed anew; more are only put together. */
#define ANEW_MOST 1024

static int damaged(const char *path, const char *why, struct rfa_error *err)
{
	rfa_fail(err, RFA_ECORRUPT, "ledger", "a pack is damaged: %s", why);
	rfa_error_where(err, "%s", path);
	return rfa_error_hint(err, "rfa ledger verify");
}

/* How many of the smallest become one: behind them each has twice the objects of all before it. */
static size_t how_many(const struct rfa_packs *packs)
{
	uint64_t objects = 0, bytes = 0;
	size_t most = 0;
	size_t join = 0;

	while (most < packs->n && bytes + packs->all[most].size <= RFA_PACK_MAX)
		bytes += packs->all[most++].size;
	for (size_t i = 0; i < most; i++) {
		if (i && packs->all[i].n < 2 * objects)
			join = i + 1;
		objects += packs->all[i].n;
	}
	return objects > UINT32_MAX ? 0 : join;
}

/*
 * The index is as it was written, and of this pack: a new index with the same damage would have a
 * checksum that is right.
 */
static int check_index(const struct rfa_git *git, const struct rfa_pack *pack,
		       struct rfa_error *err)
{
	const unsigned char *sums = pack->index + pack->index_size - 2 * (size_t)RFA_SHA1_BYTES;
	unsigned char is[RFA_SHA1_BYTES], of[RFA_SHA1_BYTES];
	struct rfa_sha1 sum;
	char path[PATH_MAX];
	int fd, ok;

	rfa_sha1_begin(&sum);
	rfa_sha1_add(&sum, pack->index, pack->index_size - RFA_SHA1_BYTES);
	rfa_sha1_end(&sum, is);
	rfa_pack_path(git, pack->name, "pack", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ok = fd >= 0 &&
	     pread(fd, of, sizeof(of), (off_t)(pack->size - RFA_SHA1_BYTES)) == (ssize_t)sizeof(of);
	if (fd >= 0)
		close(fd);
	if (ok && !memcmp(is, sums + RFA_SHA1_BYTES, sizeof(is)) && !memcmp(of, sums, sizeof(of)))
		return 0;
	rfa_pack_path(git, pack->name, "idx", path);
	return damaged(path, "its index is not that of this pack", err);
}

/* Exactly that many bytes. */
static int read_all(int fd, unsigned char *out, size_t len, const char *path, struct rfa_error *err)
{
	while (len) {
		ssize_t n = read(fd, out, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			return damaged(path, "it was cut short", err);
		if (n < 0) {
			rfa_fail_errno(err, errno, "the pack could not be read");
			return rfa_error_where(err, "%s", path);
		}
		out += n;
		len -= (size_t)n;
	}
	return 0;
}

/* All between the head and the checksum, which are checked. */
static int copy_from(int fd, const struct rfa_pack *pack, const char *path, struct rfa_sink *sink,
		     struct rfa_error *err)
{
	unsigned char chunk[16384], is[RFA_SHA1_BYTES];
	uint64_t left = pack->size - RFA_PACK_HEAD - RFA_SHA1_BYTES;
	struct rfa_sha1 sum;
	int rc = read_all(fd, chunk, RFA_PACK_HEAD, path, err);

	if (!rc && (memcmp(chunk, "PACK\0\0\0\2", 8) != 0 || rfa_pack_read32(chunk + 8) != pack->n))
		rc = damaged(path, "its head is wrong", err);
	rfa_sha1_begin(&sum);
	if (!rc)
		rfa_sha1_add(&sum, chunk, RFA_PACK_HEAD);
	while (!rc && left) {
		size_t n = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);

		rc = read_all(fd, chunk, n, path, err);
		if (rc)
			break;
		rfa_sha1_add(&sum, chunk, n);
		rc = rfa_sink_put(sink, chunk, n, err);
		left -= n;
	}
	if (!rc)
		rc = read_all(fd, chunk, RFA_SHA1_BYTES, path, err);
	rfa_sha1_end(&sum, is);
	if (!rc && memcmp(is, chunk, sizeof(is)) != 0)
		rc = damaged(path, "its content is not what its checksum says", err);
	return rc;
}

/* The objects of a pack. Not mapped: a disk that cannot be read would be a signal then. */
static int copy_body(const struct rfa_git *git, struct rfa_pack *pack, uint64_t *at,
		     struct rfa_sink *sink, struct rfa_error *err)
{
	char path[PATH_MAX];
	int fd, rc;

	rfa_pack_path(git, pack->name, "pack", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		rfa_fail_errno(err, errno, "the pack could not be read");
		return rfa_error_where(err, "%s", path);
	}
	rc = copy_from(fd, pack, path, sink, err);
	close(fd);
	pack->moved_by = *at - RFA_PACK_HEAD;
	*at += pack->size - RFA_PACK_HEAD - RFA_SHA1_BYTES;
	return rc;
}

static int write_pack(const struct rfa_git *git, struct rfa_packs *packs, uint32_t n,
		      struct rfa_sink *sink, unsigned char sum[RFA_SHA1_BYTES],
		      struct rfa_error *err)
{
	unsigned char head[RFA_PACK_HEAD] = "PACK\0\0\0\2";
	uint64_t at = RFA_PACK_HEAD;
	int rc;

	rfa_pack_write32(head + 8, n);
	rc = rfa_sink_put(sink, head, sizeof(head), err);
	for (size_t i = 0; !rc && i < packs->n; i++)
		rc = copy_body(git, &packs->all[i], &at, sink, err);
	return rc ? rc : rfa_sink_end(sink, sum, err);
}

/* The pack with the next id, of all that have one left; NULL: none has. */
static struct rfa_pack *next_pack(struct rfa_packs *packs)
{
	struct rfa_pack *first = NULL;

	for (size_t i = 0; i < packs->n; i++) {
		struct rfa_pack *pack = &packs->all[i];

		if (pack->at < pack->n &&
		    (!first || memcmp(rfa_pack_id(pack, pack->at), rfa_pack_id(first, first->at),
				      GIT_OID_RAWSZ) < 0))
			first = pack;
	}
	return first;
}

/* One column of the index, in the order of all ids. */
static int write_column(struct rfa_packs *packs, struct rfa_sink *sink,
			int (*put)(struct rfa_sink *sink, const struct rfa_pack *pack,
				   struct rfa_error *err),
			struct rfa_error *err)
{
	struct rfa_pack *pack;
	int rc = 0;

	for (size_t i = 0; i < packs->n; i++)
		packs->all[i].at = 0;
	while (!rc && (pack = next_pack(packs))) {
		rc = put(sink, pack, err);
		pack->at++;
	}
	return rc;
}

static int put_id(struct rfa_sink *sink, const struct rfa_pack *pack, struct rfa_error *err)
{
	return rfa_sink_put(sink, rfa_pack_id(pack, pack->at), GIT_OID_RAWSZ, err);
}

static int put_crc(struct rfa_sink *sink, const struct rfa_pack *pack, struct rfa_error *err)
{
	return rfa_sink_put(sink, rfa_pack_crc(pack, pack->at), 4, err);
}

static int put_offset(struct rfa_sink *sink, const struct rfa_pack *pack, struct rfa_error *err)
{
	unsigned char four[4];

	rfa_pack_write32(four, (uint32_t)(rfa_pack_offset(pack, pack->at) + pack->moved_by));
	return rfa_sink_put(sink, four, sizeof(four), err);
}

static int write_index(struct rfa_packs *packs, const unsigned char of[RFA_SHA1_BYTES],
		       struct rfa_sink *sink, struct rfa_error *err)
{
	unsigned char head[RFA_INDEX_HEAD + RFA_INDEX_FANOUT] = { 0xff, 't', 'O', 'c', 0, 0, 0, 2 };
	unsigned char sum[RFA_SHA1_BYTES];
	int rc;

	for (unsigned i = 0; i < 256; i++) {
		uint32_t n = 0;

		for (size_t p = 0; p < packs->n; p++)
			n += rfa_pack_read32(packs->all[p].index + RFA_INDEX_HEAD + (size_t)i * 4);
		rfa_pack_write32(head + RFA_INDEX_HEAD + (size_t)i * 4, n);
	}
	rc = rfa_sink_put(sink, head, sizeof(head), err);
	if (!rc)
		rc = write_column(packs, sink, put_id, err);
	if (!rc)
		rc = write_column(packs, sink, put_crc, err);
	if (!rc)
		rc = write_column(packs, sink, put_offset, err);
	if (!rc)
		rc = rfa_sink_put(sink, of, RFA_SHA1_BYTES, err);
	return rc ? rc : rfa_sink_end(sink, sum, err);
}

static void remove_joined(const struct rfa_git *git, const struct rfa_packs *packs,
			  const char *name)
{
	static const char *const ends[] = { "idx", "rev", "bitmap", "pack" };
	char path[PATH_MAX];

	for (size_t i = 0; i < packs->n; i++) {
		if (!strcmp(packs->all[i].name, name))
			continue;
		for (size_t e = 0; e < sizeof(ends) / sizeof(ends[0]); e++) {
			rfa_pack_path(git, packs->all[i].name, ends[e], path);
			unlink(path);
		}
	}
}

/* Whether an object is in more than one of them: a pack with doubles is not one for every git. */
static int have_doubles(struct rfa_packs *packs)
{
	const unsigned char *last = NULL;
	struct rfa_pack *pack;
	int doubles = 0;

	for (size_t i = 0; i < packs->n; i++)
		packs->all[i].at = 0;
	while (!doubles && (pack = next_pack(packs))) {
		const unsigned char *id = rfa_pack_id(pack, pack->at++);

		doubles = last && !memcmp(last, id, GIT_OID_RAWSZ);
		last = id;
	}
	return doubles;
}

/* Few objects, which become smaller by being kept as differences to each other; or packs with
 * objects in common, made by somebody else or by a writer that was killed: packed anew. */
static int pack_anew(const struct rfa_git *git, const struct rfa_packs *packs,
		     char name[GIT_OID_HEXSZ + 1], struct rfa_error *err)
{
	struct rfa_newpack pack = { 0 };
	int rc = rfa_newpack_open(git, &pack, err);

	for (size_t i = 0; i < packs->n; i++)
		for (uint32_t k = 0; !rc && k < packs->all[i].n; k++) {
			git_oid id;

			memcpy(id.id, rfa_pack_id(&packs->all[i], k), GIT_OID_RAWSZ);
			rc = rfa_newpack_add(git, &pack, &id, err);
		}
	if (!rc)
		rc = rfa_newpack_write(git, &pack, err);
	memcpy(name, pack.name, sizeof(pack.name));
	rfa_newpack_close(&pack);
	return rc;
}

static uint32_t objects_of(const struct rfa_packs *packs)
{
	uint32_t n = 0;

	for (size_t i = 0; i < packs->n; i++)
		n += packs->all[i].n;
	return n;
}

static int put_together(const struct rfa_git *git, struct rfa_packs *packs,
			struct rfa_sink sinks[2], char name[GIT_OID_HEXSZ + 1],
			struct rfa_error *err)
{
	unsigned char sum[RFA_SHA1_BYTES];
	git_oid id;
	int rc;

	rc = rfa_sink_open(&sinks[0], git, "pack", err);
	if (!rc)
		rc = rfa_sink_open(&sinks[1], git, "idx", err);
	if (!rc)
		rc = write_pack(git, packs, objects_of(packs), &sinks[0], sum, err);
	if (!rc)
		rc = write_index(packs, sum, &sinks[1], err);
	if (!rc)
		rc = rfa_fault("ledger.join.written", err);
	if (rc)
		return rc;
	memcpy(id.id, sum, sizeof(id.id));
	git_oid_tostr(name, GIT_OID_HEXSZ + 1, &id);
	rc = rfa_sink_place(git, &sinks[0], &sinks[1], sum, "ledger.join.half", err);
	if (!rc && git_odb_refresh(git->odb))
		rc = rfa_git_fail(err, -1, git->path, "the packs could not be read");
	return rc;
}

static int join(const struct rfa_git *git, struct rfa_packs *packs, struct rfa_sink sinks[2],
		struct rfa_error *err)
{
	char name[GIT_OID_HEXSZ + 1];
	int rc = 0;

	for (size_t i = 0; !rc && i < packs->n; i++)
		rc = check_index(git, &packs->all[i], err);
	if (rc)
		return rc;
	if (objects_of(packs) <= ANEW_MOST || have_doubles(packs))
		rc = pack_anew(git, packs, name, err);
	else
		rc = put_together(git, packs, sinks, name, err);
	if (!rc)
		rc = rfa_fault("ledger.join.named", err);
	if (!rc)
		remove_joined(git, packs, name);
	return rc;
}

int rfa_git_join(const struct rfa_git *git, struct rfa_error *err)
{
	struct rfa_packs *packs = calloc(1, sizeof(*packs));
	struct rfa_sink *sinks = calloc(2, sizeof(*sinks));
	size_t n;
	int rc = packs && sinks ? 0 : rfa_fail_nomem(err);

	if (rc)
		goto done;
	sinks[0].fd = sinks[1].fd = -1;
	rfa_packs_open(git, packs);
	n = how_many(packs);
	while (packs->n > n)
		rfa_pack_close(&packs->all[--packs->n]);
	if (n)
		rc = join(git, packs, sinks, err);
	rfa_sink_close(&sinks[0]);
	rfa_sink_close(&sinks[1]);
	rfa_packs_close(packs);
done:
	free(packs);
	free(sinks);
	return rc;
}
