/* A version that the ledger knows: what is said of it is said of these images. */
#include <string.h>

#include "fsm/steps/steps.h"

int rfa_known_version_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_image_set *meant = rfa_ctx_options(ctx)->desired;
	const char *name = meant ? meant->version : "";
	const struct rfa_version *version;
	struct rfa_version_list all;
	struct rfa_image_set *set;
	struct rfa_proven proven;
	int rc = rfa_ctx_versions(ctx, &all, err);

	if (rc)
		return rc;
	version = rfa_version_named(&all, name);
	if (!version) {
		rfa_fail(err, RFA_ENOTFOUND, "ledger", "%s has no version \"%s\"", ctx->plan->stack,
			 name);
		return rfa_error_hint(err, "`rfa verified %s` lists those that were deployed",
				      ctx->plan->stack);
	}
	set = RFA_NEW(ctx->pool, image_set);
	set->version = version->version;
	set->images = version->images;
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
