/*
 * Stand-ins: a container of the new version beside each one that serves, made as that one is. It
 * has no published port, and none of Compose's labels: Compose leaves it alone.
 */
#include <string.h>

#include "fsm/steps/common/evidence.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/images/spec.h"
#include "fsm/steps/steps.h"
#include "fsm/steps/traffic/traffic.h"

/* Whose stand-in a container is: the run that made it. */
#define LABEL "rfa.stand-in"

static int is_ours(const struct rfa_ctx *ctx, const json_t *container)
{
	return !strcmp(rfa_container_label(container, LABEL), ctx->run);
}

static int somebodys(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_error *err)
{
	rfa_fail(err, RFA_EREFUSED, "docker",
		 "there is a container %.150s that this run has not made: it is not touched",
		 stand->green);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "if nobody needs it: docker rm -f %.150s", stand->green);
}

/* What a stand-in is made of. */

/* Its names: of a router's green side only its own, so that blue's stay blue's. */
static int name_endpoint(const struct rfa_stand *stand, json_t *endpoint, struct rfa_error *err)
{
	json_t *aliases = json_object_get(endpoint, "Aliases");

	json_object_del(endpoint, "IPAMConfig");
	json_object_del(endpoint, "MacAddress");
	if (!strcmp(stand->of->how, "blue-green") || !json_is_array(aliases))
		aliases = json_array();
	else
		json_incref(aliases);
	if (json_array_append_new(aliases, json_string(stand->alias)) ||
	    (!strcmp(stand->of->how, "start-first") &&
	     json_array_append_new(aliases, json_string(stand->before->container)))) {
		json_decref(aliases);
		return rfa_fail_nomem(err);
	}
	return rfa_facts_set(endpoint, "Aliases", aliases, err);
}

static int name_all(const struct rfa_stand *stand, json_t *networks, struct rfa_error *err)
{
	const char *name;
	json_t *endpoint;
	int rc = 0;

	json_object_foreach (networks, name, endpoint) {
		if (!rc && json_is_object(endpoint))
			rc = name_endpoint(stand, endpoint, err);
	}
	return rc;
}

static int is_compose_label(const char *name)
{
	return !strncmp(name, "com.docker.compose.", 19);
}

static void drop_compose_labels(json_t *labels)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe (labels, next, name, value) {
		if (is_compose_label(name))
			json_object_del(labels, name);
	}
}

/* An image that Compose has built hands its labels on: they are made empty. */
static int hide_compose_labels(struct rfa_ctx *ctx, const json_t *body, json_t *labels,
			       struct rfa_error *err)
{
	json_t *image = NULL;
	const char *name;
	json_t *value;
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, rfa_facts_str(body, "Image", ""), &image,
				     err);

	json_object_foreach (rfa_facts_at(image, "Config/Labels"), name, value) {
		if (!rc && is_compose_label(name))
			rc = rfa_facts_set(labels, name, json_string(""), err);
	}
	json_decref(image);
	return rc;
}

/* The body of a successor becomes that of a stand-in. */
static int make_stand(struct rfa_ctx *ctx, const struct rfa_stand *stand, json_t *body,
		      struct rfa_error *err)
{
	json_t *host_config = json_object_get(body, "HostConfig");
	json_t *labels = json_object_get(body, "Labels");
	int rc = 0;

	json_object_del(host_config, "PortBindings");
	json_object_del(host_config, "PublishAllPorts");
	json_object_del(body, "MacAddress");
	if (!json_is_object(labels)) {
		rc = rfa_facts_set(body, "Labels", json_object(), err);
		labels = json_object_get(body, "Labels");
	}
	drop_compose_labels(labels);
	if (!rc)
		rc = hide_compose_labels(ctx, body, labels, err);
	if (!rc)
		rc = rfa_facts_set(labels, LABEL, json_string(ctx->run), err);
	if (!rc)
		rc = name_all(stand, rfa_facts_at(body, "NetworkingConfig/EndpointsConfig"), err);
	return rc ? rc : name_all(stand, json_object_get(body, "x-rfa-networks"), err);
}

static int nothing_like_it(struct rfa_ctx *ctx, const struct rfa_stand *stand,
			   struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "docker",
		 "there is no container %.150s any more, as which %.150s would be made",
		 stand->before->container, stand->green);
	return rfa_error_where(err, "%s", ctx->host->name);
}

static int body_of(struct rfa_ctx *ctx, const struct rfa_stand *stand, json_t **out,
		   struct rfa_error *err)
{
	const char *ref = rfa_desired_of(ctx, stand->of->service)->ref;
	json_t *serves = NULL, *body = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, stand->before->container_id, &serves,
				     err);

	/* On the way back it may have been replaced. */
	if (!rc && !serves)
		rc = rfa_stand_container(ctx, stand, RFA_BLUE, &serves, err);
	if (!rc && !serves)
		rc = nothing_like_it(ctx, stand, err);
	/* A rollback point describes no container that Compose makes. */
	if (!rc)
		rc = !strcmp(stand->before->kind, "compose")
			 ? rfa_spec_like(ctx, serves, ref, &body, err)
			 : rfa_spec_successor(ctx, stand->before->container, serves, ref, &body,
					      err);
	if (!rc)
		rc = make_stand(ctx, stand, body, err);
	json_decref(serves);
	if (rc)
		json_decref(body);
	else
		*out = body;
	return rc;
}

/* The trio. */

static int make(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *body = NULL;
	int rc = body_of(ctx, stand, &body, err);

	if (!rc)
		rc = ctx->host->engine->container_create(
		    ctx->host, rfa_ctx_key(ctx, &key, "create", stand->green), stand->green, body,
		    err);
	json_decref(body);
	return rc;
}

int rfa_stand_start(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_error *err)
{
	struct rfa_ctx_key key;
	json_t *now = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, stand->green, &now, err);

	if (!rc && now && !is_ours(ctx, now))
		rc = somebodys(ctx, stand, err);
	if (!rc && !now)
		rc = make(ctx, stand, err);
	if (!rc && !rfa_container_running(now))
		rc = ctx->host->engine->container_start(
		    ctx->host, rfa_ctx_key(ctx, &key, "start", stand->green), stand->green, err);
	json_decref(now);
	return rc;
}

int rfa_beside_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_stand *stand;
	struct rfa_stand_list stands;
	int rc = rfa_stands_or_skip(ctx, 0, &stands, facts, err);

	if (rc <= 0)
		return rc;
	rc = 0;
	RFA_EACH (stand, stands) {
		if (!rc)
			rc = rfa_stand_start(ctx, stand, err);
		if (rc && err->severity == RFA_FATAL)
			rfa_evidence_logs(ctx, stand->green, facts);
	}
	return rc ? rc
		  : rfa_ctx_says(facts,
				 rfa_pool_printf(ctx->pool, "beside what serves: %s",
						 rfa_stands_names(ctx, &stands)),
				 err);
}

int rfa_beside_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		     struct rfa_error *err)
{
	const struct rfa_stand *stand;
	struct rfa_stand_list stands;
	size_t made = 0, run = 0;
	int rc = rfa_stands(ctx, &stands, err);

	(void)facts;
	RFA_EACH (stand, stands) {
		json_t *now = NULL;

		if (!rc)
			rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, stand->green, &now, err);
		made += now && is_ours(ctx, now);
		run += is_ours(ctx, now) && rfa_container_running(now);
		json_decref(now);
	}
	*seen = run == stands.n ? RFA_PROBE_DONE : made ? RFA_PROBE_PARTIAL : RFA_PROBE_NOT_DONE;
	return rc;
}

static int drop(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *now = NULL;
	int rc = rfa_inspect_or_null(host, RFA_CONTAINER, stand->green, &now, err);

	if (!rc && now && is_ours(ctx, now)) {
		if (rfa_container_active(now)) {
			rfa_ctx_say_stop(ctx, now);
			rc = host->engine->container_stop(
			    host, rfa_ctx_key(ctx, &key, "stop", stand->green), stand->green, err);
		}
		if (!rc)
			rc = host->engine->container_remove(
			    host, rfa_ctx_key(ctx, &key, "remove", stand->green), stand->green,
			    err);
	}
	json_decref(now);
	return rc;
}

/* No request is sent to them any more, and those that were have their time: then they go. */
static int dismiss(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, struct rfa_error *err)
{
	struct rfa_stand_list routed;
	const struct rfa_stand *stand;
	int rc = rfa_stands_routed(ctx, &routed, err);

	if (!rc)
		rc = rfa_traffic_set(ctx, &routed, 0, err);
	if (!rc)
		rc = rfa_traffic_drain(ctx, &routed, RFA_GREEN, NULL, err);
	RFA_EACH (stand, *stands)
		if (!rc)
			rc = drop(ctx, stand, err);
	return rc;
}

int rfa_beside_undo(struct rfa_ctx *ctx, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int rc = rfa_stands(ctx, &stands, err);

	return rc || !stands.n ? rc : dismiss(ctx, &stands, err);
}

int rfa_dismiss_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	struct rfa_stand_list stands;
	int rc = rfa_stands_or_skip(ctx, 0, &stands, facts, err);

	if (rc <= 0)
		return rc;
	rc = dismiss(ctx, &stands, err);
	return rc ? rc : rfa_ctx_says(facts, "the stand-ins are gone", err);
}

int rfa_dismiss_probe(struct rfa_ctx *ctx, enum rfa_probe *seen, json_t *facts,
		      struct rfa_error *err)
{
	return rfa_again_probe(ctx, seen, facts, err);
}

/* Health. */

static int ill(struct rfa_ctx *ctx, const struct rfa_stand *stand, const char *what,
	       struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNHEALTHY, "health", "the stand-in %.150s %s", stand->green, what);
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_hint(err, "its last log lines are kept: rfa show %s", ctx->run);
}

/* NULL: it is well. *hopeless: no waiting mends it. */
static const char *look_at(struct rfa_ctx *ctx, const json_t *now, int *hopeless)
{
	const char *health = rfa_container_health(now);

	*hopeless = !now || (!rfa_container_active(now) && rfa_container_exit(now));
	if (!rfa_container_running(now))
		return now ? rfa_pool_printf(ctx->pool, "has ended with exit status %lld",
					     rfa_container_exit(now))
			   : "is gone: somebody removed it";
	*hopeless = !strcmp(health, "unhealthy");
	if (*health && strcmp(health, "healthy") != 0)
		return rfa_pool_printf(ctx->pool, "is %s, says its own health check", health);
	return NULL;
}

/* Since when it runs, and as which start. */
static const char *stamp_of(struct rfa_ctx *ctx, const json_t *now)
{
	return rfa_pool_printf(ctx->pool, "%s %lld", rfa_container_started(now),
			       (long long)rfa_facts_int(now, "RestartCount", 0));
}

/* Waits until it is well (deadline 0: one look), and answers its stamp. */
static int until_well(struct rfa_ctx *ctx, const struct rfa_stand *stand, int64_t deadline,
		      const char **stamp, struct rfa_error *err)
{
	for (;;) {
		json_t *now = NULL;
		int hopeless = 0;
		int rc = rfa_inspect_or_null(ctx->host, RFA_CONTAINER, stand->green, &now, err);
		const char *what = rc ? NULL : look_at(ctx, now, &hopeless);

		*stamp = stamp_of(ctx, now);
		json_decref(now);
		if (rc || !what)
			return rc ? rc : rfa_pool_check(ctx->pool, err);
		if (hopeless || ctx->clock->mono_ms(ctx->clock) >= deadline)
			return ill(ctx, stand, what, err);
		rc = rfa_ctx_rest(ctx, 1000, err);
		if (rc)
			return rc;
	}
}

int rfa_stands_well(struct rfa_ctx *ctx, const struct rfa_stand_list *stands, struct rfa_error *err)
{
	const struct rfa_stand *stand;
	const char *stamp;
	int rc = 0;

	RFA_EACH (stand, *stands)
		if (!rc)
			rc = until_well(ctx, stand, 0, &stamp, err);
	return rc;
}

/* It is well, stays so for the settle time, and was not started again. */
static int settles(struct rfa_ctx *ctx, const struct rfa_stand *stand, struct rfa_error *err)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);
	int64_t deadline = ctx->clock->mono_ms(ctx->clock) + stack->health_deadline_s * 1000;
	const char *before, *after;
	int rc = until_well(ctx, stand, deadline, &before, err);

	if (!rc)
		rc = rfa_ctx_rest(ctx, stack->health_settle_s * 1000, err);
	if (!rc)
		rc = until_well(ctx, stand, 0, &after, err);
	if (!rc && strcmp(before, after) != 0)
		rc = ill(ctx, stand, "did not stay up: it was started again", err);
	return rc;
}

int rfa_beside_health_run(struct rfa_ctx *ctx, json_t *facts, struct rfa_error *err)
{
	const struct rfa_stand *stand;
	struct rfa_stand_list stands;
	int rc = rfa_stands_or_skip(ctx, 0, &stands, facts, err);

	if (rc <= 0)
		return rc;
	rc = 0;
	RFA_EACH (stand, stands) {
		if (!rc)
			rc = settles(ctx, stand, err);
		if (rc == -RFA_EUNHEALTHY)
			rfa_evidence_logs(ctx, stand->green, facts);
	}
	return rc ? rc : rfa_ctx_says(facts, "the stand-ins are well", err);
}
