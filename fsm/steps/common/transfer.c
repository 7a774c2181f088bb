/* Archives on their way: relayed through bounded memory, proven on arrival. */
#include "fsm/steps/common/transfer.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/size.h"
#include "fsm/steps/steps.h"

/* The unit of comparison after an interruption; so many chunks pass between two records. */
enum { CHUNK_BYTES = 8 << 20, CHUNKS_A_RECORD = 8, IDLE_MS = 30000 };

static const char *const ARCHIVE = "images";

/* A plan may say otherwise: simulated transfers are small. */
static uint64_t chunk_of(const struct rfa_ctx *ctx)
{
	int64_t bytes = ctx->plan->options ? ctx->plan->options->chunk_bytes : 0;

	return bytes > 0 ? (uint64_t)bytes : CHUNK_BYTES;
}

static int64_t idle_ms_of(const struct rfa_ctx *ctx)
{
	return ctx->plan->options ? ctx->plan->options->idle_timeout_ms : IDLE_MS;
}

/* The relay. */

/* What passes is cut into chunks, and each chunk's digest is kept. */
struct transfer {
	struct rfa_ctx *ctx;
	struct rfa_host *from, *to;
	const char *archive;
	struct rfa_digest digest;
	json_t *digests; /* of the chunks from `first` on */
	uint64_t at, total, chunk, since_record;
	int64_t told_ms;
};

static struct transfer transfer_of(struct rfa_ctx *ctx, enum rfa_role_id from, const char *archive,
				   uint64_t total)
{
	return (struct transfer){ .ctx = ctx,
				  .from = ctx->hosts[from],
				  .to = ctx->hosts[from == RFA_SOURCE ? RFA_TARGET : RFA_SOURCE],
				  .archive = archive,
				  .total = total,
				  .chunk = chunk_of(ctx) };
}

static int close_chunk(struct transfer *p, struct rfa_error *err)
{
	char hex[RFA_DIGEST_HEX];

	rfa_digest_final(&p->digest, hex);
	rfa_digest_init(&p->digest, RFA_BLAKE2B);
	return json_array_append_new(p->digests, json_string(hex)) ? rfa_fail_nomem(err) : 0;
}

static int record_progress(struct transfer *p, struct rfa_error *err)
{
	char summary[96];
	json_t *facts;

	p->since_record = 0;
	snprintf(summary, sizeof(summary), "%s of %s", RFA_SIZE(p->at), RFA_SIZE(p->total));
	facts = json_pack("{s:s, s:I, s:I}", "summary", summary, "bytes", (json_int_t)p->at,
			  "total", (json_int_t)p->total);
	return facts ? p->ctx->progress(p->ctx, facts, err) : rfa_fail_nomem(err);
}

static int on_data(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct transfer *p = user;
	struct rfa_clock *clock = p->ctx->clock;
	const char *from = data;
	int64_t now;
	int rc = 0;

	p->since_record += len;
	while (len && !rc) {
		uint64_t room = p->chunk - p->at % p->chunk;
		size_t n = len < room ? len : (size_t)room;

		rfa_digest_update(&p->digest, from, n);
		p->at += n;
		from += n;
		len -= n;
		if (p->at % p->chunk == 0)
			rc = close_chunk(p, err);
	}
	now = clock->mono_ms(clock);
	if (now - p->told_ms >= 100 || p->at == p->total) {
		p->told_ms = now;
		rfa_ctx_bytes(p->ctx, (int64_t)p->at, (int64_t)p->total);
	}
	if (!rc && p->since_record >= p->chunk * CHUNKS_A_RECORD)
		rc = record_progress(p, err);
	return rc;
}

/* Where the two ends agree: the truth is what lies on the target. */
static int agreed_offset(const struct transfer *p, uint64_t *offset, struct rfa_error *err)
{
	const char *run = p->ctx->run;
	uint64_t total = p->total, chunk = p->chunk;
	json_t *there = NULL;
	json_t *here = NULL;
	uint64_t size = 0;
	uint64_t made = 0;
	size_t i = 0;
	int rc;

	*offset = 0;
	rc = p->to->runs->spool_digests(p->to, run, p->archive, chunk, total, &there, &size, err);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err); /* nothing has arrived yet */
		rc = 0;
	}
	if (rc || !size)
		goto done;
	if (size > total)
		size = total;
	rc = p->from->runs->spool_digests(p->from, run, p->archive, chunk, size, &here, &made, err);
	if (rc)
		goto done;
	while (i < json_array_size(there) &&
	       json_equal(json_array_get(there, i), json_array_get(here, i)))
		i++;
	/* All equal: the short last chunk too, so every byte that is there counts. */
	*offset = i < json_array_size(there) ? i * chunk : size;
done:
	json_decref(there);
	json_decref(here);
	return rc;
}

static int relay_from(struct transfer *p, struct rfa_error *err)
{
	struct rfa_ctx *ctx = p->ctx;
	struct rfa_relay relay = { 0 };
	struct rfa_stream *in = NULL;
	struct rfa_stream *out = NULL;
	uint64_t moved = 0;
	int rc;

	rc = p->from->runs->spool_read(p->from, ctx->run, p->archive, p->at, &in, err);
	if (!rc)
		rc = p->to->runs->spool_write(p->to, ctx->run, p->archive, p->at, &out, err);
	if (rc)
		goto done;
	relay.source = in;
	relay.sink = out;
	relay.most = p->total - p->at;
	relay.idle_timeout_ms = idle_ms_of(ctx);
	relay.cancel = ctx->cancel;
	relay.clock = ctx->clock;
	relay.on_data = on_data;
	relay.user = p;
	rc = rfa_relay(&relay, &moved, err);
	if (rc == -RFA_EMISMATCH)
		rfa_error_where(err, "%s", p->from->name);
	if (!rc) {
		rc = rfa_host_stream_end(p->to, &out, relay.idle_timeout_ms, ctx->cancel, err);
	} else if (rc == -RFA_EREMOTE || rc == -RFA_ELOST) {
		/* A writer that ran out of disk closes its input: its own words say more. */
		struct rfa_error why;

		if (rfa_host_stream_end(p->to, &out, relay.idle_timeout_ms, ctx->cancel, &why) &&
		    why.severity == RFA_FATAL) {
			*err = why;
			rc = -(int)why.code;
		}
	}
	if (!rc)
		rc = rfa_host_stream_end(p->from, &in, relay.idle_timeout_ms, ctx->cancel, err);
done:
	rfa_stream_close(in);
	rfa_stream_close(out);
	return rc;
}

/*
 * What passed through here must be what lies there now, to the last byte. The chunk that a resume
 * began in the middle of passed only in part: the source's digest of it stands in.
 */
static int partial_digest(struct transfer *p, uint64_t first, struct rfa_error *err)
{
	uint64_t skip = first / p->chunk;
	uint64_t upto = (skip + 1) * p->chunk;
	json_t *here = NULL;
	uint64_t size = 0;
	int rc;

	if (first % p->chunk == 0)
		return 0;
	rc = p->from->runs->spool_digests(p->from, p->ctx->run, p->archive, p->chunk,
					  upto < p->total ? upto : p->total, &here, &size, err);
	if (!rc && json_array_set(p->digests, 0, json_array_get(here, skip)))
		rc = rfa_fail(err, RFA_EPROTOCOL, "transfer", "the source's archive has changed");
	json_decref(here);
	return rc;
}

static int prove(struct transfer *p, uint64_t first, struct rfa_error *err)
{
	uint64_t skip = first / p->chunk;
	json_t *there = NULL;
	uint64_t size = 0;
	size_t i;
	int rc = partial_digest(p, first, err);

	if (!rc)
		rc = p->to->runs->spool_digests(p->to, p->ctx->run, p->archive, p->chunk, p->total,
						&there, &size, err);
	if (rc)
		return rc;
	for (i = 0; i < json_array_size(p->digests); i++)
		if (!json_equal(json_array_get(p->digests, i), json_array_get(there, skip + i)))
			break;
	if (size < p->total || i < json_array_size(p->digests)) {
		rfa_fail(err, RFA_EMISMATCH, "transfer",
			 "what lies on the target is not what was sent (chunk %zu)",
			 (size_t)skip + i);
		rfa_error_where(err, "%s", p->to->name);
		/* The next attempt compares both ends, and sends that chunk again. */
		rc = rfa_error_as(err, RFA_UNKNOWN);
	}
	json_decref(there);
	return rc;
}

int rfa_transfer_relay(struct rfa_ctx *ctx, enum rfa_role_id from, const char *archive,
		       uint64_t total, uint64_t *sent, struct rfa_error *err)
{
	struct transfer p = transfer_of(ctx, from, archive, total);
	uint64_t first = 0;
	int rc;

	p.digests = json_array();
	rfa_digest_init(&p.digest, RFA_BLAKE2B);
	rc = p.digests ? agreed_offset(&p, &first, err) : rfa_fail_nomem(err);
	if (rc)
		goto done;
	*sent = total - first;
	if (first == total)
		goto done;
	if (first)
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s of %s are there already", RFA_SIZE(first),
			    RFA_SIZE(total));
	p.at = first;
	rc = relay_from(&p, err);
	if (!rc && p.at % p.chunk)
		rc = close_chunk(&p, err);
	if (!rc && p.at != total) {
		rfa_fail(err, RFA_EMISMATCH, "transfer", "%llu bytes came instead of %llu",
			 (unsigned long long)p.at, (unsigned long long)total);
		rc = rfa_error_where(err, "%s", p.from->name);
	}
	if (!rc)
		rc = prove(&p, first, err);
done:
	json_decref(p.digests);
	return rc;
}

/* The step. */

/* An archive that has to travel. */
struct parcel {
	const char *name;
	uint64_t bytes;
};

struct archives {
	struct parcel *at;
	size_t n;
};

static void load(struct rfa_pool *pool, struct archives *archives, const char *name, int64_t bytes)
{
	struct parcel *parcel = rfa_pool_add(pool, archives, sizeof(*parcel));

	parcel->name = name;
	parcel->bytes = (uint64_t)bytes;
}

/* What has to travel, whichever step made it; empty: nothing. */
static int archives_of(const struct rfa_ctx *ctx, struct archives *archives, struct rfa_error *err)
{
	const struct rfa_proven *source = ctx->proven[RFA_SOURCE];
	const struct rfa_archive *archive;

	memset(archives, 0, sizeof(*archives));
	RFA_EACH (archive, source->archives)
		load(ctx->pool, archives, archive->name, archive->bytes);
	if (source->exported)
		load(ctx->pool, archives, ARCHIVE, source->exported->bytes);
	return rfa_pool_check(ctx->pool, err);
}

static uint64_t bytes_of(const struct archives *archives)
{
	const struct parcel *parcel;
	uint64_t bytes = 0;

	RFA_EACH (parcel, *archives)
		bytes += parcel->bytes;
	return bytes;
}

static int receive_all(struct rfa_ctx *ctx, const struct archives *archives, uint64_t *sent,
		       struct rfa_error *err)
{
	const struct parcel *parcel;

	*sent = 0;
	RFA_EACH (parcel, *archives) {
		uint64_t travelled = 0;
		int rc = rfa_transfer_relay(ctx, RFA_SOURCE, parcel->name, parcel->bytes,
					    &travelled, err);

		if (rc)
			return rc;
		*sent += travelled;
	}
	return 0;
}

/* Goes on from where both ends agree, so it may be repeated. */
int rfa_receive_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	struct archives archives;
	uint64_t sent = 0;
	uint64_t total;
	const char *summary;
	int rc;

	if (rfa_ctx_one_env(ctx))
		return rfa_ctx_skip(facts, "both sides are one host: it is there", err);
	rc = archives_of(ctx, &archives, err);
	if (!rc && !archives.n)
		return rfa_ctx_skip(facts, "nothing has to travel", err);
	if (!rc)
		rc = receive_all(ctx, &archives, &sent, err);
	total = bytes_of(&archives);
	if (rc || !total)
		return rc;
	summary = rfa_pool_printf(ctx->pool, "%s sent of %s", RFA_SIZE(sent), RFA_SIZE(total));
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.received = (int64_t)total;
	proven.sent = (int64_t)sent;
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* *is: all of it is there. */
static int is_there(struct rfa_ctx *ctx, const struct archives *archives, int *is,
		    struct rfa_error *err)
{
	const struct parcel *parcel;
	int rc = 0;

	*is = 1;
	RFA_EACH (parcel, *archives) {
		struct transfer p = transfer_of(ctx, RFA_SOURCE, parcel->name, parcel->bytes);
		uint64_t offset = 0;

		if (!rc)
			rc = agreed_offset(&p, &offset, err);
		*is &= offset == parcel->bytes;
	}
	return rc;
}

/* What is there is kept either way: the next attempt finds it. */
int rfa_receive_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	struct rfa_proven proven;
	struct archives archives = { NULL, 0 };
	int is = 1;
	int rc = rfa_ctx_one_env(ctx) ? 0 : archives_of(ctx, &archives, err);

	if (!rc)
		rc = is_there(ctx, &archives, &is, err);
	*seen = is ? RFA_PROBE_DONE : RFA_PROBE_NOT_DONE;
	if (rc)
		return rc;
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.received = (int64_t)bytes_of(&archives);
	return rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_receive_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}
