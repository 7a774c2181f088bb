/*
 * The traffic goes to the stand-ins share by share, and comes back once the containers behind them
 * have been replaced. Each goes on from what the router says, so it may be repeated.
 */
#include "fsm/steps/steps.h"
#include "fsm/steps/traffic/traffic.h"

/* A rollback that is asked for at once goes in one share. */
static int64_t share_of(const struct rfa_ctx *ctx, size_t n)
{
	if (rfa_ctx_options(ctx)->at_once)
		return n ? 0 : 100;
	return rfa_traffic_share(rfa_traffic_of(ctx), n);
}

/* 1 if a share has proven itself, in whichever attempt. */
static int is_proven(const struct rfa_ctx *ctx, int64_t share)
{
	const struct rfa_soak *soak = ctx->made.soak;

	return soak && (soak->share > share || (soak->share == share && soak->over));
}

int rfa_shift_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int64_t share = 0;
	size_t n;
	int rc = rfa_stands_or_skip(ctx, 1, &stands, facts, err);

	if (rc <= 0)
		return rc;
	rc = 0;
	for (n = 0; !rc && share_of(ctx, n); n++) {
		share = share_of(ctx, n);
		if (is_proven(ctx, share) && share_of(ctx, n + 1))
			continue;
		rc = rfa_traffic_set(ctx, &stands, share, err);
		if (!rc)
			rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%lld %% of the requests go to %s-green",
				    (long long)share, rfa_stands_names(ctx, &stands));
		if (!rc && !is_proven(ctx, share))
			rc = rfa_soak(ctx, &stands, share, err);
	}
	return rc ? rc
		  : rfa_ctx_says(facts,
				 rfa_pool_printf(ctx->pool,
						 "all requests of %s go to the new version",
						 rfa_stands_names(ctx, &stands)),
				 err);
}

/* *seen: all of them have that share, live and kept; else it goes on from what is there. */
static int probe(struct rfa_ctx *ctx, int64_t share, enum rfa_probe *seen, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int rc = rfa_stands_routed(ctx, &stands, err);

	if (!rc)
		rc = rfa_traffic_is(ctx, &stands, share, err);
	*seen = rc == 1 ? RFA_PROBE_DONE : RFA_PROBE_NOT_DONE;
	return rc < 0 ? rc : 0;
}

int rfa_shift_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts, struct rfa_error *err)
{
	(void)facts;
	/* The last share alone proves nothing: its soak has to be over. */
	if (!is_proven(ctx, 100)) {
		*seen = RFA_PROBE_NOT_DONE;
		return 0;
	}
	return probe(ctx, 100, seen, err);
}

static int back_to(struct rfa_ctx *ctx, int64_t share, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int rc = rfa_stands_routed(ctx, &stands, err);

	return rc ? rc : rfa_traffic_set(ctx, &stands, share, err);
}

int rfa_shift_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	return back_to(ctx, 0, err);
}

int rfa_return_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int rc = rfa_stands_or_skip(ctx, 1, &stands, facts, err);

	if (rc <= 0)
		return rc;
	rc = rfa_traffic_set(ctx, &stands, 0, err);
	return rc ? rc
		  : rfa_ctx_says(facts,
				 rfa_pool_printf(ctx->pool, "all requests go to %s again",
						 rfa_stands_names(ctx, &stands)),
				 err);
}

int rfa_return_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	(void)facts;
	return probe(ctx, 0, seen, err);
}

/*
 * A stand-in takes the traffic again; one that has died meanwhile is started again. *serves: it
 * does. Where it cannot, the traffic stays where it is, and that is told: the way back does not end
 * here.
 */
static int take_again(struct rfa_ctx *ctx, const struct rfa_stand *stand, int *serves,
		      struct rfa_error *err)
{
	const struct rfa_stand_list only = { stand, 1 };
	int rc = rfa_stand_start(ctx, stand, err);
	int hopeless = rc && rc != -RFA_ECANCELLED && err->severity == RFA_FATAL;

	if (!rc) {
		rc = rfa_traffic_set(ctx, &only, 100, err);
		hopeless = rc == -RFA_EUNHEALTHY;
	}
	*serves = !rc;
	if (!hopeless)
		return rc;
	rfa_ctx_say(ctx, RFA_EVENT_WARNING,
		    "%s cannot serve (%s): requests of %s are not answered while its container is "
		    "put back",
		    stand->green, rfa_pool_text(ctx->pool, err->msg), stand->of->service);
	rfa_error_clear(err);
	return 0;
}

/* The container that is about to be put back keeps the time for what it has begun. */
int rfa_return_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_stand_list stands, moved = { NULL, 0 };
	const struct rfa_stand *stand;
	int rc = rfa_stands_routed(ctx, &stands, err);

	RFA_EACH (stand, stands) {
		int serves = 0;

		if (!rc)
			rc = take_again(ctx, stand, &serves, err);
		if (serves)
			*(struct rfa_stand *)rfa_pool_add(ctx->pool, &moved, sizeof(*stand)) =
			    *stand;
	}
	if (!rc)
		rc = rfa_pool_check(ctx->pool, err);
	return rc ? rc : rfa_traffic_drain(ctx, &moved, RFA_BLUE, NULL, err);
}

/* Draining. */

static int drain(struct rfa_ctx *ctx, enum rfa_side_of side, json_t *facts, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int64_t left = 0;
	const char *summary;
	int rc = rfa_stands_or_skip(ctx, 1, &stands, facts, err);

	if (rc <= 0)
		return rc;
	rc = rfa_traffic_drain(ctx, &stands, side, &left, err);
	if (rc)
		return rc;
	if (!left)
		summary = "no request is left";
	else if (left < 0)
		summary = "it has had its time; this router does not tell what is left";
	else
		summary =
		    rfa_pool_printf(ctx->pool, "its time is over: %lld request(s) will be cut off",
				    (long long)left);
	return rfa_ctx_says(facts, summary, err);
}

int rfa_drain_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return drain(ctx, RFA_BLUE, facts, err);
}

int rfa_drain_beside_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	return drain(ctx, RFA_GREEN, facts, err);
}
