/*
 * An archive that is put together in a host's spool.
 *
 * First what lies there is read, piece by piece. Then what is missing is written, from its first
 * byte on to the end: that is the usual case, and the archive's chunks are digested on the way, so
 * that the host proves what it has by b2sum. If a piece in the midst was wrong, it is written
 * again, and all is read once more instead.
 */
#include "transports/host/host_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "transports/host/host.h"
#include "transports/registry/registry.h"

#define IDLE_MS 30000
#define CHUNK_BYTES ((uint64_t)8 << 20)
#define BLOCK_BYTES ((size_t)256 << 10)
/* Looks at what is there: one, and one more after something was mended. */
#define LOOKS_MAX 2

enum state { ABSENT, PART, WRONG, GOOD };

struct seen {
	enum state state;
	uint64_t have; /* of PART: so many of its bytes are there */
};

struct work {
	struct rfa_host *h;
	const struct rfa_host_fetching *how;
	uint64_t total, fetched;
	struct seen *seen; /* owned; of each piece */
	char *block;       /* owned */
	struct rfa_stream *in, *out;
	int out_failed; /* no more can be learned of `out` */
	uint64_t at;    /* where the next byte is read, or written */
	int mended;     /* something was written over: `chunks` tells nothing */
	json_t *chunks; /* owned; digests of the archive's chunks up to `at` */
	uint64_t in_chunk;
	struct rfa_digest chunk;
	/* Of the piece that is looked at, which may go on where the file ends; of one that is
	 * mended. */
	struct rfa_registry_check look, mend;
	struct rfa_registry_check *check; /* of the piece that comes now */
};

static int64_t idle_ms(const struct work *w)
{
	return w->how->idle_timeout_ms > 0 ? w->how->idle_timeout_ms : IDLE_MS;
}

static int64_t now_ms(const struct work *w)
{
	struct rfa_clock *clock = w->how->clock ? w->how->clock : rfa_clock_system();

	return clock->mono_ms(clock);
}

/* Waits for a stream that has nothing to give or takes nothing. `since`: when it last did. */
static int wait(const struct work *w, struct rfa_stream *stream, int64_t since,
		struct rfa_error *err)
{
	int64_t left = since + idle_ms(w) - now_ms(w);

	if (left <= 0) {
		(void)rfa_fail(err, RFA_ESTALLED, "host", "the spool is silent for %lld s",
			       (long long)(idle_ms(w) / 1000));
		return rfa_error_where(err, "%s", w->h->name);
	}
	return rfa_stream_wait(&stream, 1, left, w->how->cancel, err);
}

static void tell(const struct work *w)
{
	if (w->how->progress)
		w->how->progress(w->how->progress_user, w->at, w->total);
}

/* Chunks. */

static int close_chunk(struct work *w, struct rfa_error *err)
{
	char hex[RFA_DIGEST_HEX];

	rfa_digest_final(&w->chunk, hex);
	rfa_digest_init(&w->chunk, RFA_BLAKE2B);
	w->in_chunk = 0;
	return json_array_append_new(w->chunks, json_string(hex)) ? rfa_fail_nomem(err) : 0;
}

/* Takes the next bytes of the archive, whether they were there or are written. */
static int pass(struct work *w, const char *data, size_t len, struct rfa_error *err)
{
	int rc = 0;

	w->at += len;
	while (len && rc == 0 && !w->mended) {
		uint64_t room = CHUNK_BYTES - w->in_chunk;
		size_t n = len < room ? len : (size_t)room;

		rfa_digest_update(&w->chunk, data, n);
		w->in_chunk += n;
		data += n;
		len -= n;
		if (w->in_chunk == CHUNK_BYTES)
			rc = close_chunk(w, err);
	}
	return rc;
}

/* The look. */

/* Reads up to `want` bytes; *got 0: the file ends here. */
static int read_some(struct work *w, uint64_t want, size_t *got, struct rfa_error *err)
{
	size_t most = want < BLOCK_BYTES ? (size_t)want : BLOCK_BYTES;
	int64_t since = now_ms(w);
	int rc = 0, eof = 0;

	for (*got = 0; rc == 0 && !*got && !eof;) {
		rc = w->in->ops->read(w->in, w->block, most, got, &eof, err);
		if (rc == 0 && !*got && !eof)
			rc = wait(w, w->in, since, err);
	}
	return rc;
}

static int look_at_piece(struct work *w, const struct rfa_host_piece *piece, struct seen *seen,
			 struct rfa_error *err)
{
	size_t got = 1;
	int rc = 0, same = 1;

	rfa_registry_check_begin(&w->look);
	for (seen->have = 0; rc == 0 && got && seen->have < piece->size; seen->have += got) {
		rc = read_some(w, piece->size - seen->have, &got, err);
		if (rc || !got)
			break;
		if (piece->text)
			same &= memcmp((const char *)piece->text + seen->have, w->block, got) == 0;
		else
			rfa_registry_check_add(&w->look, w->block, got);
		rc = pass(w, w->block, got, err);
		tell(w);
	}
	if (rc)
		return rc;
	if (seen->have == piece->size && !piece->text)
		same = rfa_registry_check_end(&w->look, piece->digest, piece->size, NULL) == 0;
	if (!same)
		seen->state = WRONG;
	else if (seen->have == piece->size)
		seen->state = GOOD;
	else
		seen->state = seen->have ? PART : ABSENT;
	return 0;
}

static int too_long(const struct work *w, uint64_t size, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_EEXISTS, "host",
		       "the archive %s of run %s is there already, and is another one (%llu bytes)",
		       w->how->archive, w->how->run, (unsigned long long)size);
	(void)rfa_error_where(err, "%s", w->h->name);
	return rfa_error_hint(err, "give the archive another name");
}

/* What the host says of the file: digests of its chunks as far as `bytes`, and its size. */
static int ask(struct work *w, uint64_t bytes, json_t **chunks, uint64_t *size,
	       struct rfa_error *err)
{
	int rc;

	*size = 0;
	*chunks = NULL;
	rc = w->h->runs->spool_digests(w->h, w->how->run, w->how->archive, CHUNK_BYTES, bytes,
				       chunks, size, err);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int begin_look(struct work *w, struct rfa_error *err)
{
	json_t *chunks = NULL;
	uint64_t size = 0;
	size_t i;
	int rc;

	memset(w->seen, 0, (w->how->n ? w->how->n : 1) * sizeof(*w->seen));
	for (i = 0; i < w->how->n; i++)
		if (!w->how->pieces[i].size)
			w->seen[i].state = GOOD;
	w->at = w->in_chunk = 0;
	w->mended = 0;
	rfa_digest_init(&w->chunk, RFA_BLAKE2B);
	rfa_registry_check_begin(&w->look);
	json_decref(w->chunks);
	w->chunks = json_array();
	rc = w->chunks ? ask(w, 0, &chunks, &size, err) : rfa_fail_nomem(err);
	json_decref(chunks);
	if (rc == 0 && size > w->total)
		rc = too_long(w, size, err);
	if (rc == 0 && size)
		rc = w->h->runs->spool_read(w->h, w->how->run, w->how->archive, 0, &w->in, err);
	return rc;
}

/* *first: the first piece that is not there as it should be; n: all are. */
static int look(struct work *w, size_t *first, struct rfa_error *err)
{
	size_t i;
	int rc = begin_look(w, err);

	for (i = 0; rc == 0 && w->in && i < w->how->n; i++) {
		if (!w->how->pieces[i].size)
			continue;
		rc = look_at_piece(w, &w->how->pieces[i], &w->seen[i], err);
		if (w->seen[i].state == ABSENT || w->seen[i].state == PART)
			break;
	}
	rfa_stream_close(w->in); /* what is asked for was read, or nobody wants the rest */
	w->in = NULL;
	for (i = 0; i < w->how->n && w->seen[i].state == GOOD; i++)
		;
	*first = i;
	/* Behind a wrong piece others are there: what passed is not what will be. */
	w->mended = i < w->how->n && w->seen[i].state == WRONG;
	return rc;
}

/* Writing. */

static int end_out(struct work *w, struct rfa_error *err)
{
	return w->out ? rfa_host_stream_end(w->h, &w->out, w->how->idle_timeout_ms, w->how->cancel,
					    err)
		      : 0;
}

/* A writer that ran out of disk closes its input: its own words say more. */
static int failed(struct work *w, int rc, struct rfa_error *err)
{
	struct rfa_error why;

	rfa_error_clear(&why);
	if ((rc == -RFA_EREMOTE || rc == -RFA_ELOST) && end_out(w, &why) &&
	    why.severity == RFA_FATAL) {
		rc = -(int)why.code;
		if (err)
			*err = why;
	}
	w->out_failed = 1;
	return rc;
}

/* The next byte that is written goes there. */
static int go_to(struct work *w, uint64_t offset, struct rfa_error *err)
{
	int rc = 0;

	if (w->out && w->at != offset)
		rc = end_out(w, err);
	w->at = offset;
	if (rc == 0 && !w->out)
		rc = w->h->runs->spool_write(w->h, w->how->run, w->how->archive, offset, &w->out,
					     err);
	return rc;
}

static int write_all(struct work *w, const char *data, size_t len, struct rfa_error *err)
{
	int64_t since = now_ms(w);
	int rc = 0;

	while (len && rc == 0) {
		size_t put = 0;

		rc = w->out->ops->write(w->out, data, len, &put, err);
		if (rc)
			return failed(w, rc, err);
		rc = put ? pass(w, data, put, err) : wait(w, w->out, since, err);
		if (put)
			since = now_ms(w);
		data += put;
		len -= put;
	}
	tell(w);
	return rc;
}

static int take(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct work *w = user;

	w->fetched += len;
	rfa_registry_check_add(w->check, data, len);
	return write_all(w, data, len, err);
}

static int fetch_from(struct work *w, size_t i, uint64_t begin, uint64_t from,
		      struct rfa_error *err)
{
	const struct rfa_host_piece *piece = &w->how->pieces[i];
	int rc = go_to(w, begin + from, err);

	if (rc == 0 && from < piece->size)
		rc = w->how->fetch(w->how->user, i, from, take, w, err);
	return rc ? rc : rfa_registry_check_end(w->check, piece->digest, piece->size, err);
}

static int fetch_piece(struct work *w, size_t i, uint64_t begin, struct rfa_error *err)
{
	uint64_t from = w->seen[i].state == PART ? w->seen[i].have : 0;
	int rc;

	w->check = from ? &w->look : &w->mend;
	if (!from)
		rfa_registry_check_begin(w->check);
	rc = fetch_from(w, i, begin, from, err);
	if (rc != -RFA_EMISMATCH || !from)
		return rc;
	/* What lay there may be what is wrong. */
	rfa_error_clear(err);
	w->mended = 1;
	rfa_registry_check_begin(w->check);
	return fetch_from(w, i, begin, 0, err);
}

static int write_piece(struct work *w, size_t i, uint64_t begin, struct rfa_error *err)
{
	const struct rfa_host_piece *piece = &w->how->pieces[i];
	uint64_t from = w->seen[i].state == PART ? w->seen[i].have : 0;
	int rc;

	if (!piece->text)
		return fetch_piece(w, i, begin, err);
	rc = go_to(w, begin + from, err);
	if (rc == 0)
		rc = write_all(w, (const char *)piece->text + from, (size_t)(piece->size - from),
			       err);
	return rc;
}

static int write_pieces(struct work *w, struct rfa_error *err)
{
	struct rfa_error ignored;
	uint64_t begin = 0;
	size_t i;
	int rc = 0, unseen = 0;

	w->out_failed = 0;
	for (i = 0; rc == 0 && i < w->how->n; begin += w->how->pieces[i++].size)
		if (w->seen[i].state != GOOD)
			rc = write_piece(w, i, begin, err);
	if (rc == 0)
		return end_out(w, err);
	/* What came before the failure is kept: the next call goes on from there. */
	if (!w->out_failed && rc != -RFA_ECANCELLED && rc != -RFA_ESTALLED)
		unseen = end_out(w, &ignored);
	(void)unseen; /* the first trouble is told */
	rfa_stream_close(w->out);
	w->out = NULL;
	return rc;
}

static int not_kept(const struct work *w, struct rfa_error *err)
{
	(void)rfa_fail(err, RFA_EMISMATCH, "host",
		       "what lies in the spool is not what was written: archive %s",
		       w->how->archive);
	(void)rfa_error_where(err, "%s", w->h->name);
	return rfa_error_as(err, RFA_UNKNOWN);
}

/* What lies there now is what passed through here, to the last byte. */
static int prove(struct work *w, struct rfa_error *err)
{
	json_t *there = NULL;
	uint64_t size = 0;
	int rc = w->in_chunk ? close_chunk(w, err) : 0;

	if (rc == 0)
		rc = ask(w, w->total, &there, &size, err);
	if (rc == 0 && (size != w->total || !json_equal(there, w->chunks)))
		rc = not_kept(w, err);
	json_decref(there);
	return rc;
}

static int bring(struct work *w, struct rfa_error *err)
{
	size_t first = 0;
	int looks, rc = 0;

	for (looks = 0; rc == 0 && looks < LOOKS_MAX; looks++) {
		rc = look(w, &first, err);
		if (rc || first == w->how->n)
			return rc;
		rc = write_pieces(w, err);
		if (rc == 0 && !w->mended)
			return prove(w, err);
	}
	rc = rc ? rc : look(w, &first, err);
	return rc || first == w->how->n ? rc : not_kept(w, err);
}

int rfa_host_fetch(struct rfa_host *host, const struct rfa_host_fetching *how, uint64_t *fetched,
		   struct rfa_error *err)
{
	struct work *w = calloc(1, sizeof(*w));
	size_t i;
	int rc;

	*fetched = 0;
	if (!w)
		return rfa_fail_nomem(err);
	w->h = host;
	w->how = how;
	for (i = 0; i < how->n; i++)
		w->total += how->pieces[i].size;
	w->seen = calloc(how->n ? how->n : 1, sizeof(*w->seen));
	w->block = malloc(BLOCK_BYTES);
	rc = w->seen && w->block ? bring(w, err) : rfa_fail_nomem(err);
	*fetched = w->fetched;
	json_decref(w->chunks);
	free(w->seen);
	free(w->block);
	free(w);
	return rc;
}
