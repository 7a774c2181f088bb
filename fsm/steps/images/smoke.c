/* A smoke test: the stack's checks, of what runs there now. Nothing is changed, nothing locked. */
#include <string.h>

#include "fsm/steps/common/checker.h"
#include "fsm/steps/common/evidence.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/steps.h"

/* A service that hiccups is not broken. */
enum { TRIES = 3 };

/* *wrong: how many still are. All are asked, whatever the others say. */
static int try_round(struct rfa_ctx *ctx, struct rfa_tallies *tallies, size_t *wrong,
		     struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	*wrong = 0;
	for (i = 0; i < tallies->n && !rc; i++) {
		struct rfa_tally *tally = &tallies->at[i];

		if (tally->tries && tally->look.ok)
			continue;
		rc = rfa_tally_try(ctx, tally, err);
		*wrong += !tally->look.ok;
	}
	return rc;
}

static int try_all(struct rfa_ctx *ctx, struct rfa_tallies *tallies, size_t *wrong,
		   struct rfa_error *err)
{
	int64_t pause = rfa_ctx_stack_here(ctx)->health_interval_s * 1000;
	int i;
	int rc = try_round(ctx, tallies, wrong, err);

	for (i = 1; i < TRIES && !rc && *wrong; i++) {
		rc = rfa_ctx_rest(ctx, pause, err);
		if (!rc)
			rc = try_round(ctx, tallies, wrong, err);
	}
	return rc;
}

/* The names of those that are wrong; each is told, with what it answered. */
static const char *tell_wrong(struct rfa_ctx *ctx, const struct rfa_tallies *tallies, json_t *facts)
{
	struct rfa_buf names = RFA_BUF_INIT(300);
	const char *text;
	size_t i;

	for (i = 0; i < tallies->n; i++) {
		const struct rfa_tally *tally = &tallies->at[i];

		if (tally->look.ok)
			continue;
		rfa_check_say(ctx, tally, facts);
		(void)rfa_buf_printf(&names, "%s%.80s", names.len ? ", " : "", tally->check->name);
	}
	text = rfa_pool_text(ctx->pool, rfa_buf_str(&names));
	rfa_buf_release(&names);
	return text;
}

static int fail(struct rfa_ctx *ctx, const struct rfa_tallies *tallies, size_t wrong, json_t *facts,
		struct rfa_error *err)
{
	const char *names = tell_wrong(ctx, tallies, facts);

	rfa_fail(err, RFA_EUNHEALTHY, "smoke", "%zu of %zu check(s) are wrong: %s", wrong,
		 tallies->n, names);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err,
			      "what each answered: rfa show %s; what a container said: docker "
			      "logs NAME, on %s",
			      ctx->run, ctx->host->name);
}

/* Nobody was kept away meanwhile: what is marked has to be what was looked at first. */
static int is_still_there(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_image_set *first = ctx->own->images;
	struct rfa_observed_list seen;
	struct rfa_proven now;
	size_t i;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &now);
	rc = rfa_observe_images(ctx->host, rfa_ctx_stack_here(ctx), NULL, ctx->pool, &now, &seen,
				err);
	if (rc)
		return rc;
	for (i = 0; i < first->images.n && i < now.images->images.n; i++)
		if (strcmp(first->images.at[i].key, now.images->images.at[i].key) != 0 ||
		    strcmp(first->images.at[i].identity, now.images->images.at[i].identity) != 0)
			break;
	if (i == first->images.n && i == now.images->images.n)
		return 0;
	rfa_fail(err, RFA_EREFUSED, "smoke", "another version was brought while it was checked");
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "wait until that run has ended, then the same command again");
}

/* A container that is down proves nothing of its image, whatever the others answer. */
static int all_run(struct rfa_ctx *ctx, struct rfa_error *err)
{
	const struct rfa_container *one;

	RFA_EACH (one, ctx->own->containers) {
		int well = one->present &&
			   (one->ended || (one->running && !one->restarting && !one->paused)) &&
			   (!*one->health || !strcmp(one->health, "healthy"));

		if (well)
			continue;
		rfa_fail(err, RFA_EREFUSED, "smoke",
			 "%s %s: what it would run is not proven, and nothing is marked",
			 *one->container ? one->container : one->key,
			 !one->present  ? "is not there"
			 : one->running ? "is not healthy"
					: "does not run");
		rfa_error_where(err, "%s", ctx->host->name);
		return rfa_error_hint(err,
				      "start it, and look at docker logs; or leave --mark out");
	}
	return 0;
}

static int may_mark(struct rfa_ctx *ctx, struct rfa_error *err)
{
	int rc;

	if (!rfa_ctx_options(ctx)->mark)
		return 0;
	rc = all_run(ctx, err);
	if (rc || (ctx->own->images && ctx->own->images->images.n))
		return rc ? rc : is_still_there(ctx, err);
	rfa_fail(err, RFA_EREFUSED, "smoke",
		 "nothing of the stack runs there: there is no version "
		 "to mark");
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "bring a version first, or leave --mark out");
}

static int conclude(struct rfa_ctx *ctx, const struct rfa_tallies *tallies, size_t wrong,
		    json_t *facts, struct rfa_error *err)
{
	struct rfa_proven proven;
	const char *summary;
	int rc;

	rfa_record_clear(&rfa_shape_proven, &proven);
	rfa_tallies_tell(ctx, tallies, &proven.checks);
	summary = wrong ? NULL : rfa_pool_printf(ctx->pool, "%zu check(s) passed", tallies->n);
	rc = rfa_ctx_prove(ctx, &proven, summary, facts, err);
	if (rc)
		return rc;
	return wrong ? fail(ctx, tallies, wrong, facts, err) : may_mark(ctx, err);
}

int rfa_smoke_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_tallies tallies;
	size_t wrong = 0;
	int rc = rfa_tallies_begin(ctx, &tallies, err);

	if (!rc)
		rc = try_all(ctx, &tallies, &wrong, err);
	if (!rc)
		rc = conclude(ctx, &tallies, wrong, facts, err);
	rfa_tallies_release(&tallies);
	return rc;
}
