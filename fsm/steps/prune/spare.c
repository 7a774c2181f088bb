/* What the steps that find and remove things have in common. */
#include "fsm/steps/prune/spare.h"

int rfa_spare_asked(const struct rfa_ctx *ctx, const char *kind)
{
	return rfa_texts_have(&rfa_ctx_options(ctx)->kinds, kind);
}

int rfa_spare_goes(const struct rfa_ctx *ctx, const char *kind, const char *id)
{
	const struct rfa_thing *thing = rfa_thing_of(&ctx->own->things, kind, id);

	return thing && !*thing->why;
}

struct rfa_thing *rfa_spare_add(struct rfa_ctx *ctx, struct rfa_thing_list *out, const char *kind,
				const char *name)
{
	struct rfa_thing *thing = RFA_ADD(ctx->pool, thing, out);

	thing->kind = kind;
	thing->name = thing->id = rfa_pool_text(ctx->pool, name);
	return thing;
}

void rfa_spare_stays(const struct rfa_ctx *ctx, const struct rfa_thing *thing, const char *why)
{
	rfa_ctx_say(ctx, RFA_EVENT_NOTE, "the %s %s stays: %s", thing->kind, thing->name, why);
}
