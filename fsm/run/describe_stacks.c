/* The stacks of a host: what is needed to make their containers again. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/run/describe_parts.h"
#include "fsm/steps/images/image_set.h"
#include "fsm/steps/common/inspect.h"
#include "fsm/steps/images/spec.h"

const char *rfa_describe_label(const json_t *container, const char *label)
{
	const json_t *labels = rfa_facts_at(container, "Config/Labels");
	const char *text = json_string_value(json_object_get(labels, label));

	return text ? text : "";
}

static int add_once(json_t *list, const char *text, struct rfa_error *err)
{
	if (rfa_facts_has_text(list, text))
		return 0;
	return json_array_append_new(list, json_string(text)) ? rfa_fail_nomem(err) : 0;
}

/* *out (borrowed): the member of that name, made if there is none. */
static int member(json_t *object, const char *key, json_t *fresh, json_t **out,
		  struct rfa_error *err)
{
	int rc = 0;

	*out = json_object_get(object, key);
	if (*out) {
		json_decref(fresh);
		return 0;
	}
	rc = rfa_facts_set(object, key, fresh, err);
	*out = json_object_get(object, key);
	return rc;
}

/* What the container has of its host's files has to be elsewhere too, before it is made there. */
static int add_requires(struct rfa_describe *d, const json_t *container, json_t *stack,
			struct rfa_error *err)
{
	json_t *bootstrap = NULL, *list = NULL, *mount;
	size_t i;
	int rc = member(stack, "bootstrap", json_object(), &bootstrap, err);

	if (!rc)
		rc = member(bootstrap, "requires", json_array(), &list, err);
	json_array_foreach (json_object_get(container, "Mounts"), i, mount) {
		const char *source = rfa_facts_str(mount, "Source", "");
		struct rfa_file_stat st;
		char path[512];

		if (rc || strcmp(rfa_facts_str(mount, "Type", ""), "bind") != 0)
			continue;
		rc = d->host->files->stat(d->host, source, &st, err);
		snprintf(path, sizeof(path), "%s%s", source,
			 !rc && st.type == 'd' && strcmp(source, "/") != 0 ? "/" : "");
		if (!rc)
			rc = add_once(list, path, err);
	}
	return rc;
}

static int add_obstacles(struct rfa_describe *d, const char *stack, const json_t *container,
			 struct rfa_error *err)
{
	struct rfa_obstacle_list list = { NULL, 0 };
	struct rfa_pool pool = RFA_POOL_INIT;
	const struct rfa_obstacle *one;
	int rc;

	rfa_spec_obstacles(container, &pool, &list);
	rc = rfa_pool_check(&pool, err);
	RFA_EACH (one, list)
		rfa_describe_note(d, stack, rfa_container_name(container), "%s: %s", one->why,
				  one->hint);
	rfa_pool_release(&pool);
	return rc;
}

int rfa_describe_container(struct rfa_describe *d, const char *name, const json_t *container,
			   struct rfa_error *err)
{
	json_t *image = NULL, *body = NULL, *stack, *list, *bodies;
	int rc = member(d->stacks, name, json_object(), &stack, err);

	if (!rc)
		rc = member(stack, "containers", json_array(), &list, err);
	if (!rc)
		rc = add_once(list, rfa_container_name(container), err);
	if (!rc)
		rc = add_requires(d, container, stack, err);
	if (!rc)
		rc = add_obstacles(d, name, container, err);
	if (!rc)
		rc = rfa_inspect_or_null(d->host, RFA_IMAGE, rfa_facts_str(container, "Image", ""),
					 &image, err);
	if (!rc)
		rc = rfa_spec_body(container, image, "", &body, err);
	if (!rc)
		rc = rfa_describe_refer(d, name, rfa_container_name(container), body, err);
	if (!rc)
		rc = member(json_object_get(stack, "bootstrap"), "containers", json_object(),
			    &bodies, err);
	if (!rc) {
		rfa_describe_drop_defaults(body);
		rc = rfa_facts_set(bodies, rfa_container_name(container), json_incref(body), err);
	}
	json_decref(image);
	json_decref(body);
	return rc;
}

/* Files that a label lists, as the stack names them; those that rfa itself added are not its own.
 */
static int add_files(struct rfa_describe *d, json_t *stack, const char *key, const char *label,
		     const char *directory, struct rfa_error *err)
{
	json_t *compose = json_object_get(stack, "compose");
	size_t folder = strlen(directory);
	size_t state = strlen(d->host->state_dir);
	json_t *list, *required;
	int rc = member(compose, key, json_array(), &list, err);

	if (!rc)
		rc = member(json_object_get(stack, "bootstrap"), "requires", json_array(),
			    &required, err);
	while (!rc && *label) {
		size_t len = strcspn(label, ",");
		char path[512];

		snprintf(path, sizeof(path), "%.*s", (int)len, label);
		label += len + (label[len] == ',');
		if (!*path || (!strncmp(path, d->host->state_dir, state) && path[state] == '/'))
			continue;
		rc = add_once(required, path, err);
		if (!rc)
			rc = add_once(list,
				      !strncmp(path, directory, folder) && path[folder] == '/'
					  ? path + folder + 1
					  : path,
				      err);
	}
	if (!rc && !json_array_size(list))
		json_object_del(compose, key);
	return rc;
}

int rfa_describe_project(struct rfa_describe *d, const char *project, const json_t *container,
			 struct rfa_error *err)
{
	const char *directory =
	    rfa_describe_label(container, "com.docker.compose.project.working_dir");
	json_t *stack, *compose;
	int rc = member(d->stacks, project, json_object(), &stack, err);

	if (!rc && json_object_get(stack, "compose"))
		return add_requires(d, container, stack, err);
	if (!rc)
		rc = member(stack, "compose",
			    json_pack("{s:s, s:s}", "project", project, "directory", directory),
			    &compose, err);
	if (!rc)
		rc = add_requires(d, container, stack, err);
	if (!rc)
		rc = add_files(
		    d, stack, "files",
		    rfa_describe_label(container, "com.docker.compose.project.config_files"),
		    directory, err);
	if (!rc)
		rc = add_files(
		    d, stack, "env_files",
		    rfa_describe_label(container, "com.docker.compose.project.environment_file"),
		    directory, err);
	return rc;
}
