/*
 * Containers of others that have the same name in a network as one of the stack. Compose gives each
 * container the name of its service in every network that it joins. Where two projects share one,
 * the engine answers with both, by turns, and nobody is told.
 */
#include "fsm/steps/images/namesakes.h"

#include <string.h>

#include "fsm/steps/common/gates.h"
#include "fsm/steps/common/inspect.h"

static const char *project_of(const json_t *container)
{
	return rfa_container_label(container, "com.docker.compose.project");
}

static int is_own(const struct rfa_ctx *ctx, const json_t *container)
{
	const struct rfa_stack *stack = rfa_ctx_stack_here(ctx);

	return (stack->compose && !strcmp(project_of(container), stack->compose->project)) ||
	       rfa_texts_have(&stack->containers, rfa_container_name(container));
}

static const json_t *endpoint_of(const json_t *container, const char *network)
{
	return rfa_container_active(container)
		   ? json_object_get(rfa_container_networks(container), network)
		   : NULL;
}

/* 1 if those who are in the network find the container by this name. */
static int bears(const json_t *container, const char *network, const char *name)
{
	const json_t *endpoint = endpoint_of(container, network);
	const json_t *alias;
	size_t i;

	json_array_foreach (json_object_get(endpoint, "Aliases"), i, alias) {
		if (json_is_string(alias) && !strcmp(json_string_value(alias), name))
			return 1;
	}
	return endpoint && !strcmp(rfa_container_name(container), name);
}

/* 1 if another service of the run is in the network, too. */
static int one_joins(const struct rfa_joined_list *networks, const char *network, const char *key)
{
	const struct rfa_joined *of;

	RFA_EACH (of, *networks)
		if (strcmp(of->key, key) != 0 && rfa_texts_have(&of->desired, network))
			return 1;
	return 0;
}

/*
 * 1 if containers that know only the one of their own project are in the network: whoever is of one
 * of the two projects, and does not bear the name himself.
 */
static int is_asked_for(struct rfa_ctx *ctx, const json_t *all, const struct rfa_namesake *of)
{
	const json_t *one;
	size_t i;

	json_array_foreach (all, i, one) {
		if (endpoint_of(one, of->network) && !bears(one, of->network, of->name) &&
		    (is_own(ctx, one) || (*of->project && !strcmp(project_of(one), of->project))))
			return 1;
	}
	return 0;
}

/* One of each project is enough. */
static int is_told(const struct rfa_namesake_list *list, const struct rfa_namesake *of)
{
	const struct rfa_namesake *one;

	RFA_EACH (one, *list)
		if (!strcmp(one->network, of->network) && !strcmp(one->name, of->name) &&
		    !strcmp(one->project, of->project) &&
		    (*of->project || !strcmp(one->container, of->container)))
			return 1;
	return 0;
}

/* Who else bears this name of one of the stack. */
static void look_name(struct rfa_ctx *ctx, struct rfa_namesake of, const json_t *all,
		      struct rfa_proven *out)
{
	const json_t *one;
	size_t i;

	json_array_foreach (all, i, one) {
		if (is_own(ctx, one) || !bears(one, of.network, of.name))
			continue;
		of.container = rfa_pool_text(ctx->pool, rfa_container_name(one));
		of.project = rfa_pool_text(ctx->pool, project_of(one));
		of.asked =
		    one_joins(&out->networks, of.network, of.key) || is_asked_for(ctx, all, &of);
		if (!is_told(&out->namesakes, &of))
			*RFA_ADD(ctx->pool, namesake, &out->namesakes) = of;
	}
}

/* 1 if it bears the name still when the run is over: one that the run makes anew has the names that
 * its files say now. */
static int keeps_name(struct rfa_ctx *ctx, const struct rfa_joined_list *networks,
		      const struct rfa_namesake *of)
{
	const char *at = rfa_pool_printf(ctx->pool, "%s/%s", of->network, of->name);
	const struct rfa_joined *one;

	RFA_EACH (one, *networks)
		if (one->is_known && !strcmp(one->key, of->key))
			return rfa_texts_have(&one->names, at) || !strcmp(of->name, of->own);
	return 1;
}

/* The names that a container of the stack bears now, deployed by the run or not. */
static void look_container(struct rfa_ctx *ctx, const json_t *container, const char *network,
			   const json_t *all, struct rfa_proven *out)
{
	struct rfa_namesake of = { .network = network };
	const json_t *alias;
	size_t i;

	of.own = rfa_pool_text(ctx->pool, rfa_container_name(container));
	of.key =
	    rfa_pool_text(ctx->pool, rfa_container_label(container, "com.docker.compose.service"));
	json_array_foreach (json_object_get(endpoint_of(container, network), "Aliases"), i, alias) {
		of.name = rfa_pool_text(ctx->pool, json_string_value(alias));
		if (*of.name && keeps_name(ctx, &out->networks, &of))
			look_name(ctx, of, all, out);
	}
}

/* The names that a service will have; at: "NETWORK/NAME". */
static void look_service(struct rfa_ctx *ctx, const char *key, const char *at, const json_t *all,
			 struct rfa_proven *out)
{
	const char *slash = strchr(at, '/');
	struct rfa_namesake of = { .key = key, .own = key, .name = slash + 1 };

	of.network = rfa_pool_printf(ctx->pool, "%.*s", (int)(slash - at), at);
	look_name(ctx, of, all, out);
}

void rfa_namesakes_observe(struct rfa_ctx *ctx, const json_t *all, struct rfa_proven *out)
{
	const struct rfa_joined *of;
	const json_t *one;
	size_t i;
	size_t n;

	RFA_EACH (of, out->networks) {
		json_array_foreach (all, i, one) {
			for (n = 0; is_own(ctx, one) && n < of->desired.n; n++)
				look_container(ctx, one, of->desired.at[n], all, out);
		}
	}
	RFA_EACH (of, out->networks)
		for (i = 0; i < of->names.n; i++)
			look_service(ctx, of->key, of->names.at[i], all, out);
}

int rfa_gate_shared_names(struct rfa_gates *c, struct rfa_error *err)
{
	struct rfa_ctx *ctx = c->ctx;
	const struct rfa_namesake *of;

	RFA_EACH (of, ctx->own->namesakes) {
		const char *what = rfa_pool_printf(
		    ctx->pool,
		    "%s and %s%s%s%s are both called %s in the network %s on %s: who asks there "
		    "for %s gets the one or the other",
		    of->own, of->container, *of->project ? " (of the project " : "", of->project,
		    *of->project ? ")" : "", of->name, of->network, ctx->host->name, of->name);
		const char *hint = rfa_pool_printf(
		    ctx->pool,
		    "take one of them out of that network, or give its service another name; who "
		    "has to ask there asks for a container's own name (%s)",
		    of->container);

		if (of->asked && !rfa_goes_back(ctx))
			rfa_deny_unless_forced(c, hint, "%s", what);
		else
			rfa_warn(c, hint, "%s", what);
	}
	return rfa_pool_check(ctx->pool, err);
}
