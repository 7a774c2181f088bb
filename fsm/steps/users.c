/* Which containers use a stack's data, and in which order they stop and start. */
#include "fsm/steps/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/inspect.h"
#include "fsm/steps/refs.h"

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

static const char *project_of(const json_t *inspect)
{
	return rfa_container_label(inspect, "com.docker.compose.project");
}

static const char *service_of(const json_t *inspect)
{
	return rfa_container_label(inspect, "com.docker.compose.service");
}

static const char *number_of(const json_t *inspect)
{
	return rfa_container_label(inspect, "com.docker.compose.container-number");
}

/* What a one-off command runs in. */
static int is_one_off(const json_t *inspect)
{
	return !strcmp(rfa_container_label(inspect, "com.docker.compose.oneoff"), "True");
}

int rfa_keeps_running(const json_t *stack, const json_t *inspect)
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
	const char *at = rfa_container_label(inspect, "com.docker.compose.depends_on");
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

/* Containers of one-off commands are nobody's to start again: they count as others. */
static int add_project(const json_t *stack, const json_t *all, const char *project, json_t *users,
		       struct rfa_error *err)
{
	json_t **list = calloc(json_array_size(all) + 1, sizeof(*list));
	json_t *one;
	size_t n = 0;
	size_t i;
	int rc = 0;

	if (!list)
		return rfa_fail_nomem(err);
	json_array_foreach ((json_t *)(uintptr_t)all, i, one) {
		if (!strcmp(project_of(one), project) && *project && !is_one_off(one) &&
		    !rfa_keeps_running(stack, one) &&
		    !user_with(users, "id", rfa_facts_str(one, "Id", "")))
			list[n++] = one;
	}
	qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n && !rc; i++)
		rc = add_user(users, rfa_container_name(list[i]), "compose", list[i], err);
	free(list);
	return rc;
}

/* ---- in which order they start ------------------------------------------------------------------
 */

/* Can it not start, by what the engine or Compose says of it, before the other one? */
static int waits_for(const json_t *one, const json_t *other)
{
	const json_t *c = json_object_get(one, "inspect");
	const json_t *its = json_object_get(other, "inspect");
	int healthy;

	if (rfa_ref_to(c, its))
		return 1;
	return *project_of(c) && !strcmp(project_of(c), project_of(its)) &&
	       strcmp(service_of(c), service_of(its)) != 0 &&
	       depends_on(c, service_of(its), &healthy);
}

/* The first of those left for whom it would have to wait, or NULL. */
static json_t *blocker(const json_t *left, const json_t *one)
{
	json_t *other;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)left, i, other) {
		if (other != one && waits_for(one, other))
			return other;
	}
	return NULL;
}

/*
 * Sorts them so that each comes behind those that it waits for, and else as they are. A circle is
 * cut at its first one, which gets "circle": for whom it waits.
 */
static int start_order(json_t *users, struct rfa_error *err)
{
	json_t *left = json_copy(users);
	int rc = left ? json_array_clear(users) : rfa_fail_nomem(err);

	while (!rc && json_array_size(left)) {
		size_t n = json_array_size(left);
		size_t pick = 0;
		json_t *one;

		while (pick < n && blocker(left, json_array_get(left, pick)))
			pick++;
		one = json_array_get(left, pick < n ? pick : 0);
		if (pick == n) {
			json_t *whom = blocker(left, one);

			pick = 0;
			rc = rfa_facts_set(one, "circle", json_incref(json_object_get(whom, "key")),
					   err);
		}
		if (!rc && json_array_append(users, one))
			rc = rfa_fail_nomem(err);
		json_array_remove(left, pick);
	}
	json_decref(left);
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

		if (user_with(users, "key", text) || (inspect && rfa_keeps_running(stack, inspect)))
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
		rc = start_order(users, err);
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
		    "s:b, s:s, s:s, s:s, s:O*}",
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
		    rfa_is_database_server(stack, rfa_facts_str(one, "container", "")), "project",
		    project_of(c), "service", service_of(c), "number", number_of(c), "circle",
		    json_object_get(one, "circle"));

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

/* ---- who depends on them ------------------------------------------------------------------------
 */

int rfa_users_dependents(const json_t *stack, const json_t *all, const json_t *users, json_t **out,
			 struct rfa_error *err)
{
	json_t *list = json_array();
	json_t *user;
	json_t *c;
	size_t i, j;

	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		if (!rfa_container_active(c) || user_with(users, "id", rfa_facts_str(c, "Id", "")))
			continue;
		json_array_foreach ((json_t *)(uintptr_t)users, j, user) {
			const char *on = rfa_facts_str(user, "container", "");
			const char *how = rfa_ref_lost(c, json_object_get(user, "inspect"));
			json_t *one;

			if (!how || rfa_is_database_server(stack, on))
				continue;
			one = json_pack("{s:s, s:s, s:s}", "container", rfa_container_name(c), "on",
					on, "how", how);
			if (!list || !one || json_array_append_new(list, one)) {
				json_decref(list);
				return rfa_fail_nomem(err);
			}
		}
	}
	if (!list)
		return rfa_fail_nomem(err);
	*out = list;
	return 0;
}

/* ---- the step's own, as its look saw them -------------------------------------------------------
 */

json_t *rfa_users_seen(const struct rfa_ctx *ctx)
{
	return rfa_ctx_seen(ctx, "units");
}

json_t *rfa_user_seen(const struct rfa_ctx *ctx, const char *key)
{
	return user_with(rfa_users_seen(ctx), "key", key);
}

int rfa_user_ran(const json_t *unit)
{
	return rfa_facts_bool(unit, "running", 0) || rfa_facts_bool(unit, "restarting", 0);
}

int rfa_user_stays(const json_t *unit)
{
	return rfa_facts_bool(unit, "serves", 0);
}

/* Its place in its Compose project. */
static int is_in_place(const json_t *c, const json_t *unit)
{
	const char *project = rfa_facts_str(unit, "project", "");

	return *project && !strcmp(project, project_of(c)) &&
	       !strcmp(rfa_facts_str(unit, "service", ""), service_of(c)) &&
	       !strcmp(rfa_facts_str(unit, "number", ""), number_of(c)) && !is_one_off(c);
}

/*
 * Updaters, and Compose, make containers again; while they do so, there may be two of them. The one
 * that runs counts, else the one that has the name.
 */
json_t *rfa_user_now(const json_t *all, const json_t *unit)
{
	const char *id = rfa_facts_str(unit, "container_id", "");
	json_t *found = NULL;
	json_t *c;
	int best = 0;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)all, i, c) {
		int is = 4 * !strcmp(rfa_container_name(c), rfa_facts_str(unit, "container", "")) +
			 2 * is_in_place(c, unit) +
			 (*id && !strcmp(rfa_facts_str(c, "Id", ""), id));
		int score = is ? is + 8 * rfa_container_active(c) : 0;

		if (score > best) {
			best = score;
			found = c;
		}
	}
	return found;
}

int rfa_user_renewed(const json_t *unit, const json_t *now)
{
	const char *id = rfa_facts_str(unit, "container_id", "");

	return !now || strcmp(rfa_facts_str(now, "Id", ""), id) != 0;
}

int rfa_user_theirs(const json_t *unit, const json_t *now)
{
	return !rfa_user_ran(unit) && rfa_user_renewed(unit, now);
}

void rfa_user_tell(const struct rfa_ctx *ctx, const json_t *unit, const json_t *now)
{
	if (rfa_user_renewed(unit, now))
		rfa_ctx_say(ctx, RFA_EVENT_WARNING,
			    "somebody has made %s on %s again meanwhile (it was %.12s, and is "
			    "%.12s): the new one counts",
			    rfa_facts_str(unit, "container", ""), ctx->host->name,
			    rfa_facts_str(unit, "container_id", "none"),
			    rfa_facts_str(now, "Id", "none"));
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
