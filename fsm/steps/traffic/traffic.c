/* Which services have a stand-in in this run, and how their router is looked at and set. */
#include "fsm/steps/traffic/traffic.h"

#include <string.h>

#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/common/repository.h"
#include "fsm/steps/config/files.h"
#include "fsm/steps/images/image_set.h"

/*
 * A router is asked so often; so many looks in a row have to find a side up; and one that does not
 * answer, for it is just being started again, is asked for so long.
 */
enum { LOOK_MS = 1000, LOOKS = 3, PATIENCE_MS = 30000 };

const struct rfa_traffic *rfa_traffic_of(const struct rfa_ctx *ctx)
{
	return rfa_ctx_stack_of(ctx, RFA_TARGET)->traffic;
}

int rfa_traffic_rests(const struct rfa_ctx *ctx)
{
	const struct rfa_migrate *migrate = rfa_ctx_stack_of(ctx, RFA_TARGET)->migrate;

	return migrate && rfa_migrate_breaks(migrate);
}

/* It stays what it is: the same image, under the same name, and no other files. */
static int stays(const struct rfa_ctx *ctx, const struct rfa_container *before,
		 const struct rfa_image *image)
{
	int files =
	    !strcmp(before->kind, "compose") && (rfa_files_with_images(ctx) || rfa_release_of(ctx));

	return !files && !strcmp(before->identity, image->identity) &&
	       !strcmp(before->ref, image->ref);
}

static void add(struct rfa_ctx *ctx, const struct rfa_switched *of,
		const struct rfa_container *before, struct rfa_stand_list *out)
{
	const struct rfa_stack_compose *compose = rfa_ctx_stack_here(ctx)->compose;
	struct rfa_stand *stand = rfa_pool_add(ctx->pool, out, sizeof(*stand));
	const char *project = !strcmp(before->kind, "compose") ? compose->project : "";

	stand->of = of;
	stand->before = before;
	stand->alias = rfa_pool_printf(ctx->pool, "%s-green", of->service);
	stand->green =
	    rfa_pool_printf(ctx->pool, "%s%s%s", project, *project ? "-" : "", stand->alias);
}

static int find(struct rfa_ctx *ctx, int routed, struct rfa_stand_list *out, struct rfa_error *err)
{
	const struct rfa_traffic *traffic = rfa_traffic_of(ctx);
	const struct rfa_switched *of;

	*out = (struct rfa_stand_list){ NULL, 0 };
	if (!traffic || rfa_traffic_rests(ctx))
		return 0;
	RFA_EACH (of, traffic->services) {
		const struct rfa_container *before = rfa_before_of(ctx, of->service);
		const struct rfa_image *image = rfa_desired_of(ctx, of->service);
		int is_routed = !strcmp(of->how, "blue-green");

		if ((is_routed || (!routed && !strcmp(of->how, "start-first"))) && before &&
		    before->running && image && !stays(ctx, before, image))
			add(ctx, of, before, out);
	}
	return rfa_pool_check(ctx->pool, err);
}

int rfa_stands(struct rfa_ctx *ctx, struct rfa_stand_list *out, struct rfa_error *err)
{
	return find(ctx, 0, out, err);
}

int rfa_stands_routed(struct rfa_ctx *ctx, struct rfa_stand_list *out, struct rfa_error *err)
{
	return find(ctx, 1, out, err);
}

int rfa_stands_or_skip(struct rfa_ctx *ctx, int routed, struct rfa_stand_list *out, json_t *facts,
		       struct rfa_error *err)
{
	int rc = find(ctx, routed, out, err);

	if (rc || out->n)
		return rc ? rc : 1;
	return rfa_ctx_skip(facts, "no service of this run moves its traffic", err);
}

const char *rfa_stands_names(struct rfa_ctx *ctx, const struct rfa_stand_list *stands)
{
	const struct rfa_stand *stand;
	const char *names = "";

	RFA_EACH (stand, *stands)
		names = rfa_pool_printf(ctx->pool, "%s%s%s", names, *names ? ", " : "",
					stand->of->service);
	return names;
}

/* Looking. */

static struct rfa_router_at router_of(const struct rfa_ctx *ctx)
{
	const struct rfa_router_spec *spec = rfa_traffic_of(ctx)->router;
	static const struct rfa_router_spec none = { "", "", "", "", 0 };

	spec = spec ? spec : &none;
	return (struct rfa_router_at){ *spec->driver ? spec->driver : "haproxy", spec->container,
				       spec->directory, *spec->inside ? spec->inside : "/etc/rfa",
				       spec->control };
}

static struct rfa_routed routed_of(const struct rfa_stand *stand)
{
	return (struct rfa_routed){ stand->of->service, stand->of->port };
}

int rfa_traffic_ask(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_router_seen *out,
		    struct rfa_error *err)
{
	struct rfa_router_at at = router_of(ctx);
	struct rfa_routed of = routed_of(stand);

	return ctx->host->router->look(ctx->host, &at, &of, out, err);
}

int rfa_traffic_look(struct rfa_ctx *ctx, const struct rfa_stand *stand,
		     struct rfa_router_seen *out, struct rfa_error *err)
{
	int64_t deadline = ctx->clock->mono_ms(ctx->clock) + PATIENCE_MS;

	for (;;) {
		int rc = rfa_traffic_ask(ctx, stand, out, err);

		if (rc != -RFA_EREMOTE || err->severity != RFA_FATAL ||
		    ctx->clock->mono_ms(ctx->clock) >= deadline)
			return rc;
		rc = rfa_ctx_rest(ctx, LOOK_MS, err);
		if (rc)
			return rc;
	}
}

int rfa_traffic_is(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
		   struct rfa_error *err)
{
	const struct rfa_stand *stand;
	struct rfa_router_seen seen;

	RFA_EACH (stand, *stands) {
		int rc = rfa_traffic_look(ctx, stand, &seen, err);

		if (rc)
			return rc;
		if (seen.live != share || seen.kept != share)
			return 0;
	}
	return 1;
}

/* Moving. */

/* 1 if the router knows the side where its container is now: an old address may look up. */
static int is_there(const struct rfa_router_side *side, const json_t *container)
{
	size_t n = strcspn(side->address, ":");
	const char *name;
	json_t *network;

	if (!*side->address)
		return 1;
	json_object_foreach (rfa_container_networks(container), name, network) {
		const char *ip = rfa_facts_str(network, "IPAddress", "");

		if (strlen(ip) == n && !strncmp(ip, side->address, n))
			return 1;
	}
	return 0;
}

int rfa_stand_container(struct rfa_ctx *ctx, const struct rfa_stand *stand, enum rfa_side_of side,
			json_t **out, struct rfa_error *err)
{
	struct rfa_observed_list seen;
	const struct rfa_observed *one;
	int rc;

	*out = NULL;
	if (side == RFA_GREEN)
		return rfa_inspect_or_null(ctx->host, RFA_CONTAINER, stand->green, out, err);
	rc = rfa_observe(ctx->host, rfa_ctx_stack_here(ctx), ctx->pool, &seen, err);
	if (!rc)
		RFA_EACH (one, seen)
			if (!strcmp(one->key, stand->of->service) && one->inspect && !*out)
				*out = json_incref(one->inspect);
	return rc;
}

static int not_up(struct rfa_ctx *ctx, const struct rfa_stand *stand, enum rfa_side_of side,
		  struct rfa_error *err)
{
	const char *name = side == RFA_GREEN ? stand->alias : stand->of->service;

	rfa_fail(err, RFA_EUNHEALTHY, "router",
		 "the router does not find %.100s up: no request was sent to it", name);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(
	    err, "look at that container's log, and at the router's check of %.100s", name);
}

/* Three looks in a row find it up, where it is. */
static int until_up(struct rfa_ctx *ctx, const struct rfa_stand *stand, enum rfa_side_of side,
		    struct rfa_error *err)
{
	int64_t deadline =
	    ctx->clock->mono_ms(ctx->clock) + rfa_ctx_stack_here(ctx)->health_deadline_s * 1000;
	int up = 0;

	for (;;) {
		struct rfa_router_seen seen;
		json_t *container = NULL;
		int rc = rfa_traffic_look(ctx, stand, &seen, err);
		const struct rfa_router_side *is = side == RFA_GREEN ? &seen.green : &seen.blue;

		if (!rc)
			rc = rfa_stand_container(ctx, stand, side, &container, err);
		if (!rc)
			up = is->up && rfa_container_running(container) && is_there(is, container)
				 ? up + 1
				 : 0;
		json_decref(container);
		if (rc || up == LOOKS)
			return rc;
		if (!up && ctx->clock->mono_ms(ctx->clock) >= deadline)
			return not_up(ctx, stand, side, err);
		rc = rfa_ctx_rest(ctx, LOOK_MS, err);
		if (rc)
			return rc;
	}
}

static int not_kept(struct rfa_ctx *ctx, const struct rfa_stand *stand,
		    const struct rfa_router_seen *seen, int64_t share, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREMOTE, "router",
		 "the router of %.100s was set to %lld %%: %lld %% are live, and it would come up "
		 "with %lld %%",
		 stand->of->service, (long long)share, (long long)seen->live,
		 (long long)seen->kept);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "somebody else may have set it; see its file of shares");
}

static int set_one(struct rfa_ctx *ctx, const struct rfa_stand *stand, int64_t share,
		   struct rfa_error *err)
{
	struct rfa_router_at at = router_of(ctx);
	struct rfa_routed of = routed_of(stand);
	struct rfa_router_seen seen;
	struct rfa_ctx_key key;
	char op[32];
	int rc = rfa_traffic_look(ctx, stand, &seen, err);

	if (rc || (seen.live == share && seen.kept == share))
		return rc;
	if (seen.live != share)
		rc = until_up(ctx, stand, share > seen.live ? RFA_GREEN : RFA_BLUE, err);
	snprintf(op, sizeof(op), "share-%d", (int)share);
	if (!rc)
		rc = ctx->host->router->set(ctx->host, rfa_ctx_key(ctx, &key, op, of.service), &at,
					    &of, share, err);
	if (!rc)
		rc = rfa_traffic_look(ctx, stand, &seen, err);
	if (!rc && (seen.live != share || seen.kept != share))
		rc = not_kept(ctx, stand, &seen, share, err);
	return rc;
}

int rfa_traffic_set(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, int64_t share,
		    struct rfa_error *err)
{
	const struct rfa_stand *stand;
	int rc = 0;

	RFA_EACH (stand, *stands)
		if (!rc)
			rc = set_one(ctx, stand, share, err);
	return rc;
}

/* Draining. */

/* How many requests that side still has, of all; -1: somebody cannot tell. */
static int in_flight(struct rfa_ctx *ctx, const struct rfa_stand_list *stands,
		     enum rfa_side_of side, int64_t *out, struct rfa_error *err)
{
	const struct rfa_stand *stand;
	struct rfa_router_seen seen;

	*out = 0;
	RFA_EACH (stand, *stands) {
		int rc = rfa_traffic_look(ctx, stand, &seen, err);
		int64_t one = side == RFA_GREEN ? seen.green.in_flight : seen.blue.in_flight;

		if (rc)
			return rc;
		*out = *out < 0 || one < 0 ? -1 : *out + one;
	}
	return 0;
}

int rfa_traffic_drain(struct rfa_ctx *ctx, const struct rfa_stand_list *stands,
		      enum rfa_side_of side, int64_t *left, struct rfa_error *err)
{
	int64_t deadline = ctx->clock->mono_ms(ctx->clock) + rfa_traffic_of(ctx)->drain_s * 1000;
	int64_t n = 0;
	int rc;

	for (;;) {
		rc = stands->n ? in_flight(ctx, stands, side, &n, err) : 0;
		if (rc || !n || ctx->clock->mono_ms(ctx->clock) >= deadline)
			break;
		rc = rfa_ctx_rest(ctx, LOOK_MS, err);
		if (rc)
			break;
	}
	if (left)
		*left = n;
	return rc;
}
