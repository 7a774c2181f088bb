/* Completes the plan of images that come from registries: which, and who asks for them. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"
#include "fsm/parts/args.h"
#include "fsm/parts/named.h"

static int has_deploy(const json_t *plan, struct rfa_error *err)
{
	if (json_object_size(rfa_facts_at(plan, "target/stack/deploy/images")))
		return 0;
	rfa_fail(err, RFA_ECONFIG, "config", "the stack has no images in a registry in \"%.60s\"",
		 rfa_facts_str(plan, "target/env", ""));
	return rfa_error_hint(err, "add to it for example \"deploy\": {\"images\": {\"web\": "
				   "\"registry.example:5000/shop/web\"}}");
}

/* What rfa.json says of the registry of an image, once. */
static int add_registry(const struct rfa_prepare *p, json_t *all, const char *image,
			struct rfa_error *err)
{
	struct rfa_imageref_place place;
	struct rfa_imageref ref;
	json_t *one = NULL;
	int rc;

	if (!rfa_imageref_parse(&ref, image) || !rfa_imageref_place(&place, &ref))
		return rfa_fail(err, RFA_ECONFIG, "config", "%.200s is in no registry", image);
	if (json_object_get(all, place.domain))
		return 0;
	rc = p->registry(p, place.domain, &one, err);
	if (rc)
		return rc;
	if (!one)
		one = json_object();
	return rfa_facts_set(all, place.domain, one, err);
}

static int put_registries(const struct rfa_prepare *p, json_t *plan, const json_t *images,
			  struct rfa_error *err)
{
	json_t *all = json_object(), *image;
	const char *key;
	int rc = all ? 0 : rfa_fail_nomem(err);

	json_object_foreach ((json_t *)(uintptr_t)images, key, image) {
		if (!rc)
			rc = add_registry(p, all, json_string_value(image), err);
	}
	if (!rc)
		rc = rfa_plan_set(plan, "registries", json_incref(all), err);
	json_decref(all);
	return rc;
}

/* *is: the target reaches all of the registries itself. What is in the way is told later, if at
 * all. */
static int target_reaches(const struct rfa_prepare *p, const json_t *plan, int *is,
			  struct rfa_error *err)
{
	json_t *all = rfa_facts_at(plan, "options/registries"), *one;
	struct rfa_host *host = NULL;
	const char *domain;
	int rc = p->open(p, rfa_facts_at(plan, "target"), &host, err);

	*is = 1;
	if (!rc)
		rc = rfa_host_offers(host, RFA_HOST_REGISTRY, err);
	json_object_foreach (all, domain, one) {
		struct rfa_registry_access access = {
			.domain = domain,
			.ca_file = rfa_facts_str(one, "ca", NULL),
			.plain_http = rfa_facts_bool(one, "http", 0),
		};
		struct rfa_error why = { 0 };

		if (!rc && *is && host->registry->ping(host, &access, &why))
			*is = 0;
	}
	rfa_host_free(host);
	return rc;
}

static int choose_way(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *via = p->option(p, "via", 0);
	json_t *side = NULL;
	int reaches = 0;
	int rc = 0;

	if (!via)
		via = rfa_facts_str(plan, "target/stack/deploy/via", "auto");
	if (!strcmp(via, "auto")) {
		rc = target_reaches(p, plan, &reaches, err);
		via = reaches ? "target" : "operator";
	}
	if (!rc && !strcmp(via, rfa_facts_str(plan, "target/env", "")))
		via = "target";
	if (!rc && !strcmp(via, "target"))
		side = rfa_facts_copy(rfa_facts_at(plan, "target"));
	else if (!rc && !strcmp(via, "operator"))
		rc = p->here(p, &side, err);
	else if (!rc)
		rc = p->side(p, via, NULL, &side, err);
	/* The stack is the target's alone. */
	if (side)
		json_object_del(side, "stack");
	if (!rc)
		rc = rfa_plan_set(plan, "via", json_string(via), err);
	return rc ? rc : rfa_facts_set(plan, "source", side, err);
}

int rfa_prepare_way(const struct rfa_prepare *p, json_t *plan, const json_t *images,
		    struct rfa_error *err)
{
	int rc = put_registries(p, plan, images, err);

	return rc ? rc : choose_way(p, plan, err);
}

int rfa_prepare_deploy(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *images = rfa_facts_at(plan, "target/stack/deploy/images"), *image;
	const char *key;
	int rc = has_deploy(plan, err);

	if (!rc && !rfa_named_is_tag(p->second)) {
		rfa_fail(err, RFA_EUSAGE, "cli", "that is no version that an image can have");
		rc =
		    rfa_error_hint(err, "at most 128 letters, digits, \"_\", \".\" and \"-\", none "
					"of the last two first");
	}
	json_object_foreach (images, key, image) {
		if (!rc)
			rc = rfa_named_check(plan, "deploy.images", key, err);
	}
	if (!rc)
		rc = rfa_prepare_way(p, plan, images, err);
	return rc ? rc : rfa_named_desired(plan, images, p->second, err);
}
