/*
 * In which networks the containers of a Compose service have to be: Compose itself says it, with
 * all files, variables and defaults resolved.
 */
#include "fsm/steps/images/compose_networks.h"

#include <string.h>

#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/compose_project.h"

static int is_shared(const char *mode)
{
	return !strncmp(mode, "service:", 8) || !strncmp(mode, "container:", 10);
}

static int is_built_in(const char *mode)
{
	return !strcmp(mode, "bridge") || !strcmp(mode, "host") || !strcmp(mode, "none");
}

/* *name: as the engine calls the network, whose id may be given, too; NULL: it is not there. */
static int find_name(struct rfa_ctx *ctx, const char *ref, const char **name, struct rfa_error *err)
{
	json_t *network = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_NETWORK, ref, &network, err);

	*name = network ? rfa_pool_text(ctx->pool, rfa_facts_str(network, "Name", ref)) : NULL;
	json_decref(network);
	return rc;
}

/* By which names it is found in a network: as Compose's own, those that its files add. */
static void add_names(struct rfa_ctx *ctx, const json_t *service, const char *key,
		      const char *network, struct rfa_joined *out)
{
	const json_t *own = json_object_get(json_object_get(service, "networks"), key);
	const char *container = rfa_facts_str(service, "container_name", "");
	const json_t *alias;
	size_t i;

	rfa_texts_add(ctx->pool, &out->names,
		      rfa_pool_printf(ctx->pool, "%s/%s", network, out->key));
	if (*container)
		rfa_texts_add(ctx->pool, &out->names,
			      rfa_pool_printf(ctx->pool, "%s/%s", network, container));
	json_array_foreach (json_object_get(own, "aliases"), i, alias) {
		if (json_is_string(alias))
			rfa_texts_add(
			    ctx->pool, &out->names,
			    rfa_pool_printf(ctx->pool, "%s/%s", network, json_string_value(alias)));
	}
}

/* Adds the network of this key of the configuration. */
static int add_network(struct rfa_ctx *ctx, const json_t *config, const char *key,
		       struct rfa_joined *out, struct rfa_error *err)
{
	const json_t *services = json_object_get(config, "services");
	const json_t *network = json_object_get(json_object_get(config, "networks"), key);
	const char *name = rfa_pool_text(ctx->pool, rfa_facts_str(network, "name", key));
	int rc = 0;

	if (rfa_facts_bool(network, "external", 0))
		rc = find_name(ctx, name, &name, err);
	if (!rc && name) {
		rfa_texts_add(ctx->pool, &out->desired, name);
		add_names(ctx, json_object_get(services, out->key), key, name, out);
	}
	out->is_known &= name != NULL;
	return rc;
}

/* A service has a network mode, or networks. */
static int add_mode(struct rfa_ctx *ctx, const char *mode, struct rfa_joined *out,
		    struct rfa_error *err)
{
	const char *name = strcmp(mode, "default") != 0 ? mode : "bridge";
	int rc = 0;

	/* Who has the network of another container is in none of his own. */
	if (is_shared(mode))
		return 0;
	if (!is_built_in(name))
		rc = find_name(ctx, mode, &name, err);
	if (!rc && name)
		rfa_texts_add(ctx->pool, &out->desired, rfa_pool_text(ctx->pool, name));
	out->is_known = name != NULL;
	return rc;
}

static int add_desired(struct rfa_ctx *ctx, const json_t *config, struct rfa_joined *out,
		       struct rfa_error *err)
{
	const json_t *service = json_object_get(json_object_get(config, "services"), out->key);
	const json_t *networks = json_object_get(service, "networks");
	const char *mode = rfa_facts_str(service, "network_mode", "");
	const char *key;
	json_t *unused;
	int rc = 0;

	out->is_known = service != NULL;
	if (!service)
		return 0;
	if (*mode)
		return add_mode(ctx, mode, out, err);
	if (!json_object_size(networks))
		return add_network(ctx, config, "default", out, err);
	json_object_foreach ((json_t *)(uintptr_t)networks, key, unused) {
		if (!rc)
			rc = add_network(ctx, config, key, out, err);
	}
	return rc;
}

static int is_in_exactly(const json_t *inspect, const struct rfa_texts *names)
{
	const json_t *have = rfa_container_networks(inspect);
	size_t i;

	for (i = 0; i < names->n; i++)
		if (!json_object_get(have, names->at[i]))
			return 0;
	return json_object_size(have) == names->n;
}

/*
 * The way back makes containers as the files say. What somebody has connected by hand since the
 * containers were made is not brought back, so nothing is demanded of such a service then.
 */
static void add_before(const struct rfa_observed_list *seen, struct rfa_joined *out)
{
	const struct rfa_observed *one;
	int is = 1;
	size_t n = 0;

	RFA_EACH (one, *seen) {
		if (strcmp(one->key, out->key) != 0 || !one->inspect)
			continue;
		is &= is_in_exactly(one->inspect, &out->desired);
		n++;
	}
	out->was_known = out->is_known && n && is;
	if (out->was_known)
		out->before = out->desired;
}

/* *config (new): what Compose says of the services that are deployed; NULL: it is not known. */
static int look(struct rfa_ctx *ctx, const struct rfa_texts *files, json_t **config,
		struct rfa_error *err)
{
	struct rfa_compose_project project;
	json_t *answer = NULL;
	int rc = rfa_compose_project(ctx, 0, &project, err);

	*config = NULL;
	if (!rc && !project.files[0])
		rc = rfa_compose_add_files(files, &project, err);
	if (!rc)
		rc = rfa_compose_add_desired(ctx, &project, err);
	if (rc || !project.services[0])
		return rc;
	rc = ctx->host->engine->compose_config(ctx->host, &project.compose, &answer, err);
	if (rc == -RFA_EREMOTE || rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		return 0;
	}
	if (!rc)
		*config = json_incref(json_object_get(answer, "config"));
	json_decref(answer);
	return rc;
}

int rfa_compose_networks(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
			 struct rfa_proven *out, struct rfa_error *err)
{
	const struct rfa_image *image;
	json_t *config = NULL;
	int rc;

	if (!rfa_ctx_stack_here(ctx)->compose || !*out->engine->compose || *out->files_problem)
		return 0;
	rc = look(ctx, &out->files, &config, err);
	RFA_EACH (image, *rfa_ctx_desired(ctx, NULL)) {
		struct rfa_joined *joined;

		if (rc || !config || !rfa_compose_deploys(ctx, image->key))
			continue;
		joined = RFA_ADD(ctx->pool, joined, &out->networks);
		joined->key = image->key;
		rc = add_desired(ctx, config, joined, err);
		if (!rc)
			add_before(seen, joined);
	}
	json_decref(config);
	return rc ? rc : rfa_pool_check(ctx->pool, err);
}
