/* Gates about versions: what was proven elsewhere, and what a name means. */
#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/images/image_set.h"

enum { MS_PER_HOUR = 3600 * 1000 };

static const struct rfa_limits *limits_of(const struct rfa_ctx *ctx)
{
	static const struct rfa_limits none = { 0 };
	const struct rfa_limits *limits = rfa_ctx_stack_of(ctx, RFA_TARGET)->gates;

	return limits ? limits : &none;
}

/* An image's id as people know it: its first 12 digits. */
static const char *digits(const char *id)
{
	return !strncmp(id, "sha256:", 7) ? id + 7 : id;
}

/* What a run that names its images leaves as it is was not brought by it. */
static int is_brought(const struct rfa_ctx *ctx, const struct rfa_image *image)
{
	const struct rfa_image_set *named = rfa_ctx_options(ctx)->desired;

	return !named || rfa_image_of(&named->images, image->key);
}

/* Verified. */

/* In which environments an image has to be verified: never in the one that it goes to. */
static struct rfa_texts environments_of(struct rfa_ctx *ctx, const struct rfa_version_list *all)
{
	const struct rfa_limits *limits = limits_of(ctx);
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];
	const struct rfa_verification *proof;
	const struct rfa_version *version;
	struct rfa_texts any = { NULL, 0 };
	size_t i;

	for (i = 0; i < limits->verified_in.n; i++)
		if (strcmp(limits->verified_in.at[i], ctx->sides[RFA_TARGET]->env) != 0)
			rfa_texts_add(ctx->pool, &any, limits->verified_in.at[i]);
	if (limits->verified_in.n)
		return any;
	if (source && source->stack) {
		rfa_texts_add(ctx->pool, &any, source->env);
		return any;
	}
	RFA_EACH (version, *all)
		RFA_EACH (proof, version->verified)
			if (strcmp(proof->env, ctx->sides[RFA_TARGET]->env) != 0 &&
			    !rfa_texts_have(&any, proof->env))
				rfa_texts_add(ctx->pool, &any, proof->env);
	return any;
}

/* What the source's last run has proven, in a ledger of a time when versions were not kept. */
static int is_of_last_run(const struct rfa_ctx *ctx, const struct rfa_image *image, const char *env)
{
	const struct rfa_image_set *set = rfa_ctx_options(ctx)->verified;
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];
	const struct rfa_image *proven = set ? rfa_image_of(&set->images, image->key) : NULL;

	return proven && !set->forced && source && !strcmp(source->env, env) &&
	       !strcmp(proven->identity, image->identity);
}

/* 1 if an imported history says of the name that it was verified there. */
static int is_imported(const struct rfa_version_list *all, const char *name, const char *env)
{
	const struct rfa_version *version = rfa_version_named(all, name);
	const struct rfa_verification *one;

	if (version)
		RFA_EACH (one, version->verified)
			if (rfa_verification_is_imported(one) && !strcmp(one->env, env))
				return 1;
	return 0;
}

/* What there is instead, in words. */
static const char *missing_proof(const struct rfa_ctx *ctx, const struct rfa_image *image,
				 const char *env)
{
	const struct rfa_image_set *last = rfa_ctx_options(ctx)->verified;
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];
	const struct rfa_image *proven = last ? rfa_image_of(&last->images, image->key) : NULL;

	if (!last || !source || strcmp(source->env, env) != 0)
		return rfa_pool_printf(ctx->pool, "it has not been verified on %s", env);
	if (!proven)
		return rfa_pool_printf(ctx->pool,
				       "no version has been verified on %s (verified there: %s)",
				       env, last->version);
	return rfa_pool_printf(ctx->pool, "what was verified on %s is %s (image %.12s)", env,
			       proven->ref, digits(proven->id));
}

/* 1 if it was verified there, and long enough ago; else *why says what is missing. */
static int is_verified(struct rfa_ctx *ctx, const struct rfa_version_list *all,
		       const struct rfa_image *image, const char *env, const char **why)
{
	int64_t soak_h = limits_of(ctx)->soak_h;
	const struct rfa_version *of = NULL;
	const struct rfa_verification *proof = rfa_version_proof(all, image->identity, env, &of);
	int is_last = is_of_last_run(ctx, image, env);
	const char *name = "";
	const char *at = proof ? proof->at : is_last ? rfa_ctx_options(ctx)->verified->at : "";
	int64_t then = 0;

	if (!proof && !is_last) {
		rfa_ctx_desired(ctx, &name);
		*why = missing_proof(ctx, image, env);
		if (is_imported(all, name, env))
			*why =
			    rfa_pool_printf(ctx->pool,
					    "%s; an imported history says so of the name %s, but "
					    "of no image",
					    *why, name);
		return 0;
	}
	if (!soak_h)
		return 1;
	*why = rfa_pool_printf(ctx->pool,
			       "it was verified on %s at %s, which is less than %lld hour(s) ago",
			       env, at, (long long)soak_h);
	return !rfa_time_parse(at, &then) &&
	       ctx->clock->wall_ms(ctx->clock) - then >= soak_h * MS_PER_HOUR;
}

/* Without a list of them, one environment is enough. */
static void judge_verified(struct rfa_gates *c, const struct rfa_version_list *all,
			   const struct rfa_texts *envs, const struct rfa_image *image)
{
	int each = limits_of(c->ctx)->verified_in.n > 0;
	const char *why = "no version has been verified in another environment";
	size_t i, good = 0;

	for (i = 0; i < envs->n; i++) {
		const char *missing;

		if (is_verified(c->ctx, all, image, envs->at[i], &missing))
			good++;
		else
			why = missing;
	}
	if (each ? good == envs->n : good > 0)
		return;
	if (!*image->identity)
		why = "what is built now cannot have been verified anywhere";
	rfa_deny_unless_forced(
	    c, "deploy it there with rfa first, or say that it is good: rfa approve",
	    "%s runs %s (image %.12s), but %s", image->key, image->ref, digits(image->id), why);
}

/*
 * Where a stack asks for it, only what other environments have proven may be deployed: these
 * images, whatever they are called.
 */
int rfa_gate_verified(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_limits *limits = limits_of(c->ctx);
	const struct rfa_image *image;
	struct rfa_version_list all;
	struct rfa_texts envs;
	int rc;

	if (!limits->require_verified && !limits->verified_in.n && !limits->soak_h)
		return 0;
	rc = rfa_ctx_versions(c->ctx, &all, err);
	if (rc)
		return rc;
	envs = environments_of(c->ctx, &all);
	RFA_EACH (image, *rfa_ctx_desired(c->ctx, NULL))
		if (is_brought(c->ctx, image))
			judge_verified(c, &all, &envs, image);
	return 0;
}

/* Signed. */

/* The command that does it; of a version that no run has brought with who tells what it is. */
static const char *how_to_sign(const struct rfa_ctx *ctx, const struct rfa_version_list *all,
			       const struct rfa_image *image, const char *item, const char *name)
{
	const struct rfa_plan_host *source = ctx->sides[RFA_SOURCE];
	const struct rfa_version *version = rfa_version_named(all, name);
	int is_told = source && source->stack && !(version && rfa_version_is_brought(version));

	if (!*image->identity)
		return rfa_pool_printf(ctx->pool,
				       "what is built now cannot have been signed: publish it to "
				       "another environment, and promote it from there to %s",
				       ctx->sides[RFA_TARGET]->env);
	return rfa_pool_printf(ctx->pool, "rfa sign %s %s --env %s --item \"%s\"%s%s",
			       ctx->plan->stack, name, ctx->sides[RFA_TARGET]->env, item,
			       is_told ? " --from " : "", is_told ? source->env : "");
}

static void judge_item(struct rfa_gates *c, const struct rfa_version_list *all, const char *item,
		       const char *version)
{
	const char *env = c->ctx->sides[RFA_TARGET]->env;
	const struct rfa_image *image;

	RFA_EACH (image, *rfa_ctx_desired(c->ctx, NULL)) {
		if (!is_brought(c->ctx, image) ||
		    rfa_version_signature(all, image->identity, env, item))
			continue;
		rfa_deny_unless_forced(c, how_to_sign(c->ctx, all, image, item, version),
				       "nobody has signed \"%s\" for %s on %s", item, version, env);
		return;
	}
}

int rfa_gate_checklist(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_texts *list = &rfa_ctx_stack_of(c->ctx, RFA_TARGET)->checklist;
	struct rfa_version_list all;
	const char *version = "";
	size_t i;
	int rc = list->n ? rfa_ctx_versions(c->ctx, &all, err) : 1;

	if (rc)
		return rc < 0 ? rc : 0;
	rfa_ctx_desired(c->ctx, &version);
	for (i = 0; i < list->n; i++)
		judge_item(c, &all, list->at[i], version);
	return 0;
}

/* Drift. */

/* Somebody has changed something by hand, or with another copy of the ledger. */
int rfa_gate_drift(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_image_set *known = rfa_ctx_options(c->ctx)->proven;
	void (*no)(struct rfa_gates *, const char *, const char *, ...) RFA_PRINTF(3, 4) =
	    limits_of(c->ctx)->refuse_drift ? rfa_deny_unless_forced : rfa_warn;
	const struct rfa_container *one;

	(void)err;
	if (!known)
		return 0;
	RFA_EACH (one, c->ctx->own->containers) {
		const struct rfa_image *image = rfa_image_of(&known->images, one->key);

		if (!image || !one->present || !strcmp(image->identity, one->identity))
			continue;
		no(c, "see what was done there: docker inspect, rfa history",
		   "%s on %s runs %s, and the ledger says %s (%s)", one->container,
		   c->ctx->host->name, one->ref, image->ref, known->run);
	}
	return 0;
}

/* Names. */

/* 0, or REFUSED: the version was once another image under this tag. */
int rfa_version_check(struct rfa_ctx *ctx, const struct rfa_version *version,
		      const struct rfa_image *image, struct rfa_error *err)
{
	const struct rfa_image *then = version ? rfa_version_image(version, image->ref) : NULL;

	if (!then || !strcmp(then->identity, image->identity))
		return 0;
	if (rfa_version_is_brought(version))
		rfa_fail(err, RFA_EREFUSED, "version",
			 "%s is image %.12s now; run %s has brought image %.12s under this name to "
			 "%s",
			 image->ref, digits(image->id), version->run, digits(then->id),
			 version->env);
	else
		rfa_fail(err, RFA_EREFUSED, "version",
			 "%s is image %.12s now; it was image %.12s when run %s (%s) spoke of it",
			 image->ref, digits(image->id), digits(then->id), version->run,
			 version->flow);
	rfa_error_where(err, "%s", ctx->sides[RFA_TARGET] ? ctx->sides[RFA_TARGET]->env : "?");
	return rfa_error_hint(err, "give the new image a version of its own");
}

/*
 * A version that was once deployed as other images was moved since: whoever reads the history
 * would be told wrong.
 */
int rfa_gate_same_version(struct rfa_gates *c, struct rfa_error *err)
{
	const char *name = "";
	const struct rfa_image_list *images = rfa_ctx_desired(c->ctx, &name);
	const struct rfa_version *version;
	const struct rfa_image *image;
	struct rfa_version_list all;
	int rc = rfa_version_says(name) ? rfa_ctx_versions(c->ctx, &all, err) : 1;

	if (rc)
		return rc < 0 ? rc : 0;
	version = rfa_version_named(&all, name);
	RFA_EACH (image, *images)
		if (is_brought(c->ctx, image) && rfa_version_check(c->ctx, version, image, err)) {
			rfa_deny_unless_forced(c, err->hint, "%s", err->msg);
			rfa_error_clear(err);
		}
	return 0;
}
