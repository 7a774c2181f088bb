/*
 * The soak of a share. What the router had counted at its beginning is on record before any of it
 * counts: a run that is taken up again waits for the rest only, and all of it counts. A router that
 * was started again counts from nothing: then the soak begins again.
 */
#include <string.h>

#include "fsm/steps/traffic/traffic.h"

/* Of fewer answers no share of errors is told; so often a soak is prolonged. */
enum { LEAST = 10, AGAIN_MAX = 10, LOOK_MS = 2000 };

static const struct rfa_counted *counted_of(const struct rfa_soak *soak, const char *service)
{
	const struct rfa_counted *one;

	RFA_EACH (one, soak->counted)
		if (!strcmp(one->service, service))
			return one;
	return NULL;
}

static void count(struct rfa_ctx *ctx, const struct rfa_stand *stand,
		  const struct rfa_router_seen *seen, struct rfa_counted *out)
{
	out->service = stand->of->service;
	out->since = rfa_pool_text(ctx->pool, seen->since);
	out->blue_requests = seen->blue.requests;
	out->blue_errors = seen->blue.errors;
	out->green_requests = seen->green.requests;
	out->green_errors = seen->green.errors;
}

static int put(struct rfa_ctx *ctx, const struct rfa_soak *soak, const char *summary,
	       struct rfa_error *err)
{
	struct rfa_made made = ctx->made;

	made.soak = soak;
	return rfa_ctx_made(ctx, &made, summary, err);
}

static int begin(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
		 struct rfa_error *err)
{
	struct rfa_soak *soak = RFA_NEW(ctx->pool, soak);
	const struct rfa_stand *stand;
	struct rfa_router_seen seen;

	soak->share = share;
	soak->paused = ctx->made.soak && ctx->made.soak->paused;
	soak->begun_ms = ctx->clock->wall_ms(ctx->clock);
	RFA_EACH (stand, *stands) {
		int rc = rfa_traffic_look(ctx, stand, &seen, err);

		if (rc)
			return rc;
		count(ctx, stand, &seen, RFA_ADD(ctx->pool, counted, &soak->counted));
	}
	return put(ctx, soak,
		   rfa_pool_printf(ctx->pool, "the soak of %lld %% begins", (long long)share), err);
}

/* What happened since the beginning, of all services; green's of one that counts. */
struct verdict {
	int began_anew;   /* a router was started again */
	int moved;        /* somebody has set another share */
	const char *bad;  /* a definite no, in words */
	int64_t requests; /* the fewest that any stand-in got; -1: not told */
};

static void judge(struct rfa_ctx *ctx, const struct rfa_counted *then,
		  const struct rfa_counted *now, struct verdict *v)
{
	int64_t limit = rfa_traffic_of(ctx)->error_limit;
	int64_t green = now->green_requests - then->green_requests;
	int64_t errors = now->green_errors - then->green_errors;
	int64_t blue = now->blue_requests - then->blue_requests;
	int64_t usual = now->blue_errors - then->blue_errors;

	if (strcmp(now->since, then->since) != 0 || green < 0 || errors < 0 || blue < 0 ||
	    usual < 0) {
		v->began_anew = 1;
		return;
	}
	if (now->green_requests < 0)
		green = -1;
	if (v->requests == INT64_MAX || green < v->requests)
		v->requests = green;
	if (green >= LEAST && errors * 100 > limit * green &&
	    (!blue || errors * blue > 2 * usual * green))
		v->bad = rfa_pool_printf(
		    ctx->pool,
		    "%lld of %lld answers of the new %.80s were errors (the old one: %lld of %lld)",
		    (long long)errors, (long long)green, now->service, (long long)usual,
		    (long long)blue);
}

static int look(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, struct verdict *v,
		struct rfa_error *err)
{
	const struct rfa_soak *soak = ctx->made.soak;
	const struct rfa_stand *stand;
	struct rfa_router_seen seen;

	*v = (struct verdict){ .requests = INT64_MAX };
	RFA_EACH (stand, *stands) {
		const struct rfa_counted *then = counted_of(soak, stand->of->service);
		struct rfa_counted now;
		int rc = rfa_traffic_look(ctx, stand, &seen, err);

		if (rc)
			return rc;
		v->moved |= seen.live != soak->share;
		rfa_record_clear(&rfa_shape_counted, &now);
		count(ctx, stand, &seen, &now);
		if (then)
			judge(ctx, then, &now, v);
	}
	return rfa_pool_check(ctx->pool, err);
}

static int no(struct rfa_ctx *ctx, const char *what, struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNHEALTHY, "router", "at %lld %%: %s", (long long)ctx->made.soak->share,
		 what);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err,
			      "the old version gets all requests again; look at the log of the "
			      "new one: rfa show %s",
			      ctx->run);
}

/* Another share is live than this run has set: the row looks again what is to be done. */
static int was_moved(struct rfa_ctx *ctx, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "router",
		 "somebody has set another share than %lld %% meanwhile",
		 (long long)ctx->made.soak->share);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_as(err, RFA_UNKNOWN);
}

/* Its time is over. */

static int prolong(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_soak *soak = RFA_NEW(ctx->pool, soak);

	*soak = *ctx->made.soak;
	soak->again++;
	return put(ctx, soak, "too few requests came: the soak goes on", err);
}

/* *on: it goes on for another time. */
static int decide(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, const struct verdict *v,
		  int *on, struct rfa_error *err)
{
	const struct rfa_traffic *traffic = rfa_traffic_of(ctx);
	const char *what;

	*on = 0;
	if (v->requests >= traffic->min_requests)
		return 0;
	what = v->requests < 0
		   ? "inconclusive: this router does not tell how requests were answered"
		   : rfa_pool_printf(ctx->pool, "inconclusive: %lld request(s), of %lld that tell",
				     (long long)v->requests, (long long)traffic->min_requests);
	rfa_ctx_say(ctx, RFA_EVENT_WARNING, "the soak of %lld %% is %s",
		    (long long)ctx->made.soak->share, what);
	if (!strcmp(traffic->inconclusive, "back"))
		return no(ctx, what, err);
	if (strcmp(traffic->inconclusive, "wait") != 0)
		return rfa_stands_well(ctx, stands, err);
	if (ctx->made.soak->again >= AGAIN_MAX)
		return no(ctx, what, err);
	*on = 1;
	return prolong(ctx, err);
}

static int end(struct rfa_ctx *ctx, const struct verdict *v, struct rfa_error *err)
{
	struct rfa_soak *soak = RFA_NEW(ctx->pool, soak);
	int64_t pause_at = rfa_ctx_options(ctx)->pause_at;
	int pauses;
	int rc;

	*soak = *ctx->made.soak;
	pauses = pause_at && soak->share >= pause_at && !soak->paused;
	soak->over = 1;
	soak->paused = soak->paused || pauses;
	rc =
	    put(ctx, soak,
		v->requests < 0 || v->requests == INT64_MAX
		    ? rfa_pool_printf(ctx->pool, "%lld %% has had its time", (long long)soak->share)
		    : rfa_pool_printf(ctx->pool, "%lld %% is good: %lld request(s)",
				      (long long)soak->share, (long long)v->requests),
		err);
	if (rc || !pauses)
		return rc;
	return rfa_fail(err, RFA_ECANCELLED, "router",
			"paused at %lld %%, as it was asked for: the share stays",
			(long long)soak->share);
}

/* How much of its time is left. A clock that was set back has told nothing: all of it. */
static int64_t left_ms(const struct rfa_ctx *ctx)
{
	const struct rfa_soak *soak = ctx->made.soak;
	int64_t soak_s = rfa_ctx_options(ctx)->at_once ? 0 : rfa_traffic_of(ctx)->soak_s;
	int64_t passed = ctx->clock->wall_ms(ctx->clock) - soak->begun_ms;
	int64_t all = soak_s * 1000 * (1 + soak->again);

	return passed < 0 ? all : all - passed;
}

/* One look; *over: nothing more is to be waited for. */
static int turn(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int *over,
		struct rfa_error *err)
{
	int64_t left = left_ms(ctx);
	struct verdict v;
	int on = 0;
	int rc = look(ctx, stands, &v, err);

	if (rc)
		return rc;
	if (v.moved)
		return was_moved(ctx, err);
	if (v.began_anew) {
		rfa_ctx_say(ctx, RFA_EVENT_NOTE,
			    "the router was started again: the soak begins again");
		return begin(ctx, stands, ctx->made.soak->share, err);
	}
	if (v.bad)
		return no(ctx, v.bad, err);
	if (left > 0)
		return rfa_ctx_rest(ctx, left < LOOK_MS ? left : LOOK_MS, err);
	rc = rfa_ctx_options(ctx)->at_once ? 0 : decide(ctx, stands, &v, &on, err);
	*over = !rc && !on;
	return *over ? end(ctx, &v, err) : rc;
}

int rfa_soak(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
	     struct rfa_error *err)
{
	const struct rfa_soak *soak = ctx->made.soak;
	int over = 0;
	int rc = soak && soak->share == share ? 0 : begin(ctx, stands, share, err);

	while (!rc && !over)
		rc = turn(ctx, stands, &over, err);
	return rc;
}
