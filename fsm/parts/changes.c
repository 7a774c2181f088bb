/* What a run would change, from what PRECHECK has read: the rows of a preview. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/base/size.h"
#include "fsm/base/clock.h"
#include "fsm/parts/text.h"
#include "fsm/steps/common/ctx.h"

static int add(json_t *rows, json_t *row, struct rfa_error *err)
{
	return !row || json_array_append_new(rows, row) ? rfa_fail_nomem(err) : 0;
}

/* Images. */

/* The tag; what has none is "latest" to docker. */
static void version_of(const char *ref, char *out, size_t size)
{
	rfa_imageref_version(*ref ? ref : "-", out, size);
}

/* Every container of the key that was there runs just this already. */
static int is_same(const struct rfa_container_list *containers, const struct rfa_image *image)
{
	const struct rfa_container *one;
	size_t n = 0;

	RFA_EACH (one, *containers) {
		if (strcmp(one->key, image->key) != 0)
			continue;
		n++;
		if (strcmp(one->identity, image->identity) != 0 ||
		    strcmp(one->ref, image->ref) != 0 || (!one->running && !one->ended))
			return 0;
	}
	return n > 0;
}

/* Those of a missing image that must travel. */
static size_t layers_to_bring(const struct rfa_proven *target, const struct rfa_image *image)
{
	size_t i, n = 0;

	if (!rfa_texts_have(&target->missing, image->key))
		return 0;
	for (i = 0; i < image->layers.n; i++)
		n += !rfa_texts_have(&target->omit, image->layers.at[i]);
	return n;
}

static int add_image(const struct rfa_proven *target, const struct rfa_image *image, json_t *rows,
		     struct rfa_error *err)
{
	const struct rfa_container *before = rfa_container_of(&target->containers, image->key);
	int there = before && before->present;
	size_t bring = layers_to_bring(target, image);
	char now[256], then[256], detail[64];

	version_of(there ? before->ref : "", now, sizeof(now));
	version_of(image->ref, then, sizeof(then));
	if (*image->identity)
		snprintf(detail, sizeof(detail), "%zu of %zu layers to bring", bring,
			 image->layers.n);
	else
		snprintf(detail, sizeof(detail), "is built");
	return add(rows,
		   json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what", image->key, "now", now,
			     "then", then, "change",
			     !there                                ? "new"
			     : is_same(&target->containers, image) ? "same"
								   : "replaced",
			     "detail", detail, "bytes", (json_int_t)(bring ? image->size : 0)),
		   err);
}

int rfa_changes_images(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc)
			rc = add_image(ctx->proven[RFA_TARGET], image, rows, err);
	return rc;
}

int rfa_changes_drift(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_proven *target = ctx->proven[RFA_TARGET];
	const struct rfa_container *one;
	int any = 0;

	RFA_EACH (one, target->containers)
		any |= one->present != 0;
	if (!any || target->in_force || !rfa_ctx_stack_here(ctx)->compose)
		return 0;
	return add(rows,
		   json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what", "configuration", "now",
			     "another one", "then", "as the Compose files say", "change",
			     "made anew", "detail", "the gate compose says what differs", "bytes",
			     (json_int_t)0),
		   err);
}

int rfa_changes_trial(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc)
			rc = add(rows,
				 json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what", image->key,
					   "now", "-", "then", image->ref, "change", "tried out",
					   "detail", "is loaded, compared, and gone at the end",
					   "bytes",
					   (json_int_t)(rfa_ctx_one_env(ctx) ? 0 : image->size)),
				 err);
	return rc;
}

/* Data. */

/* What comes: of the source's data, of a backup, or of a rollback point; -1: not known. */
static int64_t coming(const struct rfa_ctx *ctx, const char *name)
{
	const struct rfa_proven *source = ctx->proven[RFA_SOURCE];
	const struct rfa_member *live = rfa_member_named(&source->members, name);
	const struct rfa_member *kept =
	    source->manifest ? rfa_member_named(&source->manifest->members, name) : NULL;

	if (rfa_plan_data_point(ctx->plan))
		return -1;
	return live ? live->bytes : kept ? kept->tree_bytes : -1;
}

static int add_replaced(const struct rfa_ctx *ctx, json_t *rows, const struct rfa_member *member,
			struct rfa_error *err)
{
	int64_t bytes = coming(ctx, member->name);
	const char *unknown = rfa_plan_data_point(ctx->plan) ? "what the point has" : "-";

	return add(rows,
		   json_pack("{s:s, s:s, s:s, s:s, s:I}", "what", member->name, "now",
			     RFA_SIZE(member->bytes), "then",
			     bytes >= 0 ? RFA_SIZE(bytes) : unknown, "change", "replaced", "bytes",
			     (json_int_t)(bytes > 0 && !rfa_ctx_one_env(ctx) ? bytes : 0)),
		   err);
}

int rfa_changes_data(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_member *member;
	int rc = 0;

	RFA_EACH (member, ctx->proven[RFA_TARGET]->members)
		if (!rc)
			rc = add_replaced(ctx, rows, member, err);
	return rc;
}

/* Backups. */

static int add_verdict(json_t *rows, const struct rfa_verdict *one, struct rfa_error *err)
{
	struct rfa_buf made = RFA_BUF_INIT(256);
	char at[16];
	int rc;

	snprintf(at, sizeof(at), "%.15s", one->backup);
	rfa_text_time(&made, at);
	rc = add(rows,
		 json_pack("{s:s, s:s, s:s, s:s, s:s}", "what", one->backup, "now",
			   rfa_buf_str(&made), "then", one->stays ? "stays" : "goes", "change",
			   one->stays ? "same" : "goes for good", "detail", one->why),
		 err);
	rfa_buf_release(&made);
	return rc;
}

int rfa_changes_verdicts(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_verdict *one;
	int rc = 0;

	RFA_EACH (one, ctx->proven[RFA_TARGET]->verdicts)
		if (!rc)
			rc = add_verdict(rows, one, err);
	return rc;
}

static int add_stored(const struct rfa_ctx *ctx, json_t *rows, const char *what, int64_t bytes,
		      struct rfa_error *err)
{
	return add(rows,
		   json_pack("{s:s, s:s, s:s, s:s, s:I}", "what", what, "now", "", "then",
			     RFA_SIZE(bytes), "change", "stored", "bytes",
			     (json_int_t)(rfa_ctx_one_env(ctx) ? 0 : bytes)),
		   err);
}

int rfa_changes_backup(const struct rfa_ctx *ctx, json_t *rows, struct rfa_error *err)
{
	const struct rfa_member *member;
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (member, ctx->proven[RFA_SOURCE]->members)
		if (!rc)
			rc = add_stored(ctx, rows, member->name, member->bytes, err);
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc)
			rc = add_stored(ctx, rows, image->ref, image->size, err);
	return rc ? rc : rfa_changes_verdicts(ctx, rows, err);
}
