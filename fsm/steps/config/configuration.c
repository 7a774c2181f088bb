/* The files of a Compose project, kept for a rollback point of images. */
#include "fsm/steps/config/configuration.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/wipe.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/config/mentions.h"

/* A file that belongs to the project, if it is there. */
struct wanted {
	const char *path;
	int variables; /* nothing of what is in it may be told */
	int compose;   /* it may speak of others */
};
struct wanted_list {
	struct wanted *at;
	size_t n;
};

struct gathering {
	struct rfa_ctx *ctx;
	const struct rfa_stack_compose *compose;
	struct wanted_list wanted;
	struct rfa_configuration *out;
	int64_t bytes;
	const char *from; /* the directory of the file that is being read; "": the project's own */
};

static const char *printable(struct rfa_pool *pool, const char *name)
{
	struct rfa_buf safe = RFA_BUF_INIT(8192);
	const char *out;

	rfa_buf_put_printable(&safe, name, strlen(name), 300);
	out = rfa_pool_text(pool, rfa_buf_str(&safe));
	rfa_buf_release(&safe);
	return out;
}

static void leave_out(struct gathering *g, const char *name, const char *why)
{
	const char *text =
	    rfa_pool_printf(g->ctx->pool, "%s: %s", printable(g->ctx->pool, name), why);

	if (g->out->left_out.n < RFA_CONFIGURATION_MAX && !rfa_texts_have(&g->out->left_out, text))
		rfa_texts_add(g->ctx->pool, &g->out->left_out, text);
}

/* Which files. */

/* A path below the directory, as it is put together. Longer ones are of no file. */
struct place {
	char path[1024];
	size_t len;
};

/* Appends a path's parts. 0; -1: it leads out of the directory. */
static int walk(struct place *at, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !strncmp(path, "..", 2)) {
			char *slash = strrchr(at->path, '/');

			if (!at->len)
				return -1;
			at->len = slash ? (size_t)(slash - at->path) : 0;
			at->path[at->len] = '\0';
		} else if (n && !(n == 1 && *path == '.')) {
			if (at->len + n + 2 > sizeof(at->path))
				return -1;
			at->len += (size_t)snprintf(at->path + at->len, sizeof(at->path) - at->len,
						    "%s%.*s", at->len ? "/" : "", (int)n, path);
		}
		path += n + (path[n] == '/');
	}
	return 0;
}

/* Below the project's directory; NULL: elsewhere. */
static const char *below(const struct gathering *g, const char *from, const char *name)
{
	const char *directory = g->compose->directory;
	size_t n = strlen(directory);
	struct place at = { "", 0 };

	if (*name == '/') {
		if (strncmp(name, directory, n) != 0 || name[n] != '/')
			return NULL;
		name += n;
		from = "";
	}
	if (walk(&at, from) || walk(&at, name) || !at.len)
		return NULL;
	return rfa_pool_text(g->ctx->pool, at.path);
}

static void want(struct gathering *g, const char *path, int variables, int compose)
{
	struct wanted *one;
	json_t *text;
	size_t i;

	for (i = 0; i < g->wanted.n; i++) {
		if (strcmp(g->wanted.at[i].path, path) != 0)
			continue;
		g->wanted.at[i].variables |= variables;
		return;
	}
	text = json_string(path);
	if (!text || g->wanted.n == RFA_CONFIGURATION_MAX) {
		leave_out(g, path, text ? "there are too many files" : "its name is no UTF-8");
	} else {
		one = rfa_pool_add(g->ctx->pool, &g->wanted, sizeof(*one));
		*one = (struct wanted){ path, variables, compose };
	}
	json_decref(text);
}

/* Compose takes most names from the file's own directory, and some from the project's. */
static void on_mention(void *user, const char *name, int variables)
{
	struct gathering *g = user;
	const char *near = below(g, g->from, name), *far = below(g, "", name);

	if (strpbrk(name, "$*"))
		leave_out(g, name, "only Compose knows which file that is");
	else if (strstr(name, "://"))
		leave_out(g, name, "it is not on the host");
	else if (!near && !far)
		leave_out(g, name, "it is not below the project's directory");
	if (strpbrk(name, "$*"))
		return;
	if (near)
		want(g, near, variables, !variables);
	if (far)
		want(g, far, variables, !variables);
}

static void want_named(struct gathering *g, const struct rfa_texts *names, int variables)
{
	size_t i;

	for (i = 0; i < names->n; i++) {
		const char *path = below(g, "", names->at[i]);

		if (path)
			want(g, path, variables, !variables);
		else
			leave_out(g, names->at[i], "it is not below the project's directory");
	}
}

const char *const rfa_configuration_names[RFA_CONFIGURATION_NAMES] = {
	"compose.yaml",
	"compose.yml",
	"docker-compose.yml",
	"docker-compose.yaml",
	"compose.override.yml",
	"compose.override.yaml",
	"docker-compose.override.yml",
	"docker-compose.override.yaml",
};

/* Those that the project is made of by itself. */
static void want_own(struct gathering *g)
{
	const struct rfa_texts *files =
	    g->compose->files.n ? &g->compose->files : &g->ctx->own->files;
	size_t i;

	want_named(g, files, 0);
	for (i = 0; !files->n && i < RFA_CONFIGURATION_NAMES; i++)
		want(g, rfa_configuration_names[i], 0, 1);
	if (g->compose->env_files.n)
		want_named(g, &g->compose->env_files, 1);
	else
		want(g, ".env", 1, 0);
}

/* Keeping. */

static const char *folder_of(struct rfa_ctx *ctx, const char *run)
{
	return rfa_pool_printf(ctx->pool, "points/%s/%s.config", ctx->plan->stack, run);
}

static const char *directory_of(struct rfa_pool *pool, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? rfa_pool_printf(pool, "%.*s", (int)(slash - path), path) : "";
}

static int keep_text(struct gathering *g, const struct wanted *one, const struct rfa_file_stat *st,
		     const struct rfa_buf *text, struct rfa_error *err)
{
	struct rfa_ctx *ctx = g->ctx;
	struct rfa_kept_file *kept;
	char hex[RFA_DIGEST_HEX];
	const char *file = rfa_pool_printf(ctx->pool, "%s/%s/%zu", ctx->host->state_dir,
					   folder_of(ctx, ctx->run), g->out->files.n);
	int rc = ctx->host->files->write(ctx->host, file, 0600, rfa_buf_str(text), text->len, err);

	if (rc)
		return rc;
	rfa_digest_of(RFA_SHA256, rfa_buf_str(text), text->len, hex);
	kept = RFA_ADD(ctx->pool, kept_file, &g->out->files);
	kept->path = one->path;
	kept->file = file;
	kept->sha256 = one->variables ? "" : rfa_pool_text(ctx->pool, hex);
	kept->mode = st->mode & 0777;
	kept->uid = st->uid;
	kept->gid = st->gid;
	kept->synced = rfa_synced_of(&rfa_ctx_options(ctx)->synced, one->path);
	g->bytes += (int64_t)text->len;
	return 0;
}

static int keep_file(struct gathering *g, const struct wanted *one, const char *path,
		     const struct rfa_file_stat *st, struct rfa_error *err)
{
	struct rfa_buf text = RFA_BUF_INIT(RFA_CONFIGURATION_FILE_BYTES + 1);
	int rc =
	    g->ctx->host->files->read(g->ctx->host, path, RFA_CONFIGURATION_FILE_BYTES, &text, err);

	if (!rc)
		rc = keep_text(g, one, st, &text, err);
	if (!rc && one->compose) {
		g->from = directory_of(g->ctx->pool, one->path);
		rfa_mentions(rfa_buf_str(&text), text.len, on_mention, g);
	}
	rfa_wipe_buf(&text);
	return rc;
}

/* What cannot be looked at is no reason to break a run off that only keeps it. */
static int may_be_left_out(int rc)
{
	return rc == -RFA_ENOTFOUND || rc == -RFA_ETOOBIG || rc == -RFA_EREMOTE;
}

static int keep_one(struct gathering *g, const struct wanted *one, struct rfa_error *err)
{
	struct rfa_host *host = g->ctx->host;
	const char *path = rfa_pool_printf(g->ctx->pool, "%s/%s", g->compose->directory, one->path);
	struct rfa_file_stat st;
	int rc = host->files->stat(host, path, &st, err);

	if (rc || !st.type)
		;
	else if (st.type != 'f')
		leave_out(g, one->path, "it is no plain file");
	else if (st.size > RFA_CONFIGURATION_FILE_BYTES ||
		 g->bytes + st.size > RFA_CONFIGURATION_BYTES)
		leave_out(g, one->path, "it is too large");
	else
		rc = keep_file(g, one, path, &st, err);
	if (may_be_left_out(rc)) {
		leave_out(g, one->path, err->msg);
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}

int rfa_configuration_keep(struct rfa_ctx *ctx, const struct rfa_configuration **out,
			   struct rfa_error *err)
{
	struct gathering g = { .ctx = ctx, .compose = rfa_ctx_stack_here(ctx)->compose };
	size_t i;
	int rc = 0;

	*out = NULL;
	if (!g.compose)
		return 0;
	g.out = RFA_NEW(ctx->pool, configuration);
	g.out->run = ctx->run;
	if (!g.compose->files.n)
		g.out->project = ctx->own->files;
	want_own(&g);
	for (i = 0; i < g.wanted.n && !rc; i++) {
		/* What it speaks of is added to the list, which may move. */
		struct wanted one = g.wanted.at[i];

		one.variables |= rfa_files_has_variables(ctx, one.path);
		rc = keep_one(&g, &one, err);
	}
	*out = g.out;
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

/* Giving it up. */

int rfa_configuration_drop(struct rfa_ctx *ctx, const char *run, struct rfa_error *err)
{
	static const char *const all[] = { NULL };
	struct rfa_host *host = ctx->host;
	const char *folder = folder_of(ctx, run);
	struct rfa_file_list list = { NULL, 0 };
	size_t i;
	int rc = host->files->list(
	    host, rfa_pool_printf(ctx->pool, "%s/%s", host->state_dir, folder), all, &list, err);

	for (i = 0; i < list.n && !rc; i++)
		rc = host->files->drop(host, host->state_dir,
				       rfa_pool_printf(ctx->pool, "%s/%s", folder, list.at[i].path),
				       err);
	rfa_file_list_release(&list);
	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		return 0;
	}
	return rc ? rc : host->files->drop(host, host->state_dir, folder, err);
}

static int is_of(const struct rfa_configuration *one, const char *run)
{
	return one && !strcmp(one->run, run);
}

static int is_needed(const struct rfa_ctx *ctx, const struct rfa_point_list *points, size_t newest,
		     const char *run)
{
	size_t i;

	if (is_of(rfa_brings_up(ctx->plan, ctx->own), run) ||
	    (ctx->own->point && is_of(ctx->own->point->configuration, run)))
		return 1;
	for (i = 0; i < newest && i < points->n; i++)
		if (is_of(points->at[i].configuration, run))
			return 1;
	return 0;
}

int rfa_configuration_cleanup(struct rfa_ctx *ctx, const struct rfa_point_list *points,
			      size_t newest, struct rfa_error *err)
{
	const struct rfa_configuration *last = rfa_ctx_options(ctx)->configuration;
	const struct rfa_configuration *kept = ctx->own->configuration;
	size_t i;
	int rc = 0;

	if (last && *last->run && !is_needed(ctx, points, newest, last->run))
		rc = rfa_configuration_drop(ctx, last->run, err);
	if (!rc && kept && !is_needed(ctx, points, newest, kept->run))
		rc = rfa_configuration_drop(ctx, kept->run, err);
	for (i = newest; i < points->n && !rc; i++) {
		const struct rfa_configuration *old = points->at[i].configuration;

		if (old && *old->run && !is_needed(ctx, points, newest, old->run))
			rc = rfa_configuration_drop(ctx, old->run, err);
	}
	return rc;
}
