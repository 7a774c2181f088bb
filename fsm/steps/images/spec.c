/* Making the same container again (Docker Engine API, ContainerCreate and ContainerInspect). */
#include "fsm/base/facts.h"
#include "fsm/steps/images/spec.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/inspect.h"
#include "fsm/steps/common/observe.h"
#include "fsm/steps/images/spec_fields.h"

/* Volumes. */

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

/* Networks. */

/*
 * The engine shows an address that it made as it shows one that it was given; those that it makes
 * out of the endpoint's IP address (before engine 28) are known by it. Given again, they would
 * stay when the IP address is another's.
 */
static int is_made(const char *mac, const json_t *endpoint)
{
	unsigned ip[4] = { 0 };
	char made[24];

	if (sscanf(rfa_facts_str(endpoint, "IPAddress", ""), "%3u.%3u.%3u.%3u", &ip[0], &ip[1],
		   &ip[2], &ip[3]) != 4)
		return 0;
	snprintf(made, sizeof(made), "02:42:%02x:%02x:%02x:%02x", ip[0], ip[1], ip[2], ip[3]);
	return !strcmp(mac, made);
}

/* What the operator asked for of a network, without what the engine assigned. */
static int endpoint_of(const json_t *network, const char *short_id, json_t **out,
		       struct rfa_error *err)
{
	const char *mac = rfa_facts_str(network, "MacAddress", "");
	const json_t *given = json_object_get(network, "Aliases");
	json_t *aliases = rfa_facts_copy(given);
	size_t shown = json_array_size(aliases);
	json_t *endpoint = json_object();
	const struct rfa_spec_field *row;
	size_t n, i;
	int rc = endpoint && (aliases || !given) ? 0 : rfa_fail_nomem(err);

	for (row = rfa_spec_fields(&n); n-- && !rc; row++) {
		json_t *v = json_object_get(network, row->name);

		if (row->part == RFA_SPEC_ENDPOINT && row->rule == RFA_SPEC_AS_SHOWN && v &&
		    !json_is_null(v))
			rc = rfa_facts_set(endpoint, row->name, json_incref(v), err);
	}
	for (i = shown; i-- > 0;) {
		const char *alias = json_string_value(json_array_get(aliases, i));

		if (!alias || !strcmp(alias, short_id))
			json_array_remove(aliases, i);
	}
	/* A list that had only the id was no list. */
	if (!rc && json_is_array(aliases) && (json_array_size(aliases) || !shown))
		rc = rfa_facts_set(endpoint, "Aliases", json_incref(aliases), err);
	if (!rc && *mac && !is_made(mac, network))
		rc = rfa_facts_set(endpoint, "MacAddress", json_string(mac), err);
	json_decref(aliases);
	if (rc)
		json_decref(endpoint);
	else
		*out = endpoint;
	return rc;
}

/* The network that the mode names, by its name or by its id (or the beginning of one). */
static int is_main(const char *name, const json_t *network, const char *mode)
{
	const char *id = rfa_facts_str(network, "NetworkID", "");

	return !strcmp(name, mode) || (strlen(mode) >= 12 && !strncmp(id, mode, strlen(mode)));
}

/* The network that a created container is in, whatever else is asked for; NULL: it has none. */
static const char *network_of(const json_t *container)
{
	const char *mode = rfa_facts_str(container, "HostConfig/NetworkMode", "default");

	if (!strcmp(mode, "host") || !strncmp(mode, "container:", 10) ||
	    rfa_facts_bool(container, "Config/NetworkDisabled", 0))
		return NULL;
	return !*mode || !strcmp(mode, "default") ? "bridge" : mode;
}

/*
 * Exactly the networks that it is in: the others are connected to, and the one that its mode names
 * is left, if it was taken out of that.
 */
static int carry_networks(json_t *body, const json_t *container, const char *short_id,
			  struct rfa_error *err)
{
	json_t *networks = rfa_container_networks(container);
	const char *first = network_of(container);
	json_t *further = json_object();
	const char *name;
	json_t *network;
	int in_first = 0;
	int rc = further ? 0 : rfa_fail_nomem(err);

	if (!first || !json_is_object(networks))
		goto done;
	json_object_foreach (networks, name, network) {
		int is_first = is_main(name, network, first);
		json_t *endpoint = NULL;

		in_first |= is_first;
		if (rc || (is_first && !strcmp(first, "none")))
			continue;
		rc = endpoint_of(network, short_id, &endpoint, err);
		if (!rc && !is_first)
			rc = rfa_facts_set(further, name, endpoint, err);
		else if (!rc)
			rc = rfa_facts_set(
			    body, "NetworkingConfig",
			    json_pack("{s:{s:o}}", "EndpointsConfig", name, endpoint), err);
	}
	if (!rc && !in_first)
		rc = rfa_facts_set(further, first, json_null(), err);
	if (!rc && json_object_size(further))
		rc = rfa_facts_set(body, "x-rfa-networks", json_incref(further), err);
done:
	json_decref(further);
	return rc;
}

/* The address of the whole container, as engines before API 1.44 know it, and later ones show. */
static void carry_mac_address(json_t *body, const json_t *container)
{
	const char *mac = rfa_facts_str(body, "MacAddress", "");
	json_t *networks = rfa_container_networks(container);
	const char *name;
	json_t *network;
	int made = !*mac;

	json_object_foreach (networks, name, network) {
		made |= is_made(mac, network);
	}
	if (made)
		json_object_del(body, "MacAddress");
}

/*
 * A host name that the engine made from the id would name a container that is gone; one that
 * belongs to somebody else (another container, the host) is refused by the engine.
 */
static void carry_hostname(json_t *body, const json_t *container, const char *short_id)
{
	const char *mode = rfa_facts_str(container, "HostConfig/NetworkMode", "");

	if (!strcmp(rfa_facts_str(body, "Hostname", ""), short_id) ||
	    !strncmp(mode, "container:", 10) ||
	    !strcmp(rfa_facts_str(container, "HostConfig/UTSMode", ""), "host"))
		json_object_del(body, "Hostname");
}

/* *out (new): its Config with its HostConfig in it. */
static int copy_config(const json_t *container, json_t **out, struct rfa_error *err)
{
	const json_t *config = json_object_get(container, "Config");
	const json_t *host_config = json_object_get(container, "HostConfig");
	json_t *body;
	int rc;

	if (!json_is_object(config) || !json_is_object(host_config))
		return rfa_fail(err, RFA_EPROTOCOL, "docker",
				"the container %s has no configuration",
				rfa_facts_str(container, "Name", "?"));
	body = rfa_facts_copy(config);
	rc = body ? rfa_facts_set(body, "HostConfig", rfa_facts_copy(host_config), err)
		  : rfa_fail_nomem(err);
	if (rc)
		json_decref(body);
	else
		*out = body;
	return rc;
}

int rfa_spec_body(const json_t *container, const json_t *image, const char *ref, json_t **out,
		  struct rfa_error *err)
{
	const json_t *defaults = json_object_get(image, "Config");
	json_t *host_config, *body = NULL;
	char short_id[13];
	int rc = copy_config(container, &body, err);

	if (rc)
		return rc;
	host_config = json_object_get(body, "HostConfig");
	snprintf(short_id, sizeof(short_id), "%.12s", rfa_container_id(container));
	rc = rfa_spec_take_image_away(body, json_is_object(defaults) ? defaults : NULL, err);
	if (rc)
		goto done;
	carry_hostname(body, container, short_id);
	carry_mac_address(body, container);
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

/* What cannot be carried over. */

struct obstacle {
	const char *field;
	const char *prefix; /* of the text there; NULL: the field is true, or a list with entries */
	const char *why;
	const char *hint;
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

/* Who has made it; `prefix` is the label that tells. */
static const struct obstacle owners[] = {
	{ "Config/Labels", "com.docker.compose.project", "it belongs to a Compose project",
	  "list it under \"compose\" in rfa.json, not under \"containers\"" },
	{ "Config/Labels", "com.docker.swarm.task.id", "a swarm owns it",
	  "take it out of the swarm" },
};

static int stands_in_way(const json_t *container, const struct obstacle *o)
{
	const json_t *v = rfa_facts_at(container, o->field);

	if (o->prefix)
		return json_is_string(v) &&
		       !strncmp(json_string_value(v), o->prefix, strlen(o->prefix));
	return json_is_true(v) || json_array_size(v) > 0;
}

static void add_obstacle(struct rfa_pool *pool, struct rfa_obstacle_list *out,
			 const json_t *container, const struct obstacle *o)
{
	struct rfa_obstacle *one = RFA_ADD(pool, obstacle, out);
	const char *name = rfa_container_name(container);

	one->container = *name ? rfa_pool_text(pool, name) : "?";
	one->field = o->field;
	one->why = o->why;
	one->hint = o->hint;
}

void rfa_spec_obstacles(const json_t *container, struct rfa_pool *pool,
			struct rfa_obstacle_list *out)
{
	size_t i;

	for (i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++)
		if (stands_in_way(container, &obstacles[i]))
			add_obstacle(pool, out, container, &obstacles[i]);
	for (i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		if (rfa_container_has_label(container, owners[i].prefix))
			add_obstacle(pool, out, container, &owners[i]);
}

/* A rollback point's description. */

const struct rfa_specs *rfa_specs_of(const struct rfa_ctx *ctx)
{
	return ctx->plan->point ? ctx->plan->point->specs : NULL;
}

const json_t *rfa_specs_container(const json_t *specs, const char *name)
{
	return json_object_get(json_object_get(json_object_get(specs, "containers"), name),
			       "container");
}

const json_t *rfa_specs_image(const json_t *specs, const char *name)
{
	return json_object_get(json_object_get(json_object_get(specs, "containers"), name),
			       "image");
}

static int read_checked(const struct rfa_ctx *ctx, const struct rfa_specs *is, json_t **out,
			struct rfa_buf *text, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_error ignored;
	char digest[65] = "";
	int rc = host->files->read(host, is->file, RFA_FACTS_MAX_BYTES, text, err);

	if (rc)
		return rc;
	/* What is no JSON is no more the one than what has another digest. */
	if (!rfa_facts_parse(out, rfa_buf_str(text), text->len, is->file, &ignored))
		rc = rfa_facts_digest(*out, digest, err);
	if (!rc && strcmp(digest, is->sha256) != 0) {
		rfa_fail(err, RFA_EMISMATCH, "rollback",
			 "the point's description of its containers is not the one that the ledger "
			 "names");
		rc = rfa_error_where(err, "%s:%s", host->name, is->file);
	}
	return rc;
}

int rfa_specs_read(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	const struct rfa_specs *is = rfa_specs_of(ctx);
	struct rfa_buf text = RFA_BUF_INIT(RFA_FACTS_MAX_BYTES);
	json_t *specs = NULL;
	int rc = is ? read_checked(ctx, is, &specs, &text, err)
		    : rfa_fail(err, RFA_ENOTFOUND, "rollback", "no description is named");

	if (rc)
		json_decref(specs);
	else
		*out = specs;
	rfa_buf_release(&text);
	return rc;
}

static int point_body(const struct rfa_ctx *ctx, const char *name, const char *ref, json_t **out,
		      struct rfa_error *err)
{
	json_t *image = NULL;
	json_t *specs = NULL;
	int rc = rfa_specs_read(ctx, &specs, err);

	if (rc)
		return rc;
	image = json_pack("{s:O?}", "Config", rfa_specs_image(specs, name));
	rc = image ? rfa_spec_body(rfa_specs_container(specs, name), image, ref, out, err)
		   : rfa_fail_nomem(err);
	json_decref(image);
	json_decref(specs);
	return rc;
}

int rfa_spec_like(struct rfa_ctx *ctx, const json_t *old, const char *ref, json_t **out,
		  struct rfa_error *err)
{
	json_t *image = NULL;
	int rc = rfa_inspect_or_null(ctx->host, RFA_IMAGE, rfa_container_image(old), &image, err);

	if (!rc)
		rc = rfa_spec_body(old, image, ref, out, err);
	json_decref(image);
	return rc;
}

int rfa_spec_successor(struct rfa_ctx *ctx, const char *name, const json_t *old, const char *ref,
		       json_t **out, struct rfa_error *err)
{
	return rfa_specs_of(ctx) ? point_body(ctx, name, ref, out, err)
				 : rfa_spec_like(ctx, old, ref, out, err);
}

void rfa_pins_path(const struct rfa_ctx *ctx, char *out, size_t size)
{
	const struct rfa_stack_compose *compose = rfa_ctx_stack_here(ctx)->compose;

	snprintf(out, size, "%s/stacks/%s/images.json", ctx->host->state_dir,
		 compose && *compose->project ? compose->project : ctx->plan->stack);
}

void rfa_pins_old_path(const struct rfa_ctx *ctx, char *out, size_t size)
{
	snprintf(out, size, "%s/stacks/%s/images.json", ctx->host->state_dir, ctx->plan->stack);
}
