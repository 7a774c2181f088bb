/* Databases that servers in containers keep, as members of a stack's data. */
#include "fsm/steps/databases.h"

#include <stdio.h>
#include <string.h>

#include "fsm/steps/observe.h"
#include "fsm/steps/inspect.h"

/* In rfa.json a member is described under its kind's name. */
static const struct rfa_database_kind kinds[] = {
	{ "postgres", "postgres", 1, 1 },
	{ "mysql", "root", 100, 2 },
	{ NULL, NULL, 0, 0 },
};

static const struct rfa_database_kind *kind_named(const char *name)
{
	const struct rfa_database_kind *kind;

	for (kind = kinds; kind->name; kind++)
		if (!strcmp(kind->name, name))
			return kind;
	return NULL;
}

const struct rfa_database_kind *rfa_database_kind(const json_t *said)
{
	const struct rfa_database_kind *kind;

	for (kind = kinds; kind->name; kind++)
		if (json_object_get(said, kind->name))
			return kind;
	return NULL;
}

int rfa_is_database(const json_t *member)
{
	return kind_named(rfa_facts_str(member, "kind", "")) != NULL;
}

int64_t rfa_database_dump_bytes(const json_t *member)
{
	const struct rfa_database_kind *kind = kind_named(rfa_facts_str(member, "kind", ""));

	return rfa_facts_int(member, "bytes", 0) * (kind ? kind->swells : 1);
}

void rfa_database_release(const json_t *member, char out[RFA_DATABASE_MAX])
{
	const struct rfa_database_kind *kind = kind_named(rfa_facts_str(member, "kind", ""));
	long long major = (long long)rfa_facts_int(member, "major", 0);
	const char *make = rfa_facts_str(member, "make", "");
	int by = kind ? kind->minors : 1;

	if (by > 1)
		snprintf(out, RFA_DATABASE_MAX, "%.30s%s%lld.%lld", make, *make ? " " : "",
			 major / by, major % by);
	else
		snprintf(out, RFA_DATABASE_MAX, "%lld", major);
}

json_t *rfa_database_of(const json_t *member)
{
	return json_object_get(member, "database");
}

void rfa_database_name(const struct rfa_ctx *ctx, const json_t *member, const char *which,
		       char out[2 * RFA_DATABASE_MAX])
{
	char run[RFA_DATABASE_MAX];
	size_t n = 0;
	size_t i;

	for (i = 0; ctx->run[i] && n + 1 < sizeof(run); i++)
		if (ctx->run[i] != '-')
			run[n++] = ctx->run[i];
	run[n] = '\0';
	snprintf(out, 2 * RFA_DATABASE_MAX, "%.63s_rfa_%s_%s",
		 rfa_facts_str(member, "database/database", ""), which, run);
}

int rfa_is_database_server(const json_t *stack, const char *container)
{
	const char *name;
	json_t *member;

	json_object_foreach (rfa_facts_at(stack, "data/members"), name, member) {
		const struct rfa_database_kind *kind = rfa_database_kind(member);

		if (kind &&
		    !strcmp(rfa_facts_str(json_object_get(member, kind->name), "container", ""),
			    container))
			return 1;
	}
	return 0;
}

/* ---- looking ----------------------------------------------------------------------------------
 */

/* Where on the host the server keeps its data: the deepest mount that has it, else the engine's. */
static int look_disk(struct rfa_host *host, json_t *member, const char *data, struct rfa_error *err)
{
	const char *source = "/var/lib/docker";
	json_t *container = NULL;
	size_t depth = 0;
	json_t *mount;
	size_t i;
	int rc = rfa_inspect_or_null(
	    host, RFA_CONTAINER, rfa_facts_str(member, "database/container", ""), &container, err);

	json_array_foreach (json_object_get(container, "Mounts"), i, mount) {
		const char *at = rfa_facts_str(mount, "Destination", "");

		if (*at && strlen(at) > depth && rfa_path_in(at, data)) {
			depth = strlen(at);
			source = rfa_facts_str(mount, "Source", source);
		}
	}
	if (!rc)
		rc = rfa_facts_set(member, "disk", json_string(source), err);
	json_decref(container);
	return rc;
}

static int put_look(json_t *member, const json_t *look, struct rfa_error *err)
{
	static const char *const fields[] = { "up",   "why",       "version", "major",
					      "make", "obstacles", "unfit" };
	json_t *bytes = json_object_get(json_object_get(look, "databases"),
					rfa_facts_str(member, "database/database", ""));
	size_t i;
	int rc = rfa_facts_set(member, "type", json_string(bytes ? "b" : ""), err);

	if (!rc && bytes)
		rc = rfa_facts_set(member, "bytes", json_incref(bytes), err);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]) && !rc; i++) {
		json_t *value = json_object_get(look, fields[i]);

		if (value)
			rc = rfa_facts_set(member, fields[i], json_incref(value), err);
	}
	return rc;
}

int rfa_database_look(struct rfa_host *host, json_t *member, struct rfa_error *err)
{
	json_t *look = NULL;
	int rc = host->ops->database_look(host, rfa_database_of(member), &look, err);

	if (rc == -RFA_ENOTFOUND) {
		rfa_error_clear(err);
		look = json_pack("{s:b, s:s}", "up", 0, "why", "there is no such container");
		rc = look ? 0 : rfa_fail_nomem(err);
	}
	if (!rc)
		rc = put_look(member, look, err);
	if (!rc)
		rc = look_disk(host, member, rfa_facts_str(look, "data", ""), err);
	json_decref(look);
	return rc;
}

static int start_server(struct rfa_ctx *ctx, const char *container, struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *now = NULL;
	char about[256];
	int rc = rfa_inspect_or_null(host, RFA_CONTAINER, container, &now, err);

	if (!rc && now && !rfa_container_active(now)) {
		snprintf(about, sizeof(about), "%s %s", rfa_facts_str(now, "Id", ""),
			 rfa_facts_str(now, "State/StartedAt", ""));
		rfa_ctx_say(ctx, RFA_EVENT_NOTE, "%s starts: it keeps a database", container);
		rc = host->ops->container_start(host, rfa_ctx_key(ctx, &key, "serve", about),
						rfa_facts_str(now, "Id", ""), err);
	}
	json_decref(now);
	return rc;
}

static int never_answers(struct rfa_ctx *ctx, const json_t *database, const json_t *look,
			 struct rfa_error *err)
{
	rfa_fail(err, RFA_EUNHEALTHY, "database", "the server in %s does not answer: %.300s",
		 rfa_facts_str(database, "container", ""), rfa_facts_str(look, "why", ""));
	rfa_error_where(err, "%s", ctx->host->name);
	return rfa_error_mend(err, "look at docker logs %s there",
			      rfa_facts_str(database, "container", ""));
}

int rfa_database_await(struct rfa_ctx *ctx, const json_t *database, json_t **out,
		       struct rfa_error *err)
{
	struct rfa_clock *clock = ctx->clock;
	struct rfa_host *host = ctx->host;
	int64_t deadline = clock->mono_ms(clock) +
			   rfa_facts_int(rfa_ctx_own_stack(ctx), "health_deadline_s", 60) * 1000;
	json_t *look = NULL;
	int rc;

	for (;;) {
		rc = host->ops->database_look(host, database, &look, err);
		if (rc || rfa_facts_bool(look, "up", 0))
			break;
		if (clock->mono_ms(clock) >= deadline)
			rc = never_answers(ctx, database, look, err);
		else if (ctx->cancel && *ctx->cancel)
			rc = rfa_fail(err, RFA_ECANCELLED, "run", "stopped by a signal");
		else
			rc = start_server(ctx, rfa_facts_str(database, "container", ""), err);
		json_decref(look);
		look = NULL;
		if (rc)
			break;
		clock->sleep_ms(clock, 500);
	}
	if (!rc)
		*out = look;
	return rc;
}

int rfa_database_there(struct rfa_ctx *ctx, const json_t *database, const char *name, int *is,
		       struct rfa_error *err)
{
	json_t *look = NULL;
	int rc = rfa_database_await(ctx, database, &look, err);

	if (!rc)
		*is = json_object_get(json_object_get(look, "databases"), name) != NULL;
	json_decref(look);
	return rc;
}

/* ---- standing still ---------------------------------------------------------------------------
 */

static int still_one(struct rfa_ctx *ctx, const json_t *member, struct rfa_error *err)
{
	json_t *look = NULL;
	const json_t *first;
	int rc = rfa_database_await(ctx, rfa_database_of(member), &look, err);

	first = rfa_facts_at(look, "sessions/0");
	if (!rc && first) {
		rfa_fail(err, RFA_EREFUSED, "data",
			 "the data is in use: %s from %s (%s) has a session on the database %s",
			 rfa_facts_str(first, "user", "?"), rfa_facts_str(first, "from", "?"),
			 rfa_facts_str(first, "program", "?"), rfa_facts_str(member, "place", ""));
		rfa_error_where(err, "%s", ctx->host->name);
		rc = rfa_error_mend(err, "stop it there, or list its container under "
					 "data.stop.containers of the stack in rfa.json");
	}
	json_decref(look);
	return rc;
}

int rfa_databases_still(struct rfa_ctx *ctx, const json_t *members, struct rfa_error *err)
{
	json_t *member;
	size_t i;
	int rc = 0;

	json_array_foreach ((json_t *)(uintptr_t)members, i, member) {
		if (!rc && rfa_is_database(member))
			rc = still_one(ctx, member, err);
	}
	return rc;
}

/* ---- changes ----------------------------------------------------------------------------------
 */

int rfa_database_load(struct rfa_ctx *ctx, const json_t *member, const char *copy,
		      struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	char name[2 * RFA_DATABASE_MAX];
	struct rfa_ctx_key key;
	json_t *look = NULL;
	int rc = rfa_database_await(ctx, rfa_database_of(member), &look, err);

	json_decref(look);
	rfa_database_name(ctx, member, "new", name);
	return rc ? rc
		  : host->ops->database_load(
			host, rfa_ctx_key(ctx, &key, "load", rfa_facts_str(member, "name", "")),
			rfa_database_of(member), copy, name, err);
}

int rfa_databases_drop(struct rfa_ctx *ctx, const json_t *database, const json_t *names,
		       struct rfa_error *err)
{
	struct rfa_host *host = ctx->host;
	struct rfa_ctx_key key;
	json_t *look = NULL;
	char about[300];
	int rc = rfa_database_await(ctx, database, &look, err);

	json_decref(look);
	snprintf(about, sizeof(about), "%s/%s", rfa_facts_str(database, "container", ""),
		 json_string_value(json_array_get(names, 0)));
	return rc ? rc
		  : host->ops->database_drop(host, rfa_ctx_key(ctx, &key, "drop", about), database,
					     names, err);
}
