/* Objects that are written, and not on the disk yet: kept in memory, and stored as one pack. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "ledger/files.h"
#include "ledger/git/error.h"
#include "ledger/git/fresh.h"
#include "ledger/git/packs.h"
#include "ledger/git/sink.h"

struct rfa_fresh {
	struct rfa_fresh_object *items; /* owned */
	size_t n, cap;
	int leans; /* rfa_fresh_lean() was called since the last store */
};

/* An object of a pack, as its index needs it. */
struct entry {
	git_oid id;
	uint32_t crc, at;
};

int rfa_fresh_open(struct rfa_git *git, struct rfa_error *err)
{
	git->fresh = calloc(1, sizeof(*git->fresh));
	return git->fresh ? 0 : rfa_fail_nomem(err);
}

/* Those whose `due` is this. */
static void drop(struct rfa_fresh *fresh, int due)
{
	size_t n = 0;

	for (size_t i = 0; i < fresh->n; i++) {
		if (fresh->items[i].due == due)
			free(fresh->items[i].data);
		else
			fresh->items[n++] = fresh->items[i];
	}
	fresh->n = n;
}

void rfa_fresh_close(struct rfa_git *git)
{
	if (!git->fresh)
		return;
	drop(git->fresh, 0);
	drop(git->fresh, 1);
	free(git->fresh->items);
	free(git->fresh);
	git->fresh = NULL;
}

/* The newest first: that is the one that the next record is made on. */
static struct rfa_fresh_object *find(const struct rfa_git *git, const git_oid *id)
{
	for (size_t i = git->fresh->n; i > 0; i--)
		if (git_oid_equal(&git->fresh->items[i - 1].id, id))
			return &git->fresh->items[i - 1];
	return NULL;
}

const struct rfa_fresh_object *rfa_fresh_find(const struct rfa_git *git, const git_oid *id)
{
	return find(git, id);
}

int rfa_fresh_add(const struct rfa_git *git, const git_oid *id, git_object_t kind, const void *data,
		  size_t len, int due, struct rfa_error *err)
{
	struct rfa_fresh *fresh = git->fresh;
	struct rfa_fresh_object *object = find(git, id);
	char *copy;

	if (object) {
		object->due |= due;
		return 0;
	}
	if (fresh->n == fresh->cap) {
		size_t cap = fresh->cap ? fresh->cap * 2 : 32;

		object = realloc(fresh->items, cap * sizeof(*object));
		if (!object)
			return rfa_fail_nomem(err);
		fresh->items = object;
		fresh->cap = cap;
	}
	copy = malloc(len ? len : 1);
	if (!copy)
		return rfa_fail_nomem(err);
	if (len)
		memcpy(copy, data, len);
	fresh->items[fresh->n++] = (struct rfa_fresh_object){ *id, kind, copy, len, due };
	return 0;
}

void rfa_fresh_lean(const struct rfa_git *git)
{
	git->fresh->leans = 1;
}

void rfa_fresh_forget(const struct rfa_git *git)
{
	drop(git->fresh, 0);
}

/* gitformat-pack(5): the kind and the length, seven bits a byte behind the first four. */
static size_t object_head(const struct rfa_fresh_object *object, unsigned char head[16])
{
	size_t left = object->len >> 4;
	size_t n = 0;

	head[n] = (unsigned char)((unsigned)object->kind << 4 | (object->len & 15));
	for (; left; left >>= 7) {
		head[n++] |= 0x80;
		head[n] = left & 0x7f;
	}
	return n + 1;
}

static int put_object(const struct rfa_fresh_object *object, struct rfa_sink *sink, uint32_t *at,
		      struct entry *entry, struct rfa_error *err)
{
	unsigned char head[16];
	size_t n = object_head(object, head);
	uLongf packed = compressBound((uLong)object->len);
	unsigned char *bytes = malloc(packed);
	uLong crc = crc32(0, head, (uInt)n);
	int rc = 0;

	if (!bytes ||
	    compress(bytes, &packed, (unsigned char *)object->data, (uLong)object->len) != Z_OK) {
		free(bytes);
		return rfa_fail_nomem(err);
	}
	entry->id = object->id;
	entry->crc = (uint32_t)crc32(crc, bytes, (uInt)packed);
	entry->at = *at;
	*at += (uint32_t)(n + packed);
	rc = rfa_sink_put(sink, head, n, err);
	if (!rc)
		rc = rfa_sink_put(sink, bytes, packed, err);
	free(bytes);
	return rc;
}

static int by_id(const void *a, const void *b)
{
	return git_oid_cmp(&((const struct entry *)a)->id, &((const struct entry *)b)->id);
}

static int put_numbers(struct rfa_sink *sink, const struct entry *entries, uint32_t n, int crc,
		       struct rfa_error *err)
{
	unsigned char four[4];
	int rc = 0;

	for (uint32_t i = 0; !rc && i < n; i++) {
		rfa_pack_write32(four, crc ? entries[i].crc : entries[i].at);
		rc = rfa_sink_put(sink, four, sizeof(four), err);
	}
	return rc;
}

static int put_index(struct rfa_sink *sink, struct entry *entries, uint32_t n,
		     const unsigned char of[RFA_SHA1_BYTES], struct rfa_error *err)
{
	unsigned char head[RFA_INDEX_HEAD + RFA_INDEX_FANOUT] = { 0xff, 't', 'O', 'c', 0, 0, 0, 2 };
	unsigned char sum[RFA_SHA1_BYTES];
	uint32_t below = 0;
	int rc;

	qsort(entries, n, sizeof(*entries), by_id);
	for (unsigned i = 0; i < 256; i++) {
		while (below < n && entries[below].id.id[0] <= i)
			below++;
		rfa_pack_write32(head + RFA_INDEX_HEAD + (size_t)i * 4, below);
	}
	rc = rfa_sink_put(sink, head, sizeof(head), err);
	for (uint32_t i = 0; !rc && i < n; i++)
		rc = rfa_sink_put(sink, entries[i].id.id, GIT_OID_RAWSZ, err);
	if (!rc)
		rc = put_numbers(sink, entries, n, 1, err);
	if (!rc)
		rc = put_numbers(sink, entries, n, 0, err);
	if (!rc)
		rc = rfa_sink_put(sink, of, RFA_SHA1_BYTES, err);
	return rc ? rc : rfa_sink_end(sink, sum, err);
}

/* Both files, and their names. */
static int put_pack(const struct rfa_git *git, struct entry *entries, struct rfa_sink sinks[2],
		    struct rfa_error *err)
{
	unsigned char head[RFA_PACK_HEAD] = "PACK\0\0\0\2";
	unsigned char sum[RFA_SHA1_BYTES];
	const struct rfa_fresh *fresh = git->fresh;
	uint32_t at = RFA_PACK_HEAD;
	uint32_t n = 0;
	int rc;

	for (size_t i = 0; i < fresh->n; i++)
		n += fresh->items[i].due ? 1 : 0;
	rfa_pack_write32(head + 8, n);
	rc = rfa_sink_open(&sinks[0], git, "pack", err);
	if (!rc)
		rc = rfa_sink_open(&sinks[1], git, "idx", err);
	if (!rc)
		rc = rfa_sink_put(&sinks[0], head, sizeof(head), err);
	n = 0;
	for (size_t i = 0; !rc && i < fresh->n; i++)
		if (fresh->items[i].due)
			rc = put_object(&fresh->items[i], &sinks[0], &at, &entries[n++], err);
	if (!rc)
		rc = rfa_sink_end(&sinks[0], sum, err);
	if (!rc)
		rc = put_index(&sinks[1], entries, n, sum, err);
	return rc ? rc : rfa_sink_place(git, &sinks[0], &sinks[1], sum, "ledger.store.half", err);
}

static int store_due(const struct rfa_git *git, struct rfa_error *err)
{
	struct entry *entries = calloc(git->fresh->n, sizeof(*entries));
	struct rfa_sink *sinks = calloc(2, sizeof(*sinks));
	int rc = entries && sinks ? 0 : rfa_fail_nomem(err);

	if (!rc) {
		sinks[0].fd = sinks[1].fd = -1;
		rc = put_pack(git, entries, sinks, err);
		rfa_sink_close(&sinks[0]);
		rfa_sink_close(&sinks[1]);
	}
	free(entries);
	free(sinks);
	if (!rc && git_odb_refresh(git->odb))
		rc = rfa_git_fail(err, -1, git->path, "the packs could not be read");
	return rc;
}

int rfa_fresh_store(const struct rfa_git *git, struct rfa_error *err)
{
	struct rfa_fresh *fresh = git->fresh;
	char folder[PATH_MAX];
	int due = 0;
	int rc = 0;

	for (size_t i = 0; i < fresh->n; i++)
		due |= fresh->items[i].due;
	snprintf(folder, sizeof(folder), "%s/objects/pack", git->path);
	if (due)
		rc = store_due(git, err);
	else if (fresh->leans)
		rc = rfa_sync_folder(folder, err);
	if (rc)
		return rc;
	drop(fresh, 1);
	fresh->leans = 0;
	return 0;
}
