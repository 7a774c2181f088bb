/* Files are written, each aside and renamed, and looked at. */
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/wipe.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/steps.h"

/* Writing. */

/* *sum: of what was written; lives as long as the step. */
static int write_one(struct rfa_ctx *ctx, const struct rfa_file_change *one, const char **sum,
		     struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	struct rfa_file_put put = { .directory = rfa_files_directory(ctx, ctx->step->on),
				    .path = one->path,
				    .mode = (unsigned)one->mode,
				    .uid = one->uid,
				    .gid = one->gid };
	char hex[RFA_DIGEST_HEX];
	int rc = rfa_files_fetch(ctx, one, &text, err);

	put.data = rfa_buf_str(&text);
	put.len = text.len;
	if (!rc)
		rc = ctx->host->files->put(ctx->host, &put, err);
	rfa_digest_of(RFA_SHA256, put.data, put.len, hex);
	*sum = rfa_pool_text(ctx->pool, hex);
	rfa_wipe_buf(&text);
	return rc;
}

/* Looking. */

static int wrong(const struct rfa_ctx *ctx, const char *path, struct rfa_error *err)
{
	rfa_fail(err, RFA_EMISMATCH, "files", "%.300s is not what was written", path);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "look who writes it there");
}

static void record(struct rfa_ctx *ctx, struct rfa_synced_list *out, const char *path,
		   const char *sha256, int64_t mode)
{
	struct rfa_synced *one = RFA_ADD(ctx->pool, synced, out);

	one->path = path;
	one->sha256 = sha256;
	one->mode = mode;
}

static const struct rfa_file_change *change_of(const struct rfa_ctx *ctx, const char *path)
{
	const struct rfa_file_change *one;

	RFA_EACH (one, *rfa_files_changes(ctx))
		if (!strcmp(one->path, path))
			return one;
	return NULL;
}

/* What goes back with images is the record of a file only if the file itself goes back. */
static int is_left_alone(const struct rfa_ctx *ctx, const struct rfa_file_change *one)
{
	return !one || !strcmp(one->change, "stays") ||
	       (!rfa_files_are_known(ctx) && !rfa_file_change_acts(one));
}

/* What was brought before, and this run leaves alone. */
static void record_the_rest(struct rfa_ctx *ctx, struct rfa_synced_list *out)
{
	const struct rfa_synced *then;

	RFA_EACH (then, rfa_ctx_options(ctx)->synced)
		if (is_left_alone(ctx, change_of(ctx, then->path)))
			record(ctx, out, then->path, then->sha256, then->mode);
}

/*
 * Of what goes back the record goes back, too: what was edited before it was written over is an
 * edited file again.
 */
static void record_one(struct rfa_ctx *ctx, struct rfa_synced_list *out,
		       const struct rfa_file_change *one, const char *key, const char *sum)
{
	if (is_left_alone(ctx, one))
		return;
	if (one->back)
		record(ctx, out, one->path, one->back->sha256, one->back->mode);
	else if (!ctx->plan->point && *one->from)
		record(ctx, out, one->path, rfa_files_digest(ctx, one->variables, key, sum),
		       one->mode);
}

/* Each is there as it is to be. sums: of those that were written. */
static int look(struct rfa_ctx *ctx, const struct rfa_texts *sums, const char *key,
		struct rfa_synced_list *out, struct rfa_error *err)
{
	struct rfa_file_list now = { NULL, 0 };
	const struct rfa_file_change *one;
	size_t n = 0;
	int rc = rfa_files_look(ctx, &now, err);

	RFA_EACH (one, *rfa_files_changes(ctx)) {
		const struct rfa_file_entry *is;
		int acts = rfa_file_change_acts(one);
		const char *sum = acts ? sums->at[n++] : "";

		if (rc || (!acts && strcmp(one->change, "same") != 0)) {
			if (!rc && one->back)
				record_one(ctx, out, one, key, "");
			continue;
		}
		is = rfa_file_list_find(&now, one->path);
		if (rfa_file_change_removes(one) ? is != NULL
						 : !is || (acts && strcmp(is->sha256, sum) != 0))
			rc = wrong(ctx, one->path, err);
		else
			record_one(ctx, out, one, key, is ? is->sha256 : "");
	}
	rfa_file_list_release(&now);
	return rc;
}

/* Directories, those within others first; what is not empty stays. */
static int drop_all(struct rfa_ctx *ctx, const struct rfa_texts *directories, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	const char *where = rfa_files_directory(ctx, ctx->step->on);
	size_t i;
	int rc = 0;

	for (i = directories->n; i-- > 0 && !rc;)
		rc = host->files->drop(host, where, directories->at[i], err);
	return rc;
}

static int needs_key(const struct rfa_ctx *ctx)
{
	const struct rfa_file_change *one;

	RFA_EACH (one, *rfa_files_changes(ctx))
		if (one->variables)
			return rfa_files_are_known(ctx);
	return 0;
}

static int write_all(struct rfa_ctx *ctx, struct rfa_texts *sums, struct rfa_error *err)
{
	const char *where = rfa_files_directory(ctx, ctx->step->on);
	const struct rfa_file_change *one;
	int rc = 0;

	RFA_EACH (one, *rfa_files_changes(ctx)) {
		const char *sum = "";

		if (rc || !rfa_file_change_acts(one))
			continue;
		rc = rfa_file_change_removes(one)
			 ? ctx->host->files->drop(ctx->host, where, one->path, err)
			 : write_one(ctx, one, &sum, err);
		rfa_texts_add(ctx->pool, sums, sum);
	}
	return rc;
}

int rfa_files_write_again(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_texts sums = { NULL, 0 };

	return rfa_files_idle(ctx) ? 0 : write_all(ctx, &sums, err);
}

/* Writing again what was written changes nothing, so it may be repeated. */
int rfa_files_write_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_texts sums = { NULL, 0 };
	struct rfa_proven proven;
	char key[65] = "";
	int rc;

	if (rfa_files_idle(ctx))
		return rfa_ctx_skip(facts, rfa_files_idle(ctx), err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = needs_key(ctx) ? rfa_files_key(ctx, 1, key, err) : 0;
	if (!rc)
		rc = write_all(ctx, &sums, err);
	if (!rc)
		rc = drop_all(ctx, &ctx->own->emptied, err);
	if (!rc)
		rc = rfa_pool_check(ctx->pool, err);
	if (!rc)
		rc = look(ctx, &sums, key, &proven.synced, err);
	if (rc)
		return rc;
	record_the_rest(ctx, &proven.synced);
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "%zu file(s) written or removed", sums.n),
			     facts, err);
}

int rfa_files_write_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
			  struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Going back. */

static int put_back(struct rfa_ctx *ctx, const struct rfa_kept_file *kept, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	struct rfa_file_put put = { .directory = rfa_files_directory(ctx, ctx->step->on),
				    .path = kept->path,
				    .mode = (unsigned)kept->mode,
				    .uid = kept->uid,
				    .gid = kept->gid };
	int rc;

	if (!*kept->file)
		return ctx->host->files->drop(ctx->host, put.directory, kept->path, err);
	rc = rfa_files_read(ctx->host, kept->file, kept->sha256, &text, err);
	put.data = rfa_buf_str(&text);
	put.len = text.len;
	if (!rc)
		rc = ctx->host->files->put(ctx->host, &put, err);
	rfa_wipe_buf(&text);
	return rc;
}

int rfa_files_write_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_point *point = rfa_files_before(ctx);
	const struct rfa_kept_file *kept;
	int rc = 0;

	if (rfa_files_idle(ctx) || !point)
		return 0;
	RFA_EACH (kept, point->files)
		if (!rc)
			rc = put_back(ctx, kept, err);
	return rc ? rc : drop_all(ctx, &point->directories, err);
}
