/* Files as they are before a run writes them, kept where the run and a rollback find them. */
#include <string.h>

#include "fsm/base/wipe.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/steps.h"

/* Most rollback points of files whose files are kept. */
enum { POINTS_MAX = 3 };

/*
 * Below the state directory. Of the source, and of a rollback of images, whose point has the whole
 * configuration, they are needed until the run ends: its own directory goes with it.
 */
static const char *folder_of(const struct rfa_ctx *ctx)
{
	if (ctx->step->on == RFA_SOURCE || rfa_files_with_images(ctx))
		return rfa_pool_printf(ctx->pool, "runs/%s/files", ctx->run);
	return rfa_pool_printf(ctx->pool, "points/%s/%s.files", ctx->plan->stack, ctx->run);
}

static const char *place_of(const struct rfa_ctx *ctx, size_t n)
{
	return rfa_pool_printf(ctx->pool, "%s/%s/%zu", ctx->host->state_dir, folder_of(ctx), n);
}

/* What it was read as must be what the run has judged. */
static int keep_content(struct rfa_ctx *ctx, const struct rfa_file_change *one,
			struct rfa_kept_file *kept, size_t n, struct rfa_error *err)
{
	const char *directory = rfa_files_directory(ctx, ctx->step->on);
	const char *path = rfa_pool_printf(ctx->pool, "%s/%s", directory, one->path);
	struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	const char *was = one->variables ? "" : one->was;
	/* Of a directory with other things in it, no more was looked at than this. */
	int rc = rfa_files_with_images(ctx)
		     ? rfa_files_read(ctx->host, path, was, &text, err)
		     : rfa_files_get(ctx, ctx->step->on, one->path, was, &text, err);

	kept->file = place_of(ctx, n);
	kept->mode = one->mode_now;
	kept->uid = one->uid;
	kept->gid = one->gid;
	kept->sha256 = one->variables ? "" : one->was;
	if (!rc)
		rc = ctx->host->files->write(ctx->host, kept->file, 0600, rfa_buf_str(&text),
					     text.len, err);
	rfa_wipe_buf(&text);
	return rc;
}

/* Writing them again changes nothing: none of them was touched yet. */
int rfa_files_keep_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_file_change *one;
	struct rfa_proven proven;
	struct rfa_point point;
	size_t n = 0;
	int rc = 0;

	if (rfa_files_idle(ctx))
		return rfa_ctx_skip(facts, rfa_files_idle(ctx), err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rfa_record_clear(&rfa_shape_point, &point);
	point.kind = "files";
	point.directories = ctx->proven[RFA_TARGET]->directories;
	RFA_EACH (one, *rfa_files_changes(ctx)) {
		struct rfa_kept_file *kept;

		if (rc || !rfa_file_change_acts(one))
			continue;
		kept = RFA_ADD(ctx->pool, kept_file, &point.files);
		kept->path = one->path;
		kept->synced = rfa_synced_of(&rfa_ctx_options(ctx)->synced, one->path);
		if (one->mode_now >= 0)
			rc = keep_content(ctx, one, kept, n++, err);
	}
	if (point.files.n && rfa_files_with_images(ctx))
		proven.files_replaced = &point;
	else if (point.files.n)
		proven.point = &point;
	return rc ? rc
		  : rfa_ctx_prove(ctx, &proven, rfa_pool_printf(ctx->pool, "%zu file(s) kept", n),
				  facts, err);
}

int rfa_files_keep_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			 struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

static int drop_folder(struct rfa_ctx *ctx, const char *folder, size_t n, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++)
		rc = host->files->drop(host, host->state_dir,
				       rfa_pool_printf(ctx->pool, "%s/%zu", folder, i), err);
	return rc ? rc : host->files->drop(host, host->state_dir, folder, err);
}

int rfa_files_keep_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_file_change *one;
	size_t n = 0;

	if (rfa_files_idle(ctx))
		return 0;
	RFA_EACH (one, *rfa_files_changes(ctx))
		n += rfa_file_change_acts(one) && one->mode_now >= 0;
	return drop_folder(ctx, folder_of(ctx), n, err);
}

/* Cleanup: the newest points keep theirs. */

static int give_up(struct rfa_ctx *ctx, const struct rfa_point *point, struct rfa_proven *proven,
		   struct rfa_error *err)
{
	struct rfa_retired *retired = RFA_ADD(ctx->pool, retired, &proven->retired);

	retired->point = point->name;
	retired->how = "pruned";
	return drop_folder(
	    ctx, rfa_pool_printf(ctx->pool, "points/%s/%s.files", ctx->plan->stack, point->run),
	    point->files.n, err);
}

int rfa_files_cleanup_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	size_t stay = POINTS_MAX - (ctx->own->point != NULL);
	struct rfa_proven proven;
	struct rfa_point point;
	const json_t *one;
	size_t i, n = 0;
	int rc = 0;

	rfa_record_clear(&rfa_shape_proven, &proven);
	json_array_foreach (ctx->points, i, one) {
		if (rc || strcmp(rfa_facts_str(one, "kind", ""), "files") != 0 || n++ < stay)
			continue;
		rc = rfa_record_read(&rfa_shape_point, one, ctx->pool, &point, err);
		if (!rc)
			rc = give_up(ctx, &point, &proven, err);
	}
	return rc ? rc : rfa_ctx_prove(ctx, &proven, NULL, facts, err);
}

int rfa_files_cleanup_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			    struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}
