/* A stack's Compose project, as it is named to the host: files, services, how many of each. */
#include "fsm/steps/images/compose_project.h"

#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/images/variables.h"

static int add(const char *list[], const char *text, struct rfa_error *err)
{
	size_t n = 0;

	while (list[n])
		n++;
	if (n + 1 >= RFA_COMPOSE_WORDS)
		return rfa_fail(err, RFA_ETOOBIG, "compose",
				"the Compose project has more than %d files or services",
				RFA_COMPOSE_WORDS - 1);
	list[n] = text;
	list[n + 1] = NULL;
	return 0;
}

static int add_all(const char *list[], const struct rfa_texts *texts, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < texts->n && !rc; i++)
		rc = add(list, texts->at[i], err);
	return rc;
}

/*
 * Those that Compose finds by itself. Files that come back with the images are there when
 * containers are made of them.
 */
static const struct rfa_texts *found_files(const struct rfa_ctx *ctx)
{
	const struct rfa_configuration *then = rfa_ctx_options(ctx)->with_files && ctx->plan->point
						   ? ctx->plan->point->configuration
						   : NULL;
	int written = ctx->step->state >= RFA_RESTART && !ctx->undoing &&
		      !(ctx->step->flags & RFA_STEP_ROLLBACK_ONLY);

	return then && then->project.n && written ? &then->project : &ctx->own->files;
}

/* The run has written the files of its commit. */
static int has_written(const struct rfa_ctx *ctx)
{
	return rfa_release_has_files(ctx) && ctx->step->state >= RFA_APPLY && !ctx->undoing &&
	       !(ctx->step->flags & RFA_STEP_ROLLBACK_ONLY);
}

int rfa_compose_find_files(const struct rfa_ctx *ctx, struct rfa_compose_project *p,
			   struct rfa_error *err)
{
	json_t *files = NULL, *one;
	size_t i;
	int rc = ctx->host->engine->compose_files(ctx->host, &p->compose, &files, err);

	json_array_foreach (files, i, one) {
		if (!rc)
			rc = add(p->files, rfa_pool_text(ctx->pool, json_string_value(one)), err);
	}
	json_decref(files);
	return rc;
}

/* *is: a file is there. */
static int is_file(const struct rfa_ctx *ctx, const char *path, int *is, struct rfa_error *err)
{
	struct rfa_file_stat st;
	int rc = ctx->host->files->stat(ctx->host, path, &st, err);

	*is = !rc && st.type == 'f';
	return rc;
}

/* Those of the project, then those of the stack: where Compose is told of any, it looks for no
 * .env. */
static int add_variables(const struct rfa_ctx *ctx, const struct rfa_stack_compose *compose,
			 struct rfa_compose_project *p, struct rfa_error *err)
{
	const char *own = rfa_pool_printf(ctx->pool, "%s/.env", compose->directory);
	const char *more = rfa_variables_path(ctx);
	int there = 0, is = 0;
	int rc = add_all(p->env_files, &compose->env_files, err);

	if (!rc && rfa_ctx_stack_here(ctx)->variables.n)
		rc = is_file(ctx, more, &there, err);
	if (!rc && there && !compose->env_files.n)
		rc = is_file(ctx, own, &is, err);
	if (!rc && is)
		rc = add(p->env_files, ".env", err);
	return rc || !there ? rc : add(p->env_files, more, err);
}

int rfa_compose_project(const struct rfa_ctx *ctx, int pinned, struct rfa_compose_project *p,
			struct rfa_error *err)
{
	const struct rfa_stack_compose *is = rfa_ctx_stack_here(ctx)->compose;
	char pins[400];
	int rc;

	memset(p, 0, sizeof(*p));
	rfa_pins_path(ctx, pins, sizeof(pins));
	p->compose = (struct rfa_compose){ .project = is ? is->project : "",
					   .directory = is ? is->directory : "",
					   .files = p->files,
					   .env_files = p->env_files,
					   .services = p->services,
					   .scale = p->scale };
	rc = is ? add_variables(ctx, is, p, err) : 0;
	if (!rc && is && !is->files.n && has_written(ctx))
		rc = rfa_compose_find_files(ctx, p, err);
	else if (!rc)
		rc = add_all(p->files, is && is->files.n ? &is->files : found_files(ctx), err);
	if (!rc && pinned)
		rc = add(p->files, rfa_pool_text(ctx->pool, pins), err);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

int rfa_compose_add_files(const struct rfa_texts *files, struct rfa_compose_project *p,
			  struct rfa_error *err)
{
	return add_all(p->files, files, err);
}

int rfa_compose_add_service(const struct rfa_ctx *ctx, const char *service,
			    struct rfa_compose_project *p, struct rfa_error *err)
{
	size_t n = rfa_count_before(ctx, service, 0);
	int rc = add(p->services, rfa_pool_text(ctx->pool, service), err);

	if (!rc && n)
		rc = add(p->scale, rfa_pool_printf(ctx->pool, "%s=%zu", service, n), err);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}

int rfa_compose_deploys(const struct rfa_ctx *ctx, const char *service)
{
	const struct rfa_stack_compose *is = rfa_ctx_stack_here(ctx)->compose;
	const struct rfa_image *image = rfa_desired_of(ctx, service);

	if (!image || strcmp(image->kind, "compose") != 0)
		return 0;
	return !is || !is->services.n || rfa_texts_have(&is->services, service);
}

int rfa_compose_starts_first(const struct rfa_ctx *ctx, const char *service)
{
	const struct rfa_stack_init *init = rfa_ctx_stack_here(ctx)->init;

	return rfa_ctx_options(ctx)->recreate && init && rfa_texts_have(&init->first, service);
}

int rfa_compose_add_desired(const struct rfa_ctx *ctx, struct rfa_compose_project *p,
			    struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = 0;

	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL))
		if (!rc && rfa_compose_deploys(ctx, image->key))
			rc = rfa_compose_add_service(ctx, image->key, p, err);
	return rc;
}

int rfa_compose_none(const struct rfa_ctx *ctx, const char *service, int *is, struct rfa_error *err)
{
	struct rfa_compose_project p;
	json_t *answer = NULL;
	const json_t *one;
	int rc;

	*is = 0;
	if (!rfa_compose_deploys(ctx, service) || rfa_count_before(ctx, service, 0))
		return 0;
	rc = rfa_compose_project(ctx, 0, &p, err);
	if (!rc)
		rc = rfa_compose_add_service(ctx, service, &p, err);
	if (!rc)
		rc = ctx->host->engine->compose_config(ctx->host, &p.compose, &answer, err);
	if (!rc) {
		one = json_object_get(rfa_facts_at(answer, "config/services"), service);
		*is = rfa_facts_int(one, "scale", rfa_facts_int(one, "deploy/replicas", 1)) == 0;
	}
	json_decref(answer);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	return rc;
}
