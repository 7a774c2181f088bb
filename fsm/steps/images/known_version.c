/*
 * A version of which something is said: which images it is. The ledger knows it of one that a run
 * has brought. Of another a registry or a host tells it, and the ledger keeps that with the word.
 */
#include <string.h>

#include "fsm/steps/images/image_set.h"
#include "fsm/steps/steps.h"

int rfa_version_told_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return rfa_from_registry(ctx) ? rfa_registry_observe_run(ctx, facts, err)
				      : rfa_source_observe_run(ctx, facts, err);
}

static int is_another(const struct rfa_ctx *ctx, const struct rfa_image_set *told, const char *name,
		      struct rfa_error *err)
{
	const char *env = ctx->sides[RFA_SOURCE]->env;

	if (told->images.n && !strcmp(told->version, name))
		return 0;
	rfa_fail(err, RFA_EREFUSED, "version", "%s runs %s of %s, and not %s", env,
		 told->images.n ? told->version : "nothing", ctx->plan->stack, name);
	rfa_error_where(err, "%s", env);
	return rfa_error_hint(err, "name the version that runs there, or where this one runs: "
				   "--from ENV");
}

/* What is told has to be the version that is meant, and what it was, if the ledger knows it. */
static int check_told(struct rfa_ctx *ctx, const struct rfa_image_set *told,
		      const struct rfa_version *version, const char *name, struct rfa_error *err)
{
	const struct rfa_image *image;
	int rc = is_another(ctx, told, name, err);

	if (!rfa_version_says(name))
		return rc;
	RFA_EACH (image, told->images)
		if (!rc)
			rc = rfa_version_check(ctx, version, image, err);
	return rc;
}

static int is_unknown(const struct rfa_ctx *ctx, const char *name, struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "ledger", "%s has no version \"%s\"", ctx->plan->stack, name);
	return rfa_error_hint(err, "`rfa verified %s` lists those that were deployed",
			      ctx->plan->stack);
}

int rfa_known_version_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image_set *meant = rfa_ctx_options(ctx)->desired;
	const struct rfa_image_set *told = ctx->proven[RFA_SOURCE]->images;
	const char *name = meant ? meant->version : "";
	const struct rfa_version *version;
	struct rfa_version_list all;
	struct rfa_image_set *set;
	struct rfa_proven proven;
	int rc = rfa_ctx_versions(ctx, &all, err);

	if (rc)
		return rc;
	version = rfa_version_named(&all, name);
	if (told)
		rc = check_told(ctx, told, version, name, err);
	else if (!version || !version->images.n)
		rc = is_unknown(ctx, name, err);
	if (rc)
		return rc;
	set = RFA_NEW(ctx->pool, image_set);
	set->version = name;
	set->images = told ? told->images : version->images;
	rfa_record_clear(&rfa_shape_proven, &proven);
	proven.images = set;
	proven.by = rfa_pool_printf(ctx->pool, "%s@%s", ctx->user, ctx->machine);
	return rfa_ctx_prove(ctx, &proven,
			     rfa_pool_printf(ctx->pool, "%s is %zu image(s)", name, set->images.n),
			     facts, err);
}

int rfa_nothing_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	(void)ctx;
	(void)facts;
	(void)err;
	return 0;
}
