/* The commit that a run releases, and its files. */
#include "fsm/steps/common/repository.h"

#include <string.h>

const struct rfa_release *rfa_release_of(const struct rfa_ctx *ctx)
{
	return rfa_ctx_options(ctx)->release;
}

int rfa_release_has_files(const struct rfa_ctx *ctx)
{
	return rfa_release_of(ctx) &&
	       rfa_source_has_files(rfa_ctx_stack_of(ctx, RFA_TARGET)->source);
}

const char *rfa_release_directory(const struct rfa_ctx *ctx)
{
	const struct rfa_stack_source *source = rfa_ctx_stack_of(ctx, RFA_TARGET)->source;

	return source && *source->directory ? source->directory : ".";
}

int rfa_release_repository(const struct rfa_ctx *ctx, struct rfa_repository **out,
			   struct rfa_error *err)
{
	const struct rfa_release *release = rfa_release_of(ctx);
	struct rfa_repository_ask ask;
	int rc;

	if (!release || !ctx->repository)
		return rfa_fail(err, RFA_EINTERNAL, "git", "the run has no repository");
	ask = (struct rfa_repository_ask){ .stack = ctx->plan->stack,
					   .env = ctx->sides[RFA_TARGET]->env,
					   .url = release->url,
					   .tag = release->tag,
					   .commit = release->commit };
	rc = ctx->repository(ctx->secret_user, &ask, out, err);
	if (rc)
		return rc;
	if (!strcmp((*out)->commit, release->commit) && !strcmp((*out)->tree, release->tree))
		return 0;
	rfa_fail(err, RFA_EMISMATCH, "git", "the run is about commit %.12s, and this is %.12s",
		 release->commit, (*out)->commit);
	return rfa_error_where(err, "%.100s", release->url);
}

const char *rfa_release_place(const struct rfa_ctx *ctx)
{
	return rfa_pool_printf(ctx->pool, "%s/runs/%s/source/%s", ctx->hosts[RFA_SOURCE]->state_dir,
			       ctx->run, rfa_release_of(ctx)->sha256);
}
