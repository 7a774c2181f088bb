/*
 * Whether the new version can be reached: the URLs that decide about it have to be askable, and the
 * networks and containers that its own containers join have to be there. All of it is known before
 * anything stops.
 */
#include "fsm/steps/reach.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/goods.h"
#include "fsm/steps/spec.h"

const json_t *rfa_reach_networks(const struct rfa_ctx *ctx, const char *key, int before)
{
	const json_t *of = json_object_get(rfa_ctx_fact(ctx, "target.look", "networks"), key);

	return json_object_get(of, before ? "before" : "wanted");
}

/* ---- the look ---------------------------------------------------------------------------------
 */

static int add_name(json_t *names, const char *name, struct rfa_error *err)
{
	if (rfa_facts_has_text(names, name))
		return 0;
	return json_array_append_new(names, json_string(name)) ? rfa_fail_nomem(err) : 0;
}

static int add_keys(json_t *names, const json_t *object, struct rfa_error *err)
{
	const char *name;
	json_t *unused;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)object, name, unused) {
		if (!rc)
			rc = add_name(names, name, err);
	}
	return rc;
}

/* What an inspect object says: the engine names each network, also of a container that stopped. */
static int of_container(const json_t *container, json_t *names, struct rfa_error *err)
{
	return add_keys(names, rfa_facts_at(container, "NetworkSettings/Networks"), err);
}

/* What the body of a create call asks for. */
static int of_body(const json_t *body, json_t *names, struct rfa_error *err)
{
	const char *mode = rfa_facts_str(body, "HostConfig/NetworkMode", "default");
	int rc = add_keys(names, rfa_facts_at(body, "NetworkingConfig/EndpointsConfig"), err);

	if (!rc)
		rc = add_keys(names, json_object_get(body, "x-rfa-networks"), err);
	if (!rc && *mode && strncmp(mode, "container:", 10) != 0)
		rc = add_name(names, mode, err);
	return rc;
}

/* The container whose network a container of this mode shares; "" for none. */
static const char *host_of(const json_t *container_or_body)
{
	const char *mode = rfa_facts_str(container_or_body, "HostConfig/NetworkMode", "");

	return !strncmp(mode, "container:", 10) ? mode + 10 : "";
}

/*
 * {"before": in which it is, "wanted": in which the new one has to be, "needs": what has to be
 * there, "container": whose network it shares}. What is not known is left out.
 */
static int look_one(const struct rfa_ctx *ctx, const json_t *unit, const json_t *specs, json_t *of,
		    struct rfa_error *err)
{
	const char *key = rfa_facts_str(unit, "key", "");
	const json_t *now = json_object_get(unit, "inspect");
	const json_t *kept =
	    rfa_facts_at(json_object_get(json_object_get(specs, "containers"), key), "container");
	const json_t *body =
	    json_object_get(rfa_facts_at(rfa_ctx_stack(ctx), "bootstrap/containers"), key);
	const json_t *source = kept ? kept : json_is_object(now) ? now : body;
	json_t *names = json_array();
	json_t *before = json_array();
	int rc = names && before ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = source == body ? of_body(body, names, err) : of_container(source, names, err);
	if (!rc)
		rc = rfa_facts_set(of, "needs", json_incref(names), err);
	if (!rc && source && source != body)
		rc = rfa_facts_set(of, "wanted", json_incref(names), err);
	if (!rc)
		rc = of_container(now, before, err);
	if (!rc && json_is_object(now))
		rc = rfa_facts_set(of, "before", json_incref(before), err);
	if (!rc)
		rc = rfa_facts_set(of, "container", json_string(host_of(source)), err);
	json_decref(names);
	json_decref(before);
	return rc;
}

int rfa_reach_look(struct rfa_ctx *ctx, const json_t *units, json_t *facts, struct rfa_error *err)
{
	json_t *networks = json_object();
	json_t *specs = NULL;
	json_t *unit;
	size_t i;
	int rc = networks ? 0 : rfa_fail_nomem(err);

	/* A description that is gone or altered is told by the gate of rollback points. */
	if (!rc && rfa_facts_at(ctx->plan_json, "point/specs") &&
	    rfa_specs_read(ctx, &specs, err)) {
		if (err->severity != RFA_FATAL)
			rc = -(int)err->code;
		else
			rfa_error_clear(err);
	}
	json_array_foreach ((json_t *)(uintptr_t)units, i, unit) {
		json_t *of = NULL;

		if (rc || strcmp(rfa_facts_str(unit, "shape", ""), "run") != 0)
			continue;
		of = json_object();
		rc = of ? look_one(ctx, unit, specs, of, err) : rfa_fail_nomem(err);
		if (!rc)
			rc = rfa_facts_set(networks, rfa_facts_str(unit, "key", ""),
					   json_incref(of), err);
		json_decref(of);
	}
	if (!rc)
		rc = rfa_facts_set(facts, "networks", json_incref(networks), err);
	json_decref(networks);
	json_decref(specs);
	return rc;
}

/* ---- the gates --------------------------------------------------------------------------------
 */

static int is_built_in(const char *network)
{
	static const char *const names[] = { "default", "bridge", "host", "none" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(network, names[i]))
			return 1;
	return 0;
}

/* *there: 1 if the host has an object of this name or id. */
static int is_there(struct rfa_host *host, enum rfa_object kind, const char *name, int *there,
		    struct rfa_error *err)
{
	json_t *object = NULL;
	int rc = rfa_inspect_or_null(host, kind, name, &object, err);

	*there = object != NULL;
	json_decref(object);
	return rc;
}

int rfa_gate_networks(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_host *target = c->ctx->hosts[RFA_TARGET];
	const char *key;
	json_t *of;
	int there;

	json_object_foreach (rfa_ctx_fact(c->ctx, "target.look", "networks"), key, of) {
		const char *host = rfa_facts_str(of, "container", "");
		json_t *name;
		size_t i;
		int rc;

		json_array_foreach (json_object_get(of, "needs"), i, name) {
			const char *network = json_string_value(name);
			char mend[320];

			if (is_built_in(network))
				continue;
			rc = is_there(target, RFA_NETWORK, network, &there, err);
			if (rc)
				return rc;
			snprintf(mend, sizeof(mend), "docker network create %.200s it there",
				 network);
			if (!there)
				rfa_deny(c, mend,
					 "the network %s, which %s joins, does not exist on %s",
					 network, key, target->name);
		}
		if (!*host)
			continue;
		rc = is_there(target, RFA_CONTAINER, host, &there, err);
		if (rc)
			return rc;
		if (!there)
			rfa_deny(c, "start that container first, or give this one a network",
				 "the container %.12s, whose network %s shares, does not exist "
				 "on %s",
				 host, key, target->name);
	}
	return 0;
}

static void judge_answer(struct rfa_gates *c, const struct rfa_answer *answer, const char *env)
{
	if (*answer->problem)
		rfa_warn(c,
			 "if the URL is wrong, correct it under \"health\" in rfa.json: with it "
			 "every version fails",
			 "%s is not as it should be now, though the stack runs on %s: %s",
			 answer->url, env, answer->problem);
}

int rfa_gate_urls(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_proven *target = ctx->proven[RFA_TARGET];
	const char *env = ctx->sides[RFA_TARGET]->env;
	const struct rfa_answer *answer;
	json_t *unit;
	int serves = 0;
	size_t i;

	(void)err;
	if (target->blind) {
		rfa_deny(c,
			 rfa_pool_printf(ctx->pool,
					 "%.500s; or take the URLs out of \"health\" in rfa.json",
					 target->blind->mend),
			 "no URL can be checked on %s, so nobody could tell whether the new "
			 "version works: %s",
			 env, target->blind->why);
		return rfa_pool_check(ctx->pool, err);
	}
	json_array_foreach (rfa_ctx_fact(ctx, "target.look", "units"), i, unit) {
		serves |= rfa_facts_bool(unit, "running", 0);
	}
	RFA_EACH(answer, target->answers)
	if (serves)
		judge_answer(c, answer, env);
	return 0;
}
