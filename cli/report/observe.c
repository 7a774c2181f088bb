/* Reads a stack's containers on a host for `verify` and `check`. */
#include "cli/report/observe.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/base/imageref.h"

static int add_container(struct rfa_host *host, const char *key, const json_t *c,
			 json_t *containers, struct rfa_error *err)
{
	char ref[512], version[256];
	const char *name = rfa_facts_str(c, "Name", "");
	json_t *image = NULL;
	int rc = host->engine->inspect(host, RFA_IMAGE, rfa_facts_str(c, "Image", ""), &image, err);

	/* A running container keeps its image's id even when the image's entry is gone. */
	if (rc == -(int)RFA_ENOTFOUND) {
		rfa_error_clear(err);
		rc = 0;
	}
	if (rc < 0)
		return rc;
	/* As the ledger has it: a digest is told by a tag. */
	rfa_imageref_tagged(rfa_facts_str(c, "Config/Image", ""), ref, sizeof(ref));
	rfa_imageref_version(ref, version, sizeof(version));
	json_t *layers = rfa_facts_at(image, "RootFS/Layers");
	json_t *container = json_pack(
	    "{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:o}", "key", key, "container",
	    name[0] == '/' ? name + 1 : name, "ref", ref, "version", version, "image",
	    rfa_facts_str(c, "Image", ""), "state", rfa_facts_str(c, "State/Status", "?"), "health",
	    rfa_facts_str(c, "State/Health/Status", ""), "ended", rfa_host_ended_well(c), "layers",
	    layers ? json_incref(layers) : json_array());
	json_decref(image);
	if (!container || json_array_append_new(containers, container) < 0)
		return rfa_fail_nomem(err);
	return 0;
}

static int look_at_containers(struct rfa_host *host, const json_t *names, json_t *containers,
			      struct rfa_error *err)
{
	json_t *name;
	size_t i;
	json_array_foreach ((json_t *)names, i, name) {
		const char *key = json_string_value(name);
		json_t *container = NULL;
		int rc = host->engine->inspect(host, RFA_CONTAINER, key, &container, err);
		if (rc == -(int)RFA_ENOTFOUND) {
			rfa_error_clear(err);
			rc = json_array_append_new(containers, json_pack("{s:s}", "key", key)) < 0
				 ? rfa_fail_nomem(err)
				 : 0;
		} else if (rc == 0) {
			rc = add_container(host, key, container, containers, err);
		}
		json_decref(container);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A label's key has dots and no slash, so a path reaches it. */
static const char *label_of(const json_t *container, const char *label)
{
	const json_t *labels = rfa_facts_at(container, "Config/Labels");
	const char *text = json_string_value(json_object_get(labels, label));
	return text ? text : "";
}

static int look_at_project(struct rfa_host *host, const json_t *compose, json_t *containers,
			   struct rfa_error *err)
{
	const char *project = rfa_facts_str(compose, "project", "");
	const json_t *services = json_object_get(compose, "services");
	json_t *all = NULL, *container;
	size_t i;
	int rc = host->engine->list(host, RFA_CONTAINER, &all, err);

	json_array_foreach (all, i, container) {
		const char *service = label_of(container, "com.docker.compose.service");
		if (strcmp(label_of(container, "com.docker.compose.project"), project) != 0 ||
		    strcmp(label_of(container, "com.docker.compose.oneoff"), "True") == 0 ||
		    (json_array_size(services) && !rfa_facts_has_text(services, service)))
			continue;
		if (rc == 0)
			rc = add_container(host, service, container, containers, err);
	}
	json_decref(all);
	return rc;
}

int rfa_observe_stack(struct rfa_host *host, const json_t *stack, json_t **out,
		      struct rfa_error *err)
{
	const json_t *compose = json_object_get(stack, "compose");
	json_t *containers = json_array();
	int rc = containers ? 0 : rfa_fail_nomem(err);

	if (rc == 0)
		rc =
		    look_at_containers(host, json_object_get(stack, "containers"), containers, err);
	if (rc == 0 && json_is_object(compose))
		rc = look_at_project(host, compose, containers, err);
	if (rc == 0)
		*out = containers;
	else
		json_decref(containers);
	return rc < 0 ? rfa_error_where(err, "%s", host->name) : 0;
}

const json_t *rfa_observe_find(const json_t *containers, const char *key)
{
	json_t *container;
	size_t i;
	json_array_foreach ((json_t *)containers, i, container) {
		if (strcmp(rfa_facts_str(container, "key", ""), key) == 0)
			return container;
	}
	return NULL;
}
