/* Looking at a stack's containers, and at images, as they are now. */
#include "fsm/steps/common/observe.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/steps/common/inspect.h"

int rfa_inspect_or_null(struct rfa_host *host, enum rfa_object kind, const char *name, json_t **out,
			struct rfa_error *err)
{
	int rc = host->engine->inspect(host, kind, name, out, err);

	if (rc == -RFA_ENOTFOUND) {
		*out = NULL;
		rfa_error_clear(err);
		return 0;
	}
	return rc;
}

int rfa_image_id(struct rfa_host *host, const char *ref, json_t **holder, const char **id,
		 struct rfa_error *err)
{
	int rc = rfa_inspect_or_null(host, RFA_IMAGE, ref, holder, err);

	if (rc || !*holder)
		return rc;
	*id = rfa_container_id(*holder);
	return 1;
}

/* Containers. */

static void add(struct rfa_pool *pool, const char *key, const char *kind, const char *container,
		json_t *inspect, struct rfa_observed_list *out)
{
	struct rfa_observed *one = rfa_pool_add(pool, out, sizeof(*one));

	one->key = rfa_pool_text(pool, key);
	one->kind = kind;
	one->container = rfa_pool_text(pool, container);
	one->inspect = rfa_pool_json(pool, inspect);
}

/* Made with `docker run`. */
static int observe_named(struct rfa_host *host, const char *name, struct rfa_pool *pool,
			 struct rfa_observed_list *out, struct rfa_error *err)
{
	json_t *seen = NULL;
	int rc = rfa_inspect_or_null(host, RFA_CONTAINER, name, &seen, err);

	if (!rc)
		add(pool, name, "run", name, seen, out);
	json_decref(seen);
	return rc;
}

/* Its number among the containers of its service. */
static unsigned long number_of(const json_t *inspect)
{
	const char *text = rfa_container_label(inspect, "com.docker.compose.container-number");

	return *text ? strtoul(text, NULL, 10) : ULONG_MAX;
}

/* Of this service, and no one-off command. */
static int is_of_service(const json_t *inspect, const char *project, const char *service)
{
	return !strcmp(rfa_container_label(inspect, "com.docker.compose.project"), project) &&
	       !strcmp(rfa_container_label(inspect, "com.docker.compose.service"), service) &&
	       strcmp(rfa_container_label(inspect, "com.docker.compose.oneoff"), "True") != 0;
}

/* The container of a service that comes after another one, by their numbers; NULL: there is none.
 */
static json_t *next_of(const json_t *all, const char *project, const char *service,
		       const json_t *after)
{
	json_t *best = NULL;
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		if (!is_of_service(one, project, service) ||
		    (after && number_of(one) <= number_of(after)))
			continue;
		/* While Compose replaces a container, there are two of one number. */
		if (!best || number_of(one) < number_of(best) ||
		    (number_of(one) == number_of(best) && !rfa_container_active(best)))
			best = one;
	}
	return best;
}

/* All services that the project has on this host. */
static void find_services(const json_t *all, const char *project, struct rfa_pool *pool,
			  struct rfa_texts *out)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		const char *service = rfa_container_label(one, "com.docker.compose.service");

		if (*service && !rfa_texts_have(out, service) &&
		    !strcmp(rfa_container_label(one, "com.docker.compose.project"), project))
			rfa_texts_add(pool, out, service);
	}
}

static void observe_service(const json_t *all, const char *project, const char *service,
			    struct rfa_pool *pool, struct rfa_observed_list *out)
{
	json_t *one = next_of(all, project, service, NULL);

	do {
		add(pool, service, "compose", rfa_container_name(one), one, out);
		one = one ? next_of(all, project, service, one) : NULL;
	} while (one);
}

/* services: as configured; none: all. */
static int observe_services(struct rfa_host *host, const char *project, struct rfa_texts services,
			    struct rfa_pool *pool, struct rfa_observed_list *out,
			    struct rfa_error *err)
{
	json_t *all = NULL;
	size_t i;
	int rc = host->engine->list(host, RFA_CONTAINER, &all, err);

	if (!rc && !services.n)
		find_services(all, project, pool, &services);
	for (i = 0; !rc && i < services.n; i++)
		observe_service(all, project, services.at[i], pool, out);
	json_decref(all);
	return rc;
}

int rfa_observe(struct rfa_host *host, const struct rfa_stack *stack, struct rfa_pool *pool,
		struct rfa_observed_list *out, struct rfa_error *err)
{
	size_t i;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	for (i = 0; stack && !rc && i < stack->containers.n; i++)
		rc = observe_named(host, stack->containers.at[i], pool, out, err);
	if (!rc && stack && stack->compose)
		rc = observe_services(host, stack->compose->project, stack->compose->services, pool,
				      out, err);
	return rc ? rc : rfa_pool_check(pool, err);
}

int rfa_observe_project(struct rfa_host *host, const char *project, struct rfa_pool *pool,
			struct rfa_observed_list *out, struct rfa_error *err)
{
	struct rfa_texts all = { NULL, 0 };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = observe_services(host, project, all, pool, out, err);
	return rc ? rc : rfa_pool_check(pool, err);
}

size_t rfa_observed_count(const struct rfa_observed_list *list, const char *key)
{
	const struct rfa_observed *one;
	size_t n = 0;

	RFA_EACH (one, *list)
		n += one->inspect && !strcmp(one->key, key);
	return n;
}
