/* What a stack runs, in words that hold on every host. */
#include "fsm/steps/goods.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/imageref.h"
#include "fsm/steps/inspect.h"

/* ---- units ------------------------------------------------------------------------------------
 */

static int add_unit(json_t *units, const char *key, const char *shape, const char *container,
		    json_t *inspect, struct rfa_error *err)
{
	json_t *unit = json_pack("{s:s, s:s, s:s, s:O?}", "key", key, "shape", shape, "container",
				 container, "inspect", inspect);

	if (unit && !inspect)
		json_object_set_new(unit, "inspect", json_null());
	if (!unit || json_array_append_new(units, unit))
		return rfa_fail_nomem(err);
	return 0;
}

static int run_units(struct rfa_host *host, const json_t *stack, json_t *units,
		     struct rfa_error *err)
{
	json_t *names = json_object_get(stack, "containers");
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		json_t *seen = NULL;
		int rc =
		    rfa_inspect_or_null(host, RFA_CONTAINER, json_string_value(name), &seen, err);

		if (!rc)
			rc = add_unit(units, json_string_value(name), "run",
				      json_string_value(name), seen, err);
		json_decref(seen);
		if (rc)
			return rc;
	}
	return 0;
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

/* The services: as configured, else all that the project has on this host. */
static int service_names(const json_t *compose, const json_t *all, json_t **out,
			 struct rfa_error *err)
{
	const char *project = rfa_facts_str(compose, "project", "");
	json_t *listed = json_object_get(compose, "services");
	json_t *seen = json_object();
	const char *name;
	json_t *one;
	json_t *unused;
	size_t i;

	if (json_array_size(listed)) {
		json_decref(seen);
		*out = json_incref(listed);
		return 0;
	}
	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		const char *p = rfa_container_label(one, "com.docker.compose.project");
		const char *s = rfa_container_label(one, "com.docker.compose.service");

		if (*s && !strcmp(p, project))
			json_object_set_new(seen, s, json_true());
	}
	*out = json_array();
	if (!seen || !*out) {
		json_decref(seen);
		json_decref(*out);
		return rfa_fail_nomem(err);
	}
	json_object_foreach (seen, name, unused) {
		json_array_append_new(*out, json_string(name));
	}
	json_decref(seen);
	return 0;
}

static int compose_units(struct rfa_host *host, const json_t *compose, json_t *units,
			 struct rfa_error *err)
{
	const char *project = rfa_facts_str(compose, "project", "");
	json_t *names = NULL;
	json_t *all = NULL;
	json_t *name;
	size_t i;
	int rc = host->ops->list(host, RFA_CONTAINER, &all, err);

	if (!rc)
		rc = service_names(compose, all, &names, err);
	if (rc)
		goto done;
	json_array_foreach (names, i, name) {
		const char *service = json_string_value(name);
		json_t *one = next_of(all, project, service, NULL);

		do {
			rc = add_unit(units, service, "compose", rfa_container_name(one), one, err);
			one = one ? next_of(all, project, service, one) : NULL;
		} while (!rc && one);
		if (rc)
			goto done;
	}
done:
	json_decref(names);
	json_decref(all);
	return rc;
}

int rfa_units(struct rfa_host *host, const json_t *stack, json_t **out, struct rfa_error *err)
{
	json_t *compose = json_object_get(stack, "compose");
	json_t *units = json_array();
	int rc;

	if (!units)
		return rfa_fail_nomem(err);
	rc = run_units(host, stack, units, err);
	if (!rc && json_is_object(compose))
		rc = compose_units(host, compose, units, err);
	if (rc)
		json_decref(units);
	else
		*out = units;
	return rc;
}

/* ---- identity ---------------------------------------------------------------------------------
 */

void rfa_keep_tag(const char *identity, const char *run, char out[RFA_KEEP_MAX])
{
	snprintf(out, RFA_KEEP_MAX, RFA_KEEP_REPOSITORY ":%.32s%s%.64s", identity, *run ? "-" : "",
		 run);
}

void rfa_unit_ref(const json_t *inspect, char *out, size_t size)
{
	rfa_imageref_tagged(rfa_facts_str(inspect, "Config/Image", ""), out, size);
}

int rfa_good_of(const json_t *unit, const json_t *image, json_t **out, struct rfa_error *err)
{
	char identity[65];
	char keep[RFA_KEEP_MAX];
	char ref[512];
	int rc = rfa_image_identity(image, identity, err);

	if (rc)
		return rc;
	rfa_keep_tag(identity, "", keep);
	rfa_unit_ref(json_object_get(unit, "inspect"), ref, sizeof(ref));
	*out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:I}", "key",
			 rfa_facts_str(unit, "key", ""), "shape", rfa_facts_str(unit, "shape", ""),
			 "ref", ref, "id", rfa_facts_str(image, "Id", ""), "identity", identity,
			 "keep", keep, "layers", rfa_facts_at(image, "RootFS/Layers"), "size",
			 (json_int_t)rfa_facts_int(image, "Size", 0));
	if (*out && rfa_host_ended_well(json_object_get(unit, "inspect")) &&
	    json_object_set_new(*out, "ends", json_true())) {
		json_decref(*out);
		*out = NULL;
	}
	return *out ? 0 : rfa_fail_nomem(err);
}

void rfa_goods_version(const json_t *images, char *out, size_t size)
{
	char common[sizeof(((struct rfa_imageref *)0)->tag)] = "";
	char digest[65] = "";
	struct rfa_error ignored;
	json_t *good;
	size_t i;
	int mixed = 0;

	json_array_foreach ((json_t *)(uintptr_t)images, i, good) {
		struct rfa_imageref ref;

		rfa_imageref_parse(&ref, rfa_facts_str(good, "ref", ""));
		mixed |= !*ref.tag || (i && strcmp(common, ref.tag) != 0);
		memcpy(common, ref.tag, sizeof(common));
	}
	if (*common && !mixed) {
		snprintf(out, size, "%s", common);
		return;
	}
	/*
	 * Images of several tags, or of none: named by what they are, in whatever order the engine
	 * listed them (keys are sorted when they are encoded).
	 */
	{
		json_t *ids = json_object();

		json_array_foreach ((json_t *)(uintptr_t)images, i, good) {
			json_object_set_new(ids, rfa_facts_str(good, "identity", ""), json_true());
		}
		if (rfa_facts_digest(ids, digest, &ignored))
			digest[0] = '\0';
		json_decref(ids);
	}
	snprintf(out, size, "set-%.12s", digest);
}

/* ---- what the run wants, and how it was before ------------------------------------------------
 */

json_t *rfa_wanted(const struct rfa_ctx *ctx)
{
	json_t *goods = rfa_ctx_fact(ctx, "source.look", "goods");

	return goods ? goods : rfa_facts_at(ctx->plan_json, "point");
}

json_t *rfa_by_key(const json_t *list, const char *key)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)list, i, one) {
		if (!strcmp(rfa_facts_str(one, "key", ""), key))
			return one;
	}
	return NULL;
}

json_t *rfa_wanted_of(const struct rfa_ctx *ctx, const char *key)
{
	return rfa_by_key(rfa_facts_at(rfa_wanted(ctx), "images"), key);
}

json_t *rfa_unit_before(const struct rfa_ctx *ctx, const char *key)
{
	return rfa_by_key(rfa_ctx_fact(ctx, "target.look", "units"), key);
}
