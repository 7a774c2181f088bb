/*
 * Whether the new version can be reached: the URLs that decide about it have to be askable, and the
 * networks and containers that its own containers join have to be there. All of it is known before
 * anything stops.
 */
#include "fsm/steps/images/reach.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/reference.h"
#include "fsm/base/wipe.h"
#include "fsm/steps/common/checker.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/spec.h"

const struct rfa_texts *rfa_reach_networks(const struct rfa_ctx *ctx, const char *key, int before)
{
	const struct rfa_joined *of;

	RFA_EACH (of, ctx->own->networks)
		if (!strcmp(of->key, key) && (before ? of->was_known : of->is_known))
			return before ? &of->before : &of->desired;
	return NULL;
}

/* The observation. */

static void add_name(struct rfa_pool *pool, struct rfa_texts *names, const char *name)
{
	if (!rfa_texts_have(names, name))
		rfa_texts_add(pool, names, name);
}

static void add_keys(struct rfa_pool *pool, struct rfa_texts *names, const json_t *object)
{
	const char *name;
	json_t *unused;

	json_object_foreach ((json_t *)(uintptr_t)object, name, unused) {
		add_name(pool, names, name);
	}
}

/* What the body of a create call asks for. */
static void of_body(struct rfa_pool *pool, struct rfa_texts *names, const json_t *body)
{
	const char *mode = rfa_facts_str(body, "HostConfig/NetworkMode", "default");

	add_keys(pool, names, rfa_facts_at(body, "NetworkingConfig/EndpointsConfig"));
	add_keys(pool, names, json_object_get(body, "x-rfa-networks"));
	if (*mode && strncmp(mode, "container:", 10) != 0)
		add_name(pool, names, mode);
}

/* The container whose network a container of this mode shares; "" for none. */
static const char *host_of(const json_t *container_or_body)
{
	const char *mode = rfa_facts_str(container_or_body, "HostConfig/NetworkMode", "");

	return !strncmp(mode, "container:", 10) ? mode + 10 : "";
}

/* The engine names each network, also of a container that stopped. */
static void look_one(const struct rfa_ctx *ctx, const struct rfa_observed *seen,
		     const json_t *specs, struct rfa_joined *out)
{
	const struct rfa_bootstrap *bootstrap = rfa_ctx_stack_here(ctx)->bootstrap;
	const json_t *saved = rfa_specs_container(specs, seen->key);
	const json_t *body = bootstrap ? json_object_get(bootstrap->containers, seen->key) : NULL;
	const json_t *like = saved ? saved : seen->inspect;

	out->key = seen->key;
	if (like)
		add_keys(ctx->pool, &out->needs, rfa_container_networks(like));
	else
		of_body(ctx->pool, &out->needs, body);
	out->is_known = like != NULL;
	if (like)
		add_keys(ctx->pool, &out->desired, rfa_container_networks(like));
	out->was_known = seen->inspect != NULL;
	add_keys(ctx->pool, &out->before, rfa_container_networks(seen->inspect));
	out->container = rfa_pool_text(ctx->pool, host_of(like ? like : body));
}

int rfa_reach_observe(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
		      struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_observed *one;
	json_t *specs = NULL;

	/* A description that is gone or altered is told by the gate of rollback points. */
	if (rfa_specs_of(ctx) && rfa_specs_read(ctx, &specs, err)) {
		if (err->severity != RFA_FATAL || err->code == RFA_ENOMEM)
			return -(int)err->code;
		rfa_error_clear(err);
	}
	RFA_EACH (one, *seen)
		if (!strcmp(one->kind, "run"))
			look_one(ctx, one, specs, RFA_ADD(ctx->pool, joined, &out->networks));
	json_decref(specs);
	return 0;
}

/* The gates. */

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

static int judge_network(struct rfa_gates *c, const char *network, const char *key,
			 struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->host;
	char hint[320];
	int there;
	int rc;

	if (is_built_in(network))
		return 0;
	rc = is_there(host, RFA_NETWORK, network, &there, err);
	if (rc || there)
		return rc;
	snprintf(hint, sizeof(hint), "make it there: docker network create %.200s", network);
	rfa_deny(c, hint, "the network %s, which %s joins, does not exist on %s", network, key,
		 host->name);
	return 0;
}

/* The container whose network one of the stack shares. */
static int judge_shared(struct rfa_gates *c, const char *container, const char *key,
			struct rfa_error *err)
{
	struct rfa_host *host = c->ctx->host;
	int there;
	int rc = is_there(host, RFA_CONTAINER, container, &there, err);

	if (!rc && !there)
		rfa_deny(c, "start that container first, or give this one a network",
			 "the container %.12s, whose network %s shares, does not exist on %s",
			 container, key, host->name);
	return rc;
}

int rfa_gate_networks(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_joined *of;
	size_t i;
	int rc = 0;

	RFA_EACH (of, c->ctx->own->networks) {
		for (i = 0; i < of->needs.n && !rc; i++)
			rc = judge_network(c, of->needs.at[i], of->key, err);
		if (!rc && *of->container)
			rc = judge_shared(c, of->container, of->key, err);
	}
	return rc;
}

static void judge_before(struct rfa_gates *c, const struct rfa_check_result *one, const char *env)
{
	if (!one->ok)
		rfa_warn(
		    c, "if the check is wrong, correct it in rfa.json: with it every version fails",
		    "%s is not as it should be now, though the stack runs on %s: %s", one->name,
		    env, one->why);
}

static int find(const struct rfa_ctx *ctx, const char *name, const char **value,
		struct rfa_error *err)
{
	*value = NULL;
	return ctx->secret ? ctx->secret(ctx->secret_user, name, value, err) : 0;
}

/* *filled: 0 if the text has a reference without a value; each of them is told. */
static int judge_values(struct rfa_gates *c, const struct rfa_check *check, const char *text,
			int *filled, struct rfa_error *err)
{
	const char *at = text;
	char name[RFA_REFERENCE_MAX];
	size_t len;

	for (; (len = rfa_reference_next(&at, name)) > 0; at += len) {
		const char *value;
		int rc = find(c->ctx, name, &value, err);

		if (rc)
			return rc;
		if (value)
			continue;
		rfa_deny(c,
			 "name it under secrets (a variable), secret_files or secret_commands of "
			 "rfa.json, and give it a value",
			 "the check %s has ${%s}, and there is no value for it", check->name, name);
		*filled = 0;
	}
	return 0;
}

/* The same; a URL that cannot be filled in for another reason is told, too. */
static int judge_references(struct rfa_gates *c, const struct rfa_check *check, int *filled,
			    struct rfa_error *err)
{
	const struct rfa_secret_source from = { c->ctx->secret, c->ctx->secret_user };
	struct rfa_buf whole = RFA_BUF_INIT(1 << 18);
	int all = 1;
	int rc = judge_values(c, check, check->url, &all, err);

	if (!rc)
		rc = judge_values(c, check, check->send, &all, err);
	if (!rc && all)
		rc = rfa_reference_fill(&whole, check->url, &from, err);
	rfa_wipe_buf(&whole);
	if (rc == -RFA_ECONFIG) {
		rfa_deny(c, "write the host itself in the URL, in rfa.json", "%s", err->msg);
		rfa_error_clear(err);
		rc = all = 0;
	}
	*filled &= all;
	return rc;
}

int rfa_gate_urls(struct rfa_gates *c, struct rfa_error *err)
{
	const struct rfa_ctx *ctx = c->ctx;
	const struct rfa_proven *target = ctx->proven[RFA_TARGET];
	const char *env = ctx->sides[RFA_TARGET]->env;
	const struct rfa_check_result *before;
	const struct rfa_container *one;
	const struct rfa_check *check;
	int serves = 0;
	int filled = 1;
	int rc = 0;

	RFA_EACH (check, ctx->sides[RFA_TARGET]->stack->checks)
		if (!rc && rfa_check_is_due(check, ctx->flow))
			rc = judge_references(c, check, &filled, err);
	if (rc)
		return rc;
	if (target->blind) {
		rfa_deny(c,
			 rfa_pool_printf(ctx->pool,
					 "%.400s; or take the checks of URLs and ports out of "
					 "rfa.json, or ask them \"from\" the operator",
					 target->blind->hint),
			 "no URL can be checked on %s, so nobody could tell whether the new "
			 "version works: %s",
			 env, target->blind->why);
		return rfa_pool_check(ctx->pool, err);
	}
	RFA_EACH (one, target->containers)
		serves |= one->running;
	RFA_EACH (before, target->before)
		if (serves && filled)
			judge_before(c, before, env);
	return 0;
}
