#include "fsm/steps/common/inspect.h"

#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"

const char *rfa_container_name(const json_t *inspect)
{
	const char *name = rfa_facts_str(inspect, "Name", "");

	return *name == '/' ? name + 1 : name;
}

const char *rfa_container_label(const json_t *inspect, const char *name)
{
	const char *text =
	    json_string_value(json_object_get(rfa_facts_at(inspect, "Config/Labels"), name));

	return text ? text : "";
}

int rfa_container_has_label(const json_t *inspect, const char *name)
{
	return json_object_get(rfa_facts_at(inspect, "Config/Labels"), name) != NULL;
}

const char *rfa_container_id(const json_t *inspect)
{
	return rfa_facts_str(inspect, "Id", "");
}

const char *rfa_container_image(const json_t *inspect)
{
	return rfa_facts_str(inspect, "Image", "");
}

const char *rfa_container_ref(const json_t *inspect)
{
	return rfa_facts_str(inspect, "Config/Image", "");
}

const char *rfa_container_started(const json_t *inspect)
{
	return rfa_facts_str(inspect, "State/StartedAt", "");
}

const char *rfa_container_health(const json_t *inspect)
{
	return rfa_facts_str(inspect, "State/Health/Status", "");
}

int rfa_container_running(const json_t *inspect)
{
	return rfa_facts_bool(inspect, "State/Running", 0);
}

int rfa_container_restarting(const json_t *inspect)
{
	return rfa_facts_bool(inspect, "State/Restarting", 0);
}

long long rfa_container_exit(const json_t *inspect)
{
	return (long long)rfa_facts_int(inspect, "State/ExitCode", 0);
}

json_t *rfa_container_networks(const json_t *inspect)
{
	return rfa_facts_at(inspect, "NetworkSettings/Networks");
}

json_t *rfa_image_layers(const json_t *inspect)
{
	return rfa_facts_at(inspect, "RootFS/Layers");
}

int rfa_container_paused(const json_t *inspect)
{
	return rfa_facts_bool(inspect, "State/Paused", 0);
}

int rfa_container_autoremove(const json_t *inspect)
{
	return rfa_facts_bool(inspect, "HostConfig/AutoRemove", 0);
}

int rfa_container_active(const json_t *inspect)
{
	return rfa_container_running(inspect) || rfa_container_restarting(inspect);
}

void rfa_container_policy(const json_t *inspect, char *out, size_t size)
{
	const char *name = rfa_facts_str(inspect, "HostConfig/RestartPolicy/Name", "");
	long long most =
	    (long long)rfa_facts_int(inspect, "HostConfig/RestartPolicy/MaximumRetryCount", 0);

	if (!strcmp(name, "on-failure") && most > 0)
		snprintf(out, size, "%s:%lld", name, most);
	else
		snprintf(out, size, "%s", *name ? name : "no");
}

/* on-failure too: what was told to stop has mostly ended with another status than 0. */
int rfa_container_comes_back(const json_t *inspect)
{
	const char *name = rfa_facts_str(inspect, "HostConfig/RestartPolicy/Name", "");

	return !strcmp(name, "always") || !strcmp(name, "on-failure");
}

json_t *rfa_container_named(const json_t *all, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		if (!strcmp(rfa_container_name(one), name))
			return one;
	}
	return NULL;
}

json_t *rfa_container_mounts(const json_t *inspect)
{
	return json_object_get(inspect, "Mounts");
}

const char *rfa_mount_source(const json_t *mount)
{
	return rfa_facts_str(mount, "Source", "");
}

const char *rfa_mount_destination(const json_t *mount)
{
	return rfa_facts_str(mount, "Destination", "");
}

const char *rfa_mount_volume(const json_t *mount)
{
	return strcmp(rfa_facts_str(mount, "Type", ""), "volume")
		   ? ""
		   : rfa_facts_str(mount, "Name", "");
}

/* Only what was asked for tells. */
const char *rfa_mount_part(const json_t *inspect, const json_t *mount)
{
	const char *to = rfa_mount_destination(mount);
	json_t *asked;
	size_t i;

	json_array_foreach (rfa_facts_at(inspect, "HostConfig/Mounts"), i, asked) {
		if (!strcmp(rfa_facts_str(asked, "Target", "-"), to))
			return rfa_facts_str(asked, "VolumeOptions/Subpath", "");
	}
	return "";
}

int rfa_mount_writes(const json_t *mount)
{
	return rfa_facts_bool(mount, "RW", 1);
}

const json_t *rfa_volume_named(const json_t *all, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach (all, i, one) {
		if (!strcmp(rfa_facts_str(one, "Name", ""), name))
			return one;
	}
	return NULL;
}

const char *rfa_volume_place(const json_t *volume)
{
	return rfa_facts_str(volume, "Mountpoint", "");
}

const char *rfa_volume_driver(const json_t *volume)
{
	return rfa_facts_str(volume, "Driver", "");
}

size_t rfa_volume_options(const json_t *volume)
{
	return json_object_size(json_object_get(volume, "Options"));
}

int rfa_path_in(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	while (n && outer[n - 1] == '/')
		n--;
	return !strncmp(outer, inner, n) && (!inner[n] || inner[n] == '/');
}

int rfa_where_in(const json_t *outer, const json_t *inner)
{
	const char *entry = rfa_facts_str(outer, "entry", "");

	if (*entry && (!strcmp(entry, rfa_facts_str(inner, "entry", "")) ||
		       rfa_facts_has_text(json_object_get(inner, "above"), entry)))
		return 1;
	return *rfa_where_real(outer) && *rfa_where_real(inner) &&
	       rfa_path_in(rfa_where_real(outer), rfa_where_real(inner));
}

int rfa_tree_is_sqlite(const json_t *seen)
{
	return !strcmp(rfa_facts_str(seen, "type", ""), "f") && rfa_facts_bool(seen, "sqlite", 0);
}

const char *rfa_where_real(const json_t *where)
{
	return rfa_facts_str(where, "real", "");
}

int rfa_where_parent(const json_t *where)
{
	return rfa_facts_bool(where, "parent", 0);
}

/* Calls one() for each mount that has a path. */
static int each_mount(json_t *all, json_t *with, int (*one)(json_t *mount, json_t *with))
{
	json_t *c, *mount;
	size_t i, j;

	json_array_foreach (all, i, c) {
		json_array_foreach (rfa_container_mounts(c), j, mount) {
			if (*rfa_mount_source(mount) == '/' && one(mount, with))
				return -1;
		}
	}
	return 0;
}

static int ask_for(json_t *mount, json_t *paths)
{
	const char *source = rfa_mount_source(mount);

	if (rfa_facts_has_text(paths, source))
		return 0;
	return json_array_append_new(paths, json_string(source));
}

static int take_answer(json_t *mount, json_t *found)
{
	json_t *where = json_object_get(found, rfa_mount_source(mount));

	return where ? json_object_set(mount, "where", where) : 0;
}

int rfa_mounts_where(struct rfa_host *host, json_t *all, struct rfa_error *err)
{
	json_t *paths = json_array();
	json_t *found = NULL;
	int rc = paths && !each_mount(all, paths, ask_for) ? 0 : rfa_fail_nomem(err);

	if (!rc && json_array_size(paths))
		rc = host->trees->where(host, paths, &found, err);
	if (!rc && each_mount(all, found, take_answer))
		rc = rfa_fail_nomem(err);
	json_decref(paths);
	json_decref(found);
	return rc;
}

const json_t *rfa_mount_where(const json_t *mount)
{
	return json_object_get(mount, "where");
}
