/*
 * The files of a commit on their way to the builder: read from the operator's copy of the
 * repository, sent as an archive whose bytes the plan knows, and unpacked there. What is not those
 * bytes is not unpacked, and what is not whole has not the name that is built from.
 */
#include <string.h>

#include "fsm/base/size.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/images/build.h"
#include "fsm/steps/steps.h"

static const char ARCHIVE[] = "sources";

/* What is there already. */

/* *is: neither host has it, so that the sources are needed. */
static int is_built(struct rfa_ctx *ctx, const struct rfa_built *image, int *is,
		    struct rfa_error *err)
{
	const struct rfa_image *name =
	    rfa_image_of(&rfa_ctx_options(ctx)->desired->images, image->key);
	json_t *there = NULL;
	int rc = name ? rfa_built_there(ctx, image, name->ref, &there, err) : 0;

	if (!rc && name && !there)
		rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, name->ref, &there, err);
	*is = !there;
	json_decref(there);
	return rc;
}

static int is_any_built(struct rfa_ctx *ctx, int *any, struct rfa_error *err)
{
	const struct rfa_built *image;
	int rc = 0;

	*any = 0;
	RFA_EACH (image, rfa_ctx_stack_of(ctx, RFA_TARGET)->build->images)
		if (!rc && !*any)
			rc = is_built(ctx, image, any, err);
	return rc;
}

/* Sending. */

struct sending {
	struct rfa_ctx *ctx;
	int64_t sent, told_ms;
};

static int on_data(void *user, const void *data, size_t len, struct rfa_error *err)
{
	struct sending *s = user;
	int64_t now = s->ctx->clock->mono_ms(s->ctx->clock);

	(void)data;
	(void)err;
	s->sent += (int64_t)len;
	if (now - s->told_ms >= 100 || s->sent == rfa_release_of(s->ctx)->bytes) {
		s->told_ms = now;
		rfa_ctx_bytes(s->ctx, s->sent, rfa_release_of(s->ctx)->bytes);
	}
	return 0;
}

/* A writer that ran out of disk closes its input: its own words say more. */
static int ask_why(struct rfa_ctx *ctx, struct rfa_stream **out, int rc, struct rfa_error *err)
{
	struct rfa_error why;

	if (rc != -RFA_EREMOTE && rc != -RFA_ELOST)
		return rc;
	if (!rfa_host_stream_end(ctx->host, out, rfa_ctx_options(ctx)->idle_timeout_ms, ctx->cancel,
				 &why) ||
	    why.severity != RFA_FATAL)
		return rc;
	*err = why;
	return -(int)why.code;
}

static int relay(struct rfa_ctx *ctx, struct rfa_stream *in, struct rfa_stream **out,
		 struct rfa_error *err)
{
	struct sending s = { .ctx = ctx };
	struct rfa_relay how = { .source = in,
				 .sink = *out,
				 .most = (uint64_t)rfa_release_of(ctx)->bytes,
				 .idle_timeout_ms = rfa_ctx_options(ctx)->idle_timeout_ms,
				 .cancel = ctx->cancel,
				 .clock = ctx->clock,
				 .on_data = on_data,
				 .user = &s };
	uint64_t moved = 0;
	int rc = rfa_relay(&how, &moved, err);

	return rc ? ask_why(ctx, out, rc, err)
		  : rfa_host_stream_end(ctx->host, out, how.idle_timeout_ms, ctx->cancel, err);
}

static int send_all(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_repository *repository = NULL;
	struct rfa_stream *in = NULL, *out = NULL;
	int rc = rfa_release_repository(ctx, &repository, err);

	if (!rc)
		rc = repository->ops->tar(repository, &in, err);
	if (!rc)
		rc = ctx->host->runs->spool_write(ctx->host, ctx->run, ARCHIVE, 0, &out, err);
	if (!rc)
		rc = relay(ctx, in, &out, err);
	rfa_stream_close(in);
	rfa_stream_close(out);
	return rc;
}

/* What lies there may be of a connection that broke: then another attempt sends it again. */
static int unpack(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	int rc = ctx->host->runs->unpack(ctx->host, rfa_ctx_key(ctx, &key, "unpack", NULL), ARCHIVE,
					 rfa_release_of(ctx)->sha256, err);

	return rc == -RFA_EMISMATCH ? rfa_error_as(err, RFA_UNKNOWN) : rc;
}

/* *is: all of it lies there. */
static int is_whole(struct rfa_ctx *ctx, int *is, struct rfa_error *err)
{
	struct rfa_file_stat st;
	int rc = ctx->host->files->stat(ctx->host, rfa_release_place(ctx), &st, err);

	*is = !rc && st.type == 'd';
	return rc;
}

/* The same bytes come to the same place, so it may be repeated. */
int rfa_sources_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_release *release = rfa_release_of(ctx);
	struct rfa_proven proven;
	int any = 0, whole = 0;
	int rc = is_any_built(ctx, &any, err);

	if (!rc && !any)
		return rfa_ctx_skip(facts, "nothing has to be built", err);
	if (!rc)
		rc = is_whole(ctx, &whole, err);
	if (!rc && !whole)
		rc = send_all(ctx, err);
	if (!rc && !whole)
		rc = unpack(ctx, err);
	if (rc)
		return rc;
	rfa_record_clear(&rfa_shape_proven, &proven);
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "commit %.12s: %lld file(s), %s",
					     release->commit, (long long)release->files,
					     RFA_SIZE(release->bytes)),
			     facts, err);
}

int rfa_sources_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	int whole = 0;
	int rc = is_whole(ctx, &whole, err);

	(void)facts;
	*seen = whole ? RFA_PROBE_DONE : RFA_PROBE_NOT_DONE;
	return rc;
}

int rfa_sources_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return ctx->host->runs->remove(ctx->host, ctx->run, err);
}
