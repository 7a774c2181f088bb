/*
 * Git objects, read without trusting the disk and written so that they survive it.
 *
 * libgit2 1.5 spins for ever on a loose object that was cut short, and takes a broken file of the
 * right name for the object that it was about to write. Both only happen where a machine died;
 * that is where a ledger must not fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "ledger/files.h"
#include "ledger/git/git.h"
#include "ledger/git/error.h"
#include "ledger/git/fresh.h"
#include "ledger/git/object.h"

static void loose_path(const struct rfa_git *git, const git_oid *id, char out[PATH_MAX])
{
	char hex[GIT_OID_HEXSZ + 1];

	git_oid_tostr(hex, sizeof(hex), id);
	snprintf(out, PATH_MAX, "%s/objects/%.2s/%s", git->path, hex, hex + 2);
}

static int broken(struct rfa_error *err, const git_oid *id, const char *path, const char *why)
{
	char hex[GIT_OID_HEXSZ + 1];

	git_oid_tostr(hex, sizeof(hex), id);
	rfa_fail(err, RFA_ECORRUPT, "ledger", "object %s is damaged: %s", hex, why);
	rfa_error_where(err, "%s", path);
	return rfa_error_hint(err, "move the file away, then bring the object back from a clone: "
				   "git -C CLONE pack-objects --stdout --all </dev/null | "
				   "git -C LEDGER unpack-objects");
}

/* unpack-objects writes nothing that a pack seems to have: the pack has to go first. */
static int broken_in_pack(struct rfa_error *err, const struct rfa_git *git, const git_oid *id,
			  const char *why)
{
	char hex[GIT_OID_HEXSZ + 1];

	git_oid_tostr(hex, sizeof(hex), id);
	rfa_fail(err, RFA_ECORRUPT, "ledger", "object %s is damaged, in a pack: %s", hex, why);
	rfa_error_where(err, "%s/objects/pack", git->path);
	return rfa_error_hint(
	    err, "see which pack it is: git verify-pack LEDGER/objects/pack/*.idx; move its "
		 "files away, then bring its objects back from a clone: "
		 "git -C CLONE pack-objects --stdout --all </dev/null | "
		 "git -C LEDGER unpack-objects");
}

/* "commit 123\0…": the kind and length of the header, the length of the header itself; 0: bad. */
static size_t parse_header(const unsigned char *data, size_t len, git_object_t *kind, size_t *size)
{
	const unsigned char *nul = memchr(data, '\0', len < 32 ? len : 32);
	const char *space = memchr(data, ' ', len < 16 ? len : 16);
	char word[16];
	char *end;
	unsigned long long n;

	if (!nul || !space || (const unsigned char *)space > nul)
		return 0;
	snprintf(word, sizeof(word), "%.*s", (int)(space - (const char *)data), (const char *)data);
	*kind = git_object_string2type(word);
	n = strtoull(space + 1, &end, 10);
	if (*kind == GIT_OBJECT_INVALID || end != (const char *)nul || n > RFA_GIT_OBJECT_MAX)
		return 0;
	*size = (size_t)n;
	return (size_t)(nul - data) + 1;
}

/* Inflates all of `packed` into out, which never grows past the limit. */
static const char *inflate_all(const struct rfa_buf *packed, struct rfa_buf *out)
{
	unsigned char chunk[16384];
	z_stream z = { 0 };
	const char *why = NULL;
	int rc;

	if (packed->len > UINT_MAX || inflateInit(&z) != Z_OK)
		return "it cannot be inflated";
	z.next_in = (unsigned char *)packed->data;
	z.avail_in = (uInt)packed->len;
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		rc = inflate(&z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END)
			why = z.avail_in ? "its compressed bytes are wrong" : "it was cut short";
		else if (rfa_buf_add(out, chunk, sizeof(chunk) - z.avail_out))
			why = "it is larger than anything that rfa writes";
		/* No progress is possible without input: this is where libgit2 spins. */
		else if (rc == Z_OK && !z.avail_in && z.avail_out)
			why = "it was cut short";
	} while (!why && rc == Z_OK);
	if (!why && z.avail_in)
		why = "bytes follow its end";
	inflateEnd(&z);
	return why;
}

/* NOTFOUND when there is no loose object of this id. */
static int read_loose(const struct rfa_git *git, const git_oid *id, git_object_t *kind,
		      struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_buf packed = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	struct rfa_buf plain = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	char path[PATH_MAX];
	const char *why;
	size_t header;
	size_t size = 0;
	git_oid is;
	int rc;

	loose_path(git, id, path);
	rc = rfa_slurp(path, RFA_GIT_OBJECT_MAX, &packed, err);
	if (rc)
		goto done;
	if (!packed.len) {
		rc = broken(err, id, path, "the file is empty");
		goto done;
	}
	why = inflate_all(&packed, &plain);
	header = why ? 0 : parse_header((unsigned char *)plain.data, plain.len, kind, &size);
	if (!why && (!header || plain.len - header != size))
		why = "its header is wrong";
	if (!why &&
	    (git_odb_hash(&is, plain.data + header, size, *kind) || git_oid_cmp(&is, id) != 0))
		why = "its content is not what its name says";
	if (why)
		rc = broken(err, id, path, why);
	else if (rfa_buf_add(out, plain.data + header, size))
		rc = rfa_buf_check(out, err);
done:
	rfa_buf_release(&packed);
	rfa_buf_release(&plain);
	return rc;
}

int rfa_git_loose_is_whole(const struct rfa_git *git, const git_oid *id)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	git_object_t kind = GIT_OBJECT_INVALID;
	struct rfa_error ignored;
	int yes = !read_loose(git, id, &kind, &text, &ignored);

	rfa_buf_release(&text);
	return yes;
}

void rfa_git_loose_remove(const struct rfa_git *git, const git_oid *id)
{
	char path[PATH_MAX];

	loose_path(git, id, path);
	unlink(path);
}

int rfa_git_read(const struct rfa_git *git, const git_oid *id, git_object_t kind,
		 struct rfa_buf *out, struct rfa_error *err)
{
	git_object_t is = GIT_OBJECT_INVALID;
	git_odb_object *object = NULL;
	const struct rfa_fresh_object *fresh = rfa_fresh_find(git, id);
	char path[PATH_MAX];
	int rc = 0;

	loose_path(git, id, path);
	if (fresh) {
		is = fresh->kind;
		if (rfa_buf_add(out, fresh->data, fresh->len))
			rc = rfa_buf_check(out, err);
	} else {
		rc = read_loose(git, id, &is, out, err);
	}
	if (rc == -(int)RFA_ENOTFOUND) {
		/* In a pack, which libgit2 reads safely and checks against the id. */
		rc = git_odb_read(&object, git->odb, id);
		if (rc == GIT_ENOTFOUND)
			return broken(err, id, path, "it is missing");
		if (rc)
			return broken_in_pack(err, git, id,
					      git_error_last() ? git_error_last()->message
							       : "unreadable");
		is = git_odb_object_type(object);
		if (rfa_buf_add(out, git_odb_object_data(object), git_odb_object_size(object)))
			rc = rfa_buf_check(out, err);
		git_odb_object_free(object);
	}
	if (!rc && kind != GIT_OBJECT_ANY && is != kind)
		rc = broken(err, id, path, "it is of another kind");
	return rc;
}

/* Makes durable what another writer may have left unsynced when it was killed. One that is gone has
 * been packed meanwhile: it was durable before that. */
static int sync_existing(const char *path, struct rfa_error *err)
{
	char folder[PATH_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fsync(fd)) {
		rc = rfa_fail_errno(err, errno, "an object could not be made durable");
		rfa_error_where(err, "%s", path);
	}
	if (fd >= 0)
		close(fd);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	return rc ? rc : rfa_sync_folder(folder, err);
}

int rfa_git_write(const struct rfa_git *git, git_oid *id, git_object_t kind, const void *data,
		  size_t len, struct rfa_error *err)
{
	struct rfa_buf there = RFA_BUF_INIT(RFA_GIT_OBJECT_MAX);
	git_object_t is = GIT_OBJECT_INVALID;
	char path[PATH_MAX];
	struct stat st;
	int rc;

	rc = git_odb_hash(id, data, len, kind);
	if (rc)
		return rfa_git_fail(err, rc, git->path, "an object could not be hashed");
	if (rfa_fresh_find(git, id))
		return rfa_fresh_add(git, id, kind, data, len, 1, err);
	loose_path(git, id, path);
	if (!lstat(path, &st)) {
		rc = read_loose(git, id, &is, &there, err);
		rfa_buf_release(&there);
		if (!rc)
			return sync_existing(path, err);
		/* Broken: what we are about to write is what it should have been. Gone: it has
		   been packed meanwhile. */
		if (rc != -(int)RFA_ECORRUPT && rc != -(int)RFA_ENOTFOUND)
			return rc;
		rfa_error_clear(err);
		if (unlink(path) && errno != ENOENT) {
			rfa_fail_errno(err, errno, "a damaged object could not be replaced");
			return rfa_error_where(err, "%s", path);
		}
	}
	if (git_odb_exists_ext(git->odb, id, GIT_ODB_LOOKUP_NO_REFRESH)) {
		rfa_fresh_lean(git);
		return 0;
	}
	return rfa_fresh_add(git, id, kind, data, len, 1, err);
}
