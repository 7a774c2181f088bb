/* The configuration that a rollback point of images has kept, compared with what is there now. */
#include <string.h>

#include "fsm/base/textdiff.h"
#include "fsm/base/wipe.h"
#include "fsm/base/yamldiff.h"
#include "fsm/steps/config/configuration.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/steps.h"

static const char *path_of(const struct rfa_configuration_ask *ask, const char *path)
{
	return rfa_pool_printf(ask->pool, "%s/%s", ask->compose->directory, path);
}

static int digest_of(struct rfa_host *host, const char *path, char hex[RFA_DIGEST_HEX],
		     struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	int rc = rfa_files_read(host, path, "", &text, err);

	if (!rc)
		rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, hex);
	rfa_wipe_buf(&text);
	return rc;
}

/* What the point has; NOTFOUND is told as a problem of the file. */
static int digest_then(const struct rfa_configuration_ask *ask, const struct rfa_kept_file *kept,
		       struct rfa_file_change *one, char hex[RFA_DIGEST_HEX], struct rfa_error *err)
{
	int rc = digest_of(ask->host, kept->file, hex, err);

	if (rc == -RFA_ENOTFOUND) {
		one->change = "problem";
		one->problem = "what it was then is no longer kept";
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

static int compare_one(const struct rfa_configuration_ask *ask, const struct rfa_kept_file *kept,
		       struct rfa_file_change *one, struct rfa_error *err)
{
	char now[RFA_DIGEST_HEX], then[RFA_DIGEST_HEX];
	const char *path = path_of(ask, kept->path);
	struct rfa_file_stat st;
	int rc = ask->host->files->stat(ask->host, path, &st, err);

	one->path = kept->path;
	one->variables = !*kept->sha256;
	one->from = kept->file;
	one->sha256 = kept->sha256;
	one->mode = kept->mode;
	one->uid = kept->uid;
	one->gid = kept->gid;
	one->back = kept->synced;
	one->change = "new";
	if (!rc)
		rc = digest_then(ask, kept, one, then, err);
	if (rc || *one->problem || !st.type)
		return rc;
	if (st.type != 'f') {
		one->change = "problem";
		one->problem = "there is something else than a file now";
		return 0;
	}
	rc = digest_of(ask->host, path, now, err);
	one->mode_now = st.mode & 0777;
	one->uid = st.uid;
	one->gid = st.gid;
	one->was = !rc && !one->variables ? rfa_pool_text(ask->pool, now) : "";
	one->change = !rc && !strcmp(now, then) && one->mode == one->mode_now ? "same" : "changed";
	return rc;
}

/* It was there then, whatever it was: left_out says "path: why". */
static int is_left_out(const struct rfa_configuration *then, const char *path)
{
	size_t n = strlen(path), i;

	for (i = 0; i < then->left_out.n; i++) {
		const char *one = then->left_out.at[i];

		if (!strncmp(one, path, n) && !strncmp(one + n, ": ", 2))
			return 1;
	}
	return 0;
}

/* A file that Compose reads by itself, and that was not there then. */
static int compare_new(const struct rfa_configuration_ask *ask, const char *path, int variables,
		       struct rfa_file_change_list *out, struct rfa_error *err)
{
	struct rfa_file_change *one;
	struct rfa_file_stat st;
	char now[RFA_DIGEST_HEX];
	int rc;

	if (rfa_kept_file_of(&ask->then->files, path) || is_left_out(ask->then, path))
		return 0;
	rc = ask->host->files->stat(ask->host, path_of(ask, path), &st, err);
	if (rc || st.type != 'f')
		return rc;
	rc = digest_of(ask->host, path_of(ask, path), now, err);
	one = RFA_ADD(ask->pool, file_change, out);
	one->path = path;
	one->change = "gone";
	one->variables = variables;
	one->mode_now = st.mode & 0777;
	one->uid = st.uid;
	one->gid = st.gid;
	one->was = rc || variables ? "" : rfa_pool_text(ask->pool, now);
	return rc;
}

static int compare_news(const struct rfa_configuration_ask *ask, struct rfa_file_change_list *out,
			struct rfa_error *err)
{
	const char *directory = ask->compose->directory;
	size_t n = strlen(directory), i;
	int rc = 0;

	for (i = 0; !ask->compose->files.n && i < ask->found->n && !rc; i++) {
		const char *path = ask->found->at[i];

		if (!strncmp(path, directory, n) && path[n] == '/')
			rc = compare_new(ask, path + n + 1, 0, out, err);
	}
	for (i = 0; !ask->compose->files.n && !ask->found->n && !rc && i < RFA_CONFIGURATION_NAMES;
	     i++)
		rc = compare_new(ask, rfa_configuration_names[i], 0, out, err);
	if (!rc && !ask->compose->env_files.n)
		rc = compare_new(ask, ".env", 1, out, err);
	return rc;
}

int rfa_configuration_compare(const struct rfa_configuration_ask *ask,
			      struct rfa_file_change_list *out, struct rfa_error *err)
{
	const struct rfa_kept_file *kept;
	int rc = 0;

	RFA_EACH (kept, ask->then->files)
		if (!rc)
			rc = compare_one(ask, kept, RFA_ADD(ask->pool, file_change, out), err);
	if (!rc)
		rc = compare_news(ask, out, err);
	return rc ? rc : rfa_pool_check(ask->pool, err);
}

/* The row. */

int rfa_configuration_then_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_configuration_ask ask = { .host = ctx->host,
					     .compose = rfa_ctx_stack_here(ctx)->compose,
					     .found = &ctx->own->files,
					     .then = ctx->plan->point->configuration,
					     .pool = ctx->pool };
	const struct rfa_file_change *one;
	struct rfa_proven proven;
	const char *summary = "the configuration is as it was then";
	size_t differ = 0;
	int rc;

	if (!ask.compose)
		return rfa_ctx_skip(facts, "the stack has no Compose project", err);
	if (!ask.then)
		return rfa_ctx_skip(facts, "the rollback point has no configuration", err);
	rfa_record_clear(&rfa_shape_proven, &proven);
	rc = rfa_configuration_compare(&ask, &proven.changes, err);
	if (rc)
		return rc;
	RFA_EACH (one, proven.changes)
		differ += strcmp(one->change, "same") != 0;
	if (differ)
		summary =
		    rfa_pool_printf(ctx->pool, "%zu file(s) are not as they were then", differ);
	return rfa_ctx_prove(ctx, &proven, summary, facts, err);
}

/* How a file differs. */

int rfa_configuration_diff(struct rfa_host *host, const char *directory,
			   const struct rfa_file_change *change, json_t *lines,
			   struct rfa_error *err)
{
	struct rfa_buf now = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	struct rfa_buf then = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	struct rfa_buf path = RFA_BUF_INIT(16384);
	int rc = 0;

	rfa_buf_printf(&path, "%s/%s", directory, change->path);
	if (change->mode_now >= 0)
		rc = rfa_files_read(host, rfa_buf_str(&path), "", &now, err);
	if (!rc && *change->from)
		rc = rfa_files_read(host, change->from, "", &then, err);
	if (!rc)
		rc = change->variables ? rfa_text_keys_diff(lines, &now, &then, err)
				       : rfa_yaml_diff(lines, &now, &then, err);
	rfa_buf_release(&path);
	rfa_wipe_buf(&now);
	rfa_wipe_buf(&then);
	return rc;
}
