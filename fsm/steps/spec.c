/* Making the same container again (Docker Engine API, ContainerCreate and ContainerInspect). */
#include "fsm/steps/spec.h"

#include <stdio.h>
#include <string.h>

/* Drops members of `object` that `defaults` has with an equal value. */
static void drop_equal_members(json_t *object, const json_t *defaults)
{
	const char *key;
	json_t *value;
	void *tmp;

	json_object_foreach_safe (object, tmp, key, value) {
		const json_t *d = json_object_get(defaults, key);

		if (d && json_equal(d, value))
			json_object_del(object, key);
	}
}

/* Drops entries of an array that `defaults` has too (Env, whose entries are whole "K=V" texts). */
static void drop_equal_entries(json_t *array, const json_t *defaults)
{
	size_t i = 0;

	while (i < json_array_size(array)) {
		json_t *entry = json_array_get(array, i);
		json_t *d;
		size_t j;
		int found = 0;

		json_array_foreach ((json_t *)(uintptr_t)defaults, j, d) {
			found |= json_equal(d, entry);
		}
		if (found)
			json_array_remove(array, i);
		else
			i++;
	}
}

static int same(const json_t *a, const json_t *b, const char *field)
{
	const json_t *x = json_object_get(a, field);
	const json_t *y = json_object_get(b, field);
	int no_x = !x || json_is_null(x);
	int no_y = !y || json_is_null(y);

	return (no_x && no_y) || (x && y && json_equal(x, y));
}

/* What the old image gave by default goes, so that the new image's own defaults hold. */
static void subtract_image(json_t *config, const json_t *image)
{
	static const char *const scalars[] = { "User", "WorkingDir", "StopSignal", "Healthcheck" };
	const json_t *defaults = json_object_get(image, "Config");
	int same_entrypoint = same(config, defaults, "Entrypoint");
	size_t i;

	if (!json_is_object(defaults))
		return;
	drop_equal_entries(json_object_get(config, "Env"), json_object_get(defaults, "Env"));
	drop_equal_members(json_object_get(config, "Labels"), json_object_get(defaults, "Labels"));
	drop_equal_members(json_object_get(config, "ExposedPorts"),
			   json_object_get(defaults, "ExposedPorts"));
	drop_equal_members(json_object_get(config, "Volumes"),
			   json_object_get(defaults, "Volumes"));
	for (i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		if (same(config, defaults, scalars[i]))
			json_object_del(config, scalars[i]);
	/*
	 * An entrypoint of its own empties the image's command, so a command stays with it, and so
	 * does an emptied one: without the entrypoint the engine would fill in the image's.
	 */
	if (!same_entrypoint ||
	    (!json_array_size(json_object_get(config, "Cmd")) && !same(config, defaults, "Cmd")))
		return;
	if (same(config, defaults, "Cmd"))
		json_object_del(config, "Cmd");
	json_object_del(config, "Entrypoint");
}

/* Is `text`, up to its end or a ':', the path `to`? The operator may have written "/data/". */
static int is_place(const char *text, const char *to)
{
	size_t len = strcspn(text, ":");

	while (len > 1 && text[len - 1] == '/')
		len--;
	return len == strlen(to) && !strncmp(text, to, len);
}

/*
 * Volumes without a name of the operator's (VOLUME in the image, or -v /path) are known only by
 * the Mounts of the inspect object: bound by name, the new container has the same data.
 */
static int carry_volumes(json_t *host_config, const json_t *container, struct rfa_error *err)
{
	json_t *binds = json_object_get(host_config, "Binds");
	json_t *asked = json_object_get(host_config, "Mounts");
	int had = json_is_array(binds);
	json_t *mount;
	size_t i;

	if (!had) {
		binds = json_array();
		if (!binds || json_object_set_new(host_config, "Binds", binds))
			return rfa_fail_nomem(err);
	}
	json_array_foreach (json_object_get(container, "Mounts"), i, mount) {
		const char *to = rfa_facts_str(mount, "Destination", "");
		const char *name = rfa_facts_str(mount, "Name", "");
		json_t *one;
		size_t j;
		int known = strcmp(rfa_facts_str(mount, "Type", ""), "volume") != 0 || !*name;

		json_array_foreach (binds, j, one) {
			const char *text = json_string_value(one);
			const char *colon = text ? strchr(text, ':') : NULL;

			known |= colon && is_place(colon + 1, to);
		}
		json_array_foreach (asked, j, one) {
			known |= is_place(rfa_facts_str(one, "Target", ""), to) &&
				 *rfa_facts_str(one, "Source", "");
		}
		if (known)
			continue;
		/* An anonymous volume asked for as a mount would be made anew beside the bind. */
		json_array_foreach (asked, j, one) {
			if (is_place(rfa_facts_str(one, "Target", ""), to)) {
				json_array_remove(asked, j);
				break;
			}
		}
		one =
		    json_sprintf("%s:%s%s", name, to, rfa_facts_bool(mount, "RW", 1) ? "" : ":ro");
		if (json_array_append_new(binds, one))
			return rfa_fail_nomem(err);
	}
	/* None stays none: the engine tells a list without entries from no list. */
	if (!json_array_size(binds) && !had)
		json_object_del(host_config, "Binds");
	return 0;
}

/* What the operator asked for of a network, without what the engine assigned. */
static json_t *endpoint_of(const json_t *network, const char *short_id)
{
	static const char *const fields[] = { "IPAMConfig", "Links", "DriverOpts", "GwPriority" };
	json_t *aliases = json_array();
	json_t *out = json_object();
	json_t *alias;
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		json_t *v = json_object_get(network, fields[i]);

		if (v && !json_is_null(v))
			json_object_set(out, fields[i], v);
	}
	json_array_foreach (json_object_get(network, "Aliases"), i, alias) {
		/* Engines before 25 list the container's own short id here. */
		if (json_is_string(alias) && strcmp(json_string_value(alias), short_id) != 0)
			json_array_append(aliases, alias);
	}
	if (json_array_size(aliases))
		json_object_set(out, "Aliases", aliases);
	json_decref(aliases);
	return out;
}

/* The network that the mode names, by its name or by its id (or the beginning of one). */
static int is_main(const char *name, const json_t *network, const char *mode)
{
	const char *id = rfa_facts_str(network, "NetworkID", "");

	return !strcmp(name, mode) || (strlen(mode) >= 12 && !strncmp(id, mode, strlen(mode)));
}

static int takes_networks(const char *mode)
{
	return strcmp(mode, "host") != 0 && strcmp(mode, "none") != 0 &&
	       strncmp(mode, "container:", 10) != 0;
}

static int carry_networks(json_t *body, const json_t *container, const char *short_id,
			  struct rfa_error *err)
{
	const char *mode = rfa_facts_str(container, "HostConfig/NetworkMode", "default");
	json_t *networks = rfa_facts_at(container, "NetworkSettings/Networks");
	json_t *further = json_object();
	const char *name;
	json_t *network;
	int rc = further ? 0 : rfa_fail_nomem(err);

	if (!strcmp(mode, "default"))
		mode = "bridge";
	if (!takes_networks(mode))
		goto done;
	json_object_foreach (networks, name, network) {
		json_t *endpoint = endpoint_of(network, short_id);

		if (!is_main(name, network, mode))
			rc = rfa_facts_set(further, name, endpoint, err);
		else
			rc = rfa_facts_set(
			    body, "NetworkingConfig",
			    json_pack("{s:{s:o}}", "EndpointsConfig", name, endpoint), err);
		if (rc)
			goto done;
	}
	if (json_object_size(further))
		rc = rfa_facts_set(body, "x-rfa-networks", json_incref(further), err);
done:
	json_decref(further);
	return rc;
}

int rfa_spec_body(const json_t *container, const json_t *image, const char *ref, json_t **out,
		  struct rfa_error *err)
{
	const char *mode = rfa_facts_str(container, "HostConfig/NetworkMode", "default");
	json_t *body = json_deep_copy(json_object_get(container, "Config"));
	json_t *host_config = json_deep_copy(json_object_get(container, "HostConfig"));
	char short_id[13];
	int rc;

	snprintf(short_id, sizeof(short_id), "%.12s", rfa_facts_str(container, "Id", ""));
	if (!json_is_object(body) || !json_is_object(host_config)) {
		json_decref(body);
		json_decref(host_config);
		return rfa_fail(err, RFA_EPROTOCOL, "docker",
				"the container %s has no configuration",
				rfa_facts_str(container, "Name", "?"));
	}
	rc = rfa_facts_set(body, "HostConfig", host_config, err);
	if (rc)
		goto done;
	if (image)
		subtract_image(body, image);
	/*
	 * A host name that the engine made from the id would name a container that is gone; one
	 * that belongs to somebody else (another container, the host) is refused by the engine.
	 */
	if (!strcmp(rfa_facts_str(body, "Hostname", ""), short_id) ||
	    !strncmp(mode, "container:", 10) ||
	    !strcmp(rfa_facts_str(host_config, "UTSMode", ""), "host"))
		json_object_del(body, "Hostname");
	json_object_del(body, "OnBuild");
	rc = rfa_facts_set(body, "Image", json_string(ref), err);
	if (!rc)
		rc = carry_volumes(host_config, container, err);
	if (!rc)
		rc = carry_networks(body, container, short_id, err);
done:
	if (rc)
		json_decref(body);
	else
		*out = body;
	return rc;
}

/* ---- what cannot be carried over --------------------------------------------------------------
 */

struct obstacle {
	const char *field;
	const char *prefix; /* of the text there; NULL: the field is true, or a list with entries */
	const char *why;
	const char *mend;
};

static const struct obstacle obstacles[] = {
	{ "HostConfig/AutoRemove", NULL, "it is removed as soon as it stops (--rm)",
	  "start it without --rm" },
	{ "HostConfig/NetworkMode", "container:", "it lives in another container's network",
	  "give it a network of its own" },
	{ "HostConfig/IpcMode", "container:", "it lives in another container's IPC namespace",
	  "start it without --ipc container:…" },
	{ "HostConfig/PidMode", "container:", "it lives in another container's process namespace",
	  "start it without --pid container:…" },
	{ "HostConfig/VolumesFrom", NULL, "it takes volumes from another container",
	  "name its volumes with -v instead of --volumes-from" },
	{ "HostConfig/Links", NULL, "it is linked to other containers (--link)",
	  "use a network with aliases instead of --link" },
	{ "State/Paused", NULL, "it is paused", "docker unpause it" },
};

static int stands_in_way(const json_t *container, const struct obstacle *o)
{
	const json_t *v = rfa_facts_at(container, o->field);

	if (o->prefix)
		return json_is_string(v) &&
		       !strncmp(json_string_value(v), o->prefix, strlen(o->prefix));
	return json_is_true(v) || json_array_size(v) > 0;
}

static int add_obstacle(json_t *list, const json_t *container, const char *field, const char *why,
			const char *mend, struct rfa_error *err)
{
	const char *name = rfa_facts_str(container, "Name", "?");
	json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "container", *name == '/' ? name + 1 : name,
				"field", field, "why", why, "mend", mend);

	return !one || json_array_append_new(list, one) ? rfa_fail_nomem(err) : 0;
}

int rfa_spec_obstacles(const json_t *container, json_t *list, struct rfa_error *err)
{
	const json_t *labels = rfa_facts_at(container, "Config/Labels");
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]) && !rc; i++)
		if (stands_in_way(container, &obstacles[i]))
			rc = add_obstacle(list, container, obstacles[i].field, obstacles[i].why,
					  obstacles[i].mend, err);
	if (!rc && json_object_get(labels, "com.docker.compose.project"))
		rc = add_obstacle(
		    list, container, "Config/Labels", "it belongs to a Compose project",
		    "list it under \"compose\" in rfa.json, not under \"containers\"", err);
	if (!rc && json_object_get(labels, "com.docker.swarm.task.id"))
		rc = add_obstacle(list, container, "Config/Labels", "a swarm owns it",
				  "take it out of the swarm", err);
	return rc;
}

int rfa_specs_read(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	const char *path = rfa_facts_str(ctx->plan, "point/specs/file", "");
	const char *want = rfa_facts_str(ctx->plan, "point/specs/sha256", "");
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	struct rfa_error ignored;
	json_t *specs = NULL;
	char digest[65] = "";
	int rc;

	rc = ctx->target->ops->file_read(ctx->target, path, RFA_FACTS_MAX_BYTES, &text, err);
	if (rc)
		goto done;
	/* What is no JSON is no more the one than what has another digest. */
	if (!rfa_facts_parse(&specs, rfa_buf_str(&text), text.len, path, &ignored))
		rc = rfa_facts_digest(specs, digest, err);
	if (!rc && strcmp(digest, want) != 0) {
		rfa_fail(err, RFA_EMISMATCH, "rollback",
			 "the point's description of its containers is not the one that the ledger "
			 "names");
		rc = rfa_error_where(err, "%s:%s", ctx->target->name, path);
	}
done:
	if (rc)
		json_decref(specs);
	else
		*out = specs;
	rfa_buf_release(&text);
	return rc;
}

void rfa_pins_path(const struct rfa_ctx *ctx, char *out, size_t size)
{
	snprintf(out, size, "%s/stacks/%s/images.json", ctx->target->state_dir,
		 rfa_facts_str(ctx->plan, "stack", ""));
}
