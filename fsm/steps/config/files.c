/* What the steps over files of a Compose directory share. */
#include "fsm/steps/config/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/digest.h"
#include "fsm/base/wipe.h"
#include "fsm/steps/common/repository.h"

static const struct rfa_stack_compose *compose_of(const struct rfa_ctx *ctx)
{
	static struct rfa_stack_compose none;
	const struct rfa_stack_compose *is = rfa_ctx_stack_of(ctx, RFA_TARGET)->compose;

	if (is)
		return is;
	rfa_record_clear(&rfa_shape_stack_compose, &none);
	return &none;
}

enum rfa_role_id rfa_files_receiver(const struct rfa_ctx *ctx)
{
	return rfa_ctx_options(ctx)->take_back ? RFA_SOURCE : RFA_TARGET;
}

enum rfa_role_id rfa_files_giver(const struct rfa_ctx *ctx)
{
	if (ctx->plan->point)
		return RFA_TARGET;
	return rfa_files_receiver(ctx) == RFA_TARGET ? RFA_SOURCE : RFA_TARGET;
}

const char *rfa_files_directory(const struct rfa_ctx *ctx, enum rfa_role_id role)
{
	if (role == RFA_SOURCE && rfa_release_of(ctx))
		return rfa_release_directory(ctx);
	return role == RFA_SOURCE ? compose_of(ctx)->source : compose_of(ctx)->directory;
}

/* NULL-terminated; free() it. NULL: no memory. */
static const char **words_of(const struct rfa_texts *texts)
{
	const char **out = calloc(texts->n + 1, sizeof(*out));

	if (out && texts->n)
		memcpy(out, texts->at, texts->n * sizeof(*out));
	return out;
}

/* The files of the commit that belong there. */
static int list_commit(struct rfa_ctx *ctx, struct rfa_file_list *out, struct rfa_error *err)
{
	const char **only = words_of(&rfa_ctx_stack_of(ctx, RFA_TARGET)->source->files);
	const char **without = words_of(&compose_of(ctx)->keep);
	struct rfa_repository *repository = NULL;
	int rc =
	    only && without ? rfa_release_repository(ctx, &repository, err) : rfa_fail_nomem(err);

	if (!rc)
		rc = repository->ops->list(repository, rfa_release_directory(ctx), only, without,
					   out, err);
	free(only);
	free(without);
	if (rc == -RFA_ENOTFOUND)
		rfa_error_hint(err, "correct source.directory in rfa.json");
	else if (rc == -RFA_ETOOBIG)
		rfa_error_hint(err, "name in source.files of rfa.json what belongs to the stack's "
				    "directory: \"files\": [\"compose.yaml\"]");
	return rc;
}

const struct rfa_file_change_list *rfa_files_changes(const struct rfa_ctx *ctx)
{
	return &ctx->proven[RFA_TARGET]->changes;
}

int rfa_files_list(struct rfa_ctx *ctx, enum rfa_role_id role, struct rfa_file_list *out,
		   struct rfa_error *err)
{
	const char *directory = rfa_files_directory(ctx, role);
	struct rfa_host *host = ctx->hosts[role];
	const char **without;
	int rc;

	if (role == RFA_SOURCE && rfa_release_of(ctx))
		return list_commit(ctx, out, err);
	without = words_of(&compose_of(ctx)->keep);
	if (!without)
		return rfa_fail_nomem(err);
	rc = host->files->list(host, directory, without, out, err);
	free(without);
	if (rc == -RFA_ENOTFOUND) {
		rfa_fail(err, RFA_ENOTFOUND, "files", "there is no directory %.300s", directory);
		rfa_error_where(err, "%s", host->name);
		rfa_error_hint(err, "make it there, or correct compose.%s in rfa.json",
			       role == RFA_SOURCE ? "source" : "directory");
	} else if (rc == -RFA_ETOOBIG) {
		rfa_error_hint(err, "name in compose.keep of rfa.json what is not configuration: "
				    "\"keep\": [\"data\"]");
	}
	return rc;
}

static int go_back_with_images(const struct rfa_ctx *ctx)
{
	return ctx->plan->point && !*ctx->plan->point->kind;
}

int rfa_files_with_images(const struct rfa_ctx *ctx)
{
	return go_back_with_images(ctx) || rfa_release_of(ctx);
}

int rfa_files_are_known(const struct rfa_ctx *ctx)
{
	return !go_back_with_images(ctx);
}

const char *rfa_files_idle(const struct rfa_ctx *ctx)
{
	const struct rfa_file_change *one;

	if (ctx->step->on != rfa_files_receiver(ctx))
		return "its files stay as they are";
	if (rfa_release_of(ctx))
		return rfa_release_has_files(ctx) ? NULL : "no files come from the repository";
	if (!rfa_files_with_images(ctx))
		return NULL;
	if (!rfa_ctx_options(ctx)->with_files)
		return "the configuration stays as it is";
	RFA_EACH (one, *rfa_files_changes(ctx))
		if (rfa_file_change_acts(one))
			return NULL;
	return "the configuration is as it was then";
}

const struct rfa_point *rfa_files_before(const struct rfa_ctx *ctx)
{
	return rfa_files_with_images(ctx) ? ctx->own->files_replaced : ctx->own->point;
}

/* One more entry, if the file is there. */
static int look_at(struct rfa_ctx *ctx, const char *path, struct rfa_file_list *out,
		   struct rfa_error *err)
{
	struct rfa_file_entry *one = &out->at[out->n];
	struct rfa_buf text = RFA_BUF_INIT(RFA_FILE_LIST_BYTES + 1);
	const char *whole =
	    rfa_pool_printf(ctx->pool, "%s/%s", rfa_files_directory(ctx, ctx->step->on), path);
	int rc = ctx->host->files->stat(ctx->host, whole, &one->stat, err);

	if (rc || !one->stat.type)
		return rc;
	one->path = strdup(path);
	if (!one->path)
		return rfa_fail_nomem(err);
	out->n++;
	if (one->stat.type == 'f')
		rc = rfa_files_read(ctx->host, whole, "", &text, err);
	if (!rc && one->stat.type == 'f')
		rfa_digest_of(RFA_SHA256, rfa_buf_str(&text), text.len, one->sha256);
	rfa_wipe_buf(&text);
	return rc;
}

int rfa_files_look(struct rfa_ctx *ctx, struct rfa_file_list *out, struct rfa_error *err)
{
	const struct rfa_file_change_list *changes = rfa_files_changes(ctx);
	const struct rfa_file_change *one;
	int rc = 0;

	if (!rfa_files_with_images(ctx))
		return rfa_files_list(ctx, ctx->step->on, out, err);
	out->n = 0;
	out->at = calloc(changes->n + 1, sizeof(*out->at));
	if (!out->at)
		return rfa_fail_nomem(err);
	RFA_EACH (one, *changes)
		if (!rc)
			rc = look_at(ctx, one->path, out, err);
	rfa_file_list_sort(out);
	return rc;
}

/* Variables. */

int rfa_files_has_variables(const struct rfa_ctx *ctx, const char *path)
{
	const struct rfa_stack_compose *compose = compose_of(ctx);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name), below = strlen(compose->directory), i;

	if (!strncmp(name, ".env.", 5) || (len >= 4 && !strcmp(name + len - 4, ".env")))
		return 1;
	for (i = 0; i < compose->env_files.n; i++) {
		const char *file = compose->env_files.at[i];

		if (!strncmp(file, "./", 2))
			file += 2;
		if (!strncmp(file, compose->directory, below) && file[below] == '/')
			file += below + 1;
		if (!strcmp(file, path))
			return 1;
	}
	return 0;
}

int rfa_files_key(struct rfa_ctx *ctx, int make, char key[65], struct rfa_error *err)
{
	struct rfa_host *host = ctx->hosts[RFA_TARGET];
	const char *path =
	    rfa_pool_printf(ctx->pool, "%s/sync/%s.key", host->state_dir, ctx->plan->stack);
	struct rfa_buf text = RFA_BUF_INIT(256);
	int rc = host->files->read(host, path, 256, &text, err);
	size_t i;

	key[0] = '\0';
	if (!rc && text.len == 64) {
		memcpy(key, rfa_buf_str(&text), 65);
	} else if (rc == -RFA_ENOTFOUND || !rc) {
		rfa_error_clear(err);
		rc = 0;
		for (i = 0; make && i < 4; i++)
			snprintf(key + 16 * i, 17, "%016llx",
				 (unsigned long long)ctx->clock->random(ctx->clock));
		if (make)
			rc = host->files->write(host, path, 0600, key, 64, err);
	}
	rfa_buf_release(&text);
	return rc;
}

const char *rfa_files_digest(struct rfa_ctx *ctx, int variables, const char *key,
			     const char *sha256)
{
	struct rfa_digest digest;
	char hex[RFA_DIGEST_HEX];

	if (!variables || !*sha256)
		return rfa_pool_text(ctx->pool, sha256);
	if (!*key)
		return "";
	rfa_digest_init(&digest, RFA_SHA256);
	rfa_digest_update(&digest, key, strlen(key));
	rfa_digest_update(&digest, sha256, strlen(sha256));
	rfa_digest_final(&digest, hex);
	return rfa_pool_text(ctx->pool, hex);
}

/* Content. */

static int check_content(const char *where, const char *path, const char *sha256,
			 const struct rfa_buf *out, struct rfa_error *err)
{
	char hex[RFA_DIGEST_HEX];

	if (!*sha256)
		return 0;
	rfa_digest_of(RFA_SHA256, rfa_buf_str(out), out->len, hex);
	if (!strcmp(hex, sha256))
		return 0;
	rfa_fail(err, RFA_EMISMATCH, "files", "%.300s has changed since the run looked at it",
		 path);
	rfa_error_where(err, "%s", where);
	return rfa_error_hint(err, "look who writes it, then run rfa sync again");
}

int rfa_files_read(struct rfa_host *host, const char *path, const char *sha256, struct rfa_buf *out,
		   struct rfa_error *err)
{
	int rc = host->files->read(host, path, RFA_FILE_LIST_BYTES, out, err);

	return rc ? rc : check_content(host->name, path, sha256, out, err);
}

int rfa_files_get(const struct rfa_ctx *ctx, enum rfa_role_id role, const char *path,
		  const char *sha256, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_host *host = ctx->hosts[role];
	int rc = host->files->get(host, rfa_files_directory(ctx, role), path, RFA_FILE_LIST_BYTES,
				  out, err);

	return rc ? rc : check_content(host->name, path, sha256, out, err);
}

static int fetch_from_commit(const struct rfa_ctx *ctx, const struct rfa_file_change *one,
			     const char *sha256, struct rfa_buf *out, struct rfa_error *err)
{
	struct rfa_repository *repository = NULL;
	int rc = rfa_release_repository(ctx, &repository, err);

	if (!rc)
		rc = repository->ops->read(repository, one->from, RFA_FILE_LIST_BYTES, out, err);
	return rc ? rc : check_content(rfa_release_of(ctx)->url, one->from, sha256, out, err);
}

int rfa_files_fetch(const struct rfa_ctx *ctx, const struct rfa_file_change *one,
		    struct rfa_buf *out, struct rfa_error *err)
{
	const char *sha256 = one->variables ? "" : one->sha256;
	enum rfa_role_id giver = rfa_files_giver(ctx);

	if (rfa_release_of(ctx))
		return fetch_from_commit(ctx, one, sha256, out, err);
	return ctx->plan->point ? rfa_files_read(ctx->hosts[giver], one->from, sha256, out, err)
				: rfa_files_get(ctx, giver, one->path, sha256, out, err);
}

int rfa_files_as_brought(struct rfa_ctx *ctx, const char *key, const struct rfa_file_entry *now)
{
	const struct rfa_synced *then = rfa_synced_of(&rfa_ctx_options(ctx)->synced, now->path);
	int variables = rfa_files_has_variables(ctx, now->path);

	return then && *then->sha256 &&
	       !strcmp(then->sha256, rfa_files_digest(ctx, variables, key, now->sha256));
}
