/* Which containers use a stack's data, and in which order they stop and start. */
#include "fsm/steps/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/members.h"

static json_t *user_with(const json_t *users, const char *field, const char *value)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)users, i, one) {
		if (!strcmp(rfa_facts_str(one, field, ""), value))
			return one;
	}
	return NULL;
}

static const char *label(const json_t *inspect, const char *name)
{
	const char *text =
	    json_string_value(json_object_get(rfa_facts_at(inspect, "Config/Labels"), name));

	return text ? text : "";
}

static const char *project_of(const json_t *inspect)
{
	return label(inspect, "com.docker.compose.project");
}

static const char *service_of(const json_t *inspect)
{
	return label(inspect, "com.docker.compose.service");
}

static int is_kept_running(const json_t *stack, const json_t *inspect)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(stack, "keep_running"), i, one) {
		const char *name = json_string_value(one);

		if (!strcmp(name, rfa_container_name(inspect)) ||
		    !strcmp(name, service_of(inspect)))
			return 1;
	}
	return 0;
}

static int add_user(json_t *users, const char *name, const char *shape, const json_t *inspect,
		    struct rfa_error *err)
{
	json_t *one =
	    json_pack("{s:s, s:s, s:s, s:s, s:[], s:O?}", "key", name, "shape", shape, "container",
		      name, "id", rfa_facts_str(inspect, "Id", ""), "needs", "inspect", inspect);

	if (one && !inspect)
		json_object_set_new(one, "inspect", json_null());
	return !one || json_array_append_new(users, one) ? rfa_fail_nomem(err) : 0;
}

/* ---- a Compose project ------------------------------------------------------------------------
 */

/*
 * Compose keeps it as "db:service_healthy:true,cache:service_started:false". 1 if `inspect` depends
 * on the service; *healthy: only once that is healthy.
 */
static int depends_on(const json_t *inspect, const char *service, int *healthy)
{
	const char *at = label(inspect, "com.docker.compose.depends_on");
	size_t n = strlen(service);

	*healthy = 0;
	while (*at) {
		size_t len = strcspn(at, ",");

		if (!strncmp(at, service, n) && (at[n] == ':' || n == len)) {
			*healthy = at[n] == ':' && !strncmp(at + n + 1, "service_healthy", 15);
			return 1;
		}
		at += len;
		at += *at == ',';
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(rfa_container_name(*(json_t *const *)a),
		      rfa_container_name(*(json_t *const *)b));
}

/* May it start: is none of those left that it depends on? */
static int is_free(json_t *const left[], size_t n, size_t i)
{
	int healthy;
	size_t j;

	for (j = 0; j < n; j++)
		if (j != i && left[j] && depends_on(left[i], service_of(left[j]), &healthy) &&
		    strcmp(service_of(left[i]), service_of(left[j])) != 0)
			return 0;
	return 1;
}

/* Appends the containers of a project in the order in which they start. */
static int start_order(json_t *of_project[], size_t n, json_t *users, struct rfa_error *err)
{
	size_t done;
	int rc = 0;

	qsort(of_project, n, sizeof(json_t *), by_name);
	for (done = 0; done < n && !rc; done++) {
		size_t pick = n;
		size_t i;

		for (i = 0; i < n && pick == n; i++)
			if (of_project[i] && is_free(of_project, n, i))
				pick = i;
		/* Compose refuses circles, so there is none; if there is, it is cut somewhere. */
		for (i = 0; i < n && pick == n; i++)
			if (of_project[i])
				pick = i;
		rc = add_user(users, rfa_container_name(of_project[pick]), "compose",
			      of_project[pick], err);
		of_project[pick] = NULL;
	}
	return rc;
}

/* Containers of one-off commands are nobody's to start again: they count as others. */
static int add_project(const json_t *stack, const json_t *all, const char *project, json_t *users,
		       struct rfa_error *err)
{
	json_t **list = calloc(json_array_size(all) + 1, sizeof(*list));
	json_t *one;
	size_t n = 0;
	size_t i;
	int rc;

	if (!list)
		return rfa_fail_nomem(err);
	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		if (!strcmp(project_of(one), project) && *project &&
		    strcmp(label(one, "com.docker.compose.oneoff"), "True") != 0 &&
		    !is_kept_running(stack, one) &&
		    !user_with(users, "id", rfa_facts_str(one, "Id", "")))
			list[n++] = one;
	}
	rc = start_order(list, n, users, err);
	free(list);
	return rc;
}

/* Whom of its project each one waits for. */
static int add_needs(json_t *users, struct rfa_error *err)
{
	json_t *one;
	json_t *other;
	size_t i, j;
	int healthy;

	json_array_foreach (users, i, one) {
		const json_t *inspect = json_object_get(one, "inspect");

		json_array_foreach (users, j, other) {
			const json_t *its = json_object_get(other, "inspect");

			if (i == j || !*project_of(inspect) ||
			    strcmp(project_of(inspect), project_of(its)) != 0 ||
			    !depends_on(inspect, service_of(its), &healthy) || !healthy)
				continue;
			if (json_array_append(json_object_get(one, "needs"),
					      json_object_get(other, "key")))
				return rfa_fail_nomem(err);
		}
	}
	return 0;
}

/* ---- all of them ------------------------------------------------------------------------------
 */

static int add_named(const json_t *stack, const json_t *all, const json_t *names, json_t *users,
		     struct rfa_error *err)
{
	json_t *name;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)names, i, name) {
		const char *text = json_string_value(name);
		const json_t *inspect = rfa_container_named(all, text);

		if (user_with(users, "key", text) || (inspect && is_kept_running(stack, inspect)))
			continue;
		rc = add_user(users, text, "run", inspect, err);
		if (rc)
			break;
	}
	return rc;
}

static int turn_round(json_t *starts, json_t **out, struct rfa_error *err)
{
	json_t *stops = json_array();
	size_t i = json_array_size(starts);
	int rc = stops ? 0 : rfa_fail_nomem(err);

	while (i-- > 0 && !rc)
		if (json_array_append(stops, json_array_get(starts, i)))
			rc = rfa_fail_nomem(err);
	if (rc)
		json_decref(stops);
	else
		*out = stops;
	return rc;
}

int rfa_users(const json_t *stack, const json_t *all, json_t **out, struct rfa_error *err)
{
	const char *own = rfa_facts_str(stack, "compose/project", "");
	json_t *users = json_array();
	json_t *project;
	size_t i;
	int rc = users ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = add_project(stack, all, own, users, err);
	json_array_foreach (rfa_facts_at(stack, "data/stop/projects"), i, project) {
		if (!rc)
			rc = add_project(stack, all, json_string_value(project), users, err);
	}
	if (!rc)
		rc = add_named(stack, all, rfa_facts_at(stack, "data/stop/containers"), users, err);
	if (!rc)
		rc = add_named(stack, all, json_object_get(stack, "containers"), users, err);
	if (!rc)
		rc = add_needs(users, err);
	if (!rc)
		rc = turn_round(users, out, err);
	json_decref(users);
	return rc;
}

int rfa_users_facts(const json_t *stack, const json_t *users, json_t **out, struct rfa_error *err)
{
	json_t *list = json_array();
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)users, i, one) {
		const json_t *c = json_object_get(one, "inspect");
		char policy[64];
		json_t *line;

		rfa_container_policy(c, policy, sizeof(policy));
		line = json_pack(
		    "{s:s, s:s, s:s, s:b, s:b, s:b, s:s, s:s, s:O, s:s, s:b, s:b, s:s, s:s, s:s, "
		    "s:b}",
		    "key", rfa_facts_str(one, "key", ""), "shape", rfa_facts_str(one, "shape", ""),
		    "container", rfa_facts_str(one, "container", ""), "present", json_is_object(c),
		    "running",
		    rfa_facts_bool(c, "State/Running", 0) &&
			!rfa_facts_bool(c, "State/Restarting", 0),
		    "restarting", rfa_facts_bool(c, "State/Restarting", 0), "health",
		    rfa_facts_str(c, "State/Health/Status", ""), "container_id",
		    rfa_facts_str(c, "Id", ""), "needs", json_object_get(one, "needs"), "started",
		    rfa_facts_str(c, "State/StartedAt", ""), "paused",
		    rfa_facts_bool(c, "State/Paused", 0), "autoremove",
		    rfa_facts_bool(c, "HostConfig/AutoRemove", 0), "ref",
		    rfa_facts_str(c, "Config/Image", ""), "image_id", rfa_facts_str(c, "Image", ""),
		    "policy", policy, "serves",
		    rfa_is_database_server(stack, rfa_facts_str(one, "container", "")));

		if (!line || json_array_append_new(list, line)) {
			json_decref(list);
			return rfa_fail_nomem(err);
		}
	}
	if (!list)
		return rfa_fail_nomem(err);
	*out = list;
	return 0;
}

/* ---- the others -------------------------------------------------------------------------------
 */

static int reaches(const json_t *mount, const json_t *member)
{
	const char *place = rfa_facts_str(member, "place", "");
	const char *volume = rfa_facts_str(member, "volume", "");
	const char *source = rfa_facts_str(mount, "Source", "");

	if (*volume && !strcmp(rfa_facts_str(mount, "Type", ""), "volume") &&
	    !strcmp(rfa_facts_str(mount, "Name", ""), volume))
		return 1;
	if (*place != '/' || *source != '/')
		return 0;
	return rfa_path_in(place, source) ||
	       (rfa_path_in(source, place) && rfa_facts_bool(mount, "RW", 1));
}

static int add_other(json_t *list, const json_t *c, const json_t *mount, const json_t *member,
		     struct rfa_error *err)
{
	json_t *one = json_pack(
	    "{s:s, s:s, s:b, s:s, s:s, s:s}", "container", rfa_container_name(c), "id",
	    rfa_facts_str(c, "Id", ""), "running", rfa_container_active(c), "started",
	    rfa_facts_str(c, "State/StartedAt", ""), "member", rfa_facts_str(member, "name", ""),
	    "mount", rfa_facts_str(mount, "Source", ""));

	return !one || json_array_append_new(list, one) ? rfa_fail_nomem(err) : 0;
}

int rfa_users_other(const json_t *stack, const json_t *all, const json_t *users,
		    const json_t *members, json_t **out, struct rfa_error *err)
{
	json_t *list = json_array();
	json_t *c;
	json_t *mount;
	json_t *member;
	size_t i, j, k;
	int rc = list ? 0 : rfa_fail_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		/* What keeps a database runs on: so it must have no other piece of the data. */
		if (rc || is_kept_running(stack, c) ||
		    (user_with(users, "id", rfa_facts_str(c, "Id", "-")) &&
		     !rfa_is_database_server(stack, rfa_container_name(c))))
			continue;
		json_array_foreach (json_object_get(c, "Mounts"), j, mount) {
			json_array_foreach ((json_t *)(uintptr_t)members, k, member) {
				if (!rc && reaches(mount, member))
					rc = add_other(list, c, mount, member, err);
			}
		}
	}
	if (rc)
		json_decref(list);
	else
		*out = list;
	return rc;
}

/* ---- the step's own, as its look saw them -------------------------------------------------------
 */

json_t *rfa_users_seen(const struct rfa_ctx *ctx)
{
	return rfa_ctx_seen(ctx, "units");
}

int rfa_user_ran(const json_t *unit)
{
	return rfa_facts_bool(unit, "running", 0) || rfa_facts_bool(unit, "restarting", 0);
}

int rfa_user_stays(const json_t *unit)
{
	return rfa_facts_bool(unit, "serves", 0);
}

json_t *rfa_user_now(const json_t *all, const json_t *unit)
{
	return rfa_container_of_id(all, rfa_facts_str(unit, "container_id", ""));
}

int rfa_containers(struct rfa_ctx *ctx, json_t **all, struct rfa_error *err)
{
	json_decref(*all);
	*all = NULL;
	return ctx->host->ops->list(ctx->host, RFA_CONTAINER, all, err);
}

const struct rfa_job_key *rfa_container_key(const struct rfa_ctx *ctx, struct rfa_ctx_key *key,
					    const char *op, const json_t *now)
{
	char about[256];

	snprintf(about, sizeof(about), "%s %s", rfa_facts_str(now, "Id", ""),
		 rfa_facts_str(now, "State/StartedAt", ""));
	return rfa_ctx_key(ctx, key, op, about);
}
