/* Where the pieces of a stack's data are, and what their copies are called. */
#include "fsm/steps/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/steps/databases.h"
#include "fsm/steps/observe.h"

/* ---- what the configuration says --------------------------------------------------------------
 */

/* A run may be about some of the members only. */
static int is_named(const struct rfa_ctx *ctx, const char *name)
{
	const json_t *names = rfa_facts_at(ctx->plan_json, "options/members");
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)names, i, one) {
		if (!strcmp(json_string_value(one), name))
			return 1;
	}
	return 0;
}

static int is_wanted(const struct rfa_ctx *ctx, const char *name, const char *kind)
{
	if (json_is_array(rfa_facts_at(ctx->plan_json, "options/members")))
		return is_named(ctx, name);
	if (rfa_facts_at(ctx->plan_json, "point/members"))
		return rfa_member_find(rfa_facts_at(ctx->plan_json, "point/members"), name) != NULL;
	/* Single files go into backups; they come back only when they are asked for. */
	return strcmp(kind, "file") != 0 || rfa_facts_at(ctx->plan_json, "options/set");
}

static int add_member(json_t *list, const char *name, const char *kind, const char *place,
		      struct rfa_error *err)
{
	int is_file = !strcmp(kind, "sqlite") || !strcmp(kind, "file");
	json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "name", name, "kind", kind, "tree",
				is_file ? "sqlite" : "directory",
				!strcmp(kind, "volume") ? "volume" : "place", place);

	return !one || json_array_append_new(list, one) ? rfa_fail_nomem(err) : 0;
}

static int add_database(json_t *list, const char *name, const struct rfa_database_kind *kind,
			const json_t *said, struct rfa_error *err)
{
	const char *container = rfa_facts_str(said, "container", "");
	const char *database = rfa_facts_str(said, "database", "");
	char place[RFA_COPY_MAX];
	json_t *one;

	snprintf(place, sizeof(place), "%.255s/%.255s", container, database);
	one = json_pack("{s:s, s:s, s:s, s:s, s:i, s:{s:s, s:s, s:s, s:s}}", "name", name, "kind",
			kind->name, "tree", kind->name, "place", place, "inodes", 1, "database",
			"engine", kind->name, "container", container, "user",
			rfa_facts_str(said, "user", kind->user), "database", database);
	return !one || json_array_append_new(list, one) ? rfa_fail_nomem(err) : 0;
}

/* "file.<name>", which no configured member can be called; numbered when two files share a name. */
static int add_file(json_t *list, const char *path, struct rfa_error *err)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-";
	const char *base = strrchr(path, '/');
	char name[80];
	size_t n;
	unsigned i;

	n = (size_t)snprintf(name, sizeof(name) - 8, "file.%.60s", base ? base + 1 : path);
	for (i = 0; name[i]; i++)
		if (!strchr(fine, name[i]))
			name[i] = '_';
	for (i = 2; rfa_member_find(list, name); i++)
		snprintf(name + n, sizeof(name) - n, ".%u", i);
	return add_member(list, name, "file", path, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(rfa_facts_str(*(json_t *const *)a, "name", ""),
		      rfa_facts_str(*(json_t *const *)b, "name", ""));
}

/* A plan that was read again has its keys in another order. */
static int sort_members(json_t *list, struct rfa_error *err)
{
	size_t n = json_array_size(list);
	json_t **at = calloc(n + 1, sizeof(*at));
	size_t i;

	if (!at)
		return rfa_fail_nomem(err);
	for (i = 0; i < n; i++)
		at[i] = json_incref(json_array_get(list, i));
	qsort(at, n, sizeof(json_t *), by_name);
	for (i = 0; i < n; i++)
		json_array_set_new(list, i, at[i]);
	free(at);
	return 0;
}

static int configured(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	static const char *const kinds[] = { "volume", "directory", "sqlite" };
	const json_t *stack = rfa_ctx_own_stack(ctx);
	json_t *list = json_array();
	const char *name;
	json_t *one;
	size_t i;
	int rc = list ? 0 : rfa_fail_nomem(err);

	json_object_foreach (rfa_facts_at(stack, "data/members"), name, one) {
		const struct rfa_database_kind *database = rfa_database_kind(one);

		for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !rc; i++) {
			const char *text = rfa_facts_str(one, kinds[i], NULL);

			if (text)
				rc = add_member(list, name, kinds[i], text, err);
		}
		if (!rc && database)
			rc = add_database(list, name, database,
					  json_object_get(one, database->name), err);
	}
	json_array_foreach (rfa_facts_at(stack, "backup/files"), i, one) {
		if (!rc)
			rc = add_file(list, json_string_value(one), err);
	}
	for (i = json_array_size(list); i-- > 0;) {
		one = json_array_get(list, i);
		if (!is_wanted(ctx, rfa_facts_str(one, "name", ""), rfa_facts_str(one, "kind", "")))
			json_array_remove(list, i);
	}
	if (!rc)
		rc = sort_members(list, err);
	if (rc)
		json_decref(list);
	else
		*out = list;
	return rc;
}

/* ---- what is there ----------------------------------------------------------------------------
 */

/* all: of the host, asked for with the first one. */
static int look_volume(struct rfa_host *host, json_t *member, json_t **all, struct rfa_error *err)
{
	const char *name = rfa_facts_str(member, "volume", "");
	json_t *volume = NULL, *one;
	size_t i;
	int rc = *all ? 0 : host->ops->list(host, RFA_VOLUME, all, err);

	json_array_foreach (*all, i, one) {
		if (!strcmp(rfa_facts_str(one, "Name", ""), name))
			volume = one;
	}
	if (!rc)
		rc = rfa_facts_set(member, "place",
				   json_string(rfa_facts_str(volume, "Mountpoint", "")), err);
	if (!rc)
		rc = rfa_facts_set(member, "driver",
				   json_string(rfa_facts_str(volume, "Driver", "")), err);
	if (!rc)
		rc = rfa_facts_set(
		    member, "options",
		    json_integer((json_int_t)json_object_size(json_object_get(volume, "Options"))),
		    err);
	return rc;
}

/* Without its slashes at the end: a copy's name is made of the last part. */
static int trim_place(json_t *member, struct rfa_error *err)
{
	const char *place = rfa_facts_str(member, "place", "");
	size_t n = strlen(place);

	while (n > 1 && place[n - 1] == '/')
		n--;
	return rfa_facts_set(member, "place", json_stringn(place, n), err);
}

static int look_place(struct rfa_host *host, json_t *member, struct rfa_error *err)
{
	static const char *const fields[] = { "type",   "mount",   "bytes", "apparent", "uid",
					      "inodes", "gid",     "mode",  "unsafe",   "too_long",
					      "apart",  "special", "flags" };
	const char *place = rfa_facts_str(member, "place", "");
	json_t *seen = NULL;
	size_t i;
	int rc = 0;

	if (*place != '/' || strlen(place) > RFA_PLACE_MAX)
		return rfa_facts_set(member, "type", json_string(""), err);
	rc = host->ops->tree_look(host, rfa_member_tree(member), place, &seen, err);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]) && !rc; i++) {
		json_t *value = json_object_get(seen, fields[i]);

		if (value)
			rc = rfa_facts_set(member, fields[i], json_incref(value), err);
	}
	json_decref(seen);
	return rc;
}

/* Whatever they are called: by it one is told from another, and from what lies in it. */
static int look_where(struct rfa_host *host, json_t *list, struct rfa_error *err)
{
	json_t *paths = json_array();
	json_t *found = NULL;
	json_t *one;
	size_t i;
	int rc = paths ? 0 : rfa_fail_nomem(err);

	json_array_foreach (list, i, one) {
		const char *place = rfa_facts_str(one, "place", "");

		if (*place == '/' && strlen(place) <= RFA_PLACE_MAX)
			json_array_append_new(paths, json_string(place));
	}
	if (!rc && json_array_size(paths))
		rc = host->ops->tree_where(host, paths, &found, err);
	json_array_foreach (list, i, one) {
		json_t *where = json_object_get(found, rfa_facts_str(one, "place", ""));

		if (!rc && where)
			rc = rfa_facts_set(one, "where", json_incref(where), err);
	}
	json_decref(paths);
	json_decref(found);
	return rc;
}

int rfa_members_look(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err)
{
	json_t *list = NULL;
	json_t *volumes = NULL;
	json_t *one;
	size_t i;
	int rc = configured(ctx, &list, err);

	if (rc)
		return rc;
	json_array_foreach (list, i, one) {
		if (rfa_is_database(one)) {
			rc = rfa_database_look(ctx->host, one, err);
			if (rc)
				break;
			continue;
		}
		if (json_object_get(one, "volume"))
			rc = look_volume(ctx->host, one, &volumes, err);
		if (!rc)
			rc = trim_place(one, err);
		if (!rc)
			rc = look_place(ctx->host, one, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = look_where(ctx->host, list, err);
	json_decref(volumes);
	if (rc)
		json_decref(list);
	else
		*out = list;
	return rc;
}

/* ---- afterwards -------------------------------------------------------------------------------
 */

json_t *rfa_members(const struct rfa_ctx *ctx)
{
	return rfa_ctx_seen(ctx, "members");
}

json_t *rfa_member_find(const json_t *members, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)members, i, one) {
		if (!strcmp(rfa_facts_str(one, "name", ""), name))
			return one;
	}
	return NULL;
}

enum rfa_tree_kind rfa_member_tree(const json_t *member)
{
	return strcmp(rfa_facts_str(member, "tree", ""), "sqlite") ? RFA_TREE_DIRECTORY
								   : RFA_TREE_SQLITE;
}

int rfa_member_there(const json_t *member)
{
	return *rfa_facts_str(member, "type", "") != '\0';
}

void rfa_member_copy(const struct rfa_ctx *ctx, const json_t *member, const char *which,
		     char out[RFA_COPY_MAX])
{
	const char *place = rfa_facts_str(member, "place", "");
	const char *slash = strrchr(place, '/');
	const char *base = slash ? slash + 1 : place;

	if (rfa_is_database(member)) {
		snprintf(out, RFA_COPY_MAX, "%s/.rfa-%s.%s.%s/tree", ctx->host->state_dir, ctx->run,
			 rfa_facts_str(member, "name", ""), which);
		return;
	}
	snprintf(out, RFA_COPY_MAX, "%.*s/.rfa-%s.%s.%s/tree", slash ? (int)(slash - place) : 0,
		 place, ctx->run, base, which);
}

/* What was loaded of a dump that never took its place. */
static int drop_new(struct rfa_ctx *ctx, struct rfa_error *err)
{
	char name[2 * RFA_DATABASE_MAX];
	json_t *member;
	size_t i;
	int rc = 0;

	json_array_foreach (rfa_members(ctx), i, member) {
		json_t *names;

		if (rc || !rfa_is_database(member) || !rfa_member_there(member))
			continue;
		rfa_database_name(ctx, member, "new", name);
		names = json_pack("[s]", name);
		rc = names ? rfa_databases_drop(ctx, rfa_database_of(member), names, err)
			   : rfa_fail_nomem(err);
		json_decref(names);
	}
	return rc;
}

int rfa_copies_remove(struct rfa_ctx *ctx, const char *which, struct rfa_error *err)
{
	json_t *copies = json_array();
	struct rfa_ctx_key key;
	char copy[RFA_COPY_MAX];
	json_t *one;
	size_t i;
	int rc = copies ? 0 : rfa_fail_nomem(err);

	json_array_foreach (rfa_members(ctx), i, one) {
		rfa_member_copy(ctx, one, which, copy);
		json_array_append_new(copies, json_string(copy));
	}
	if (!rc && json_array_size(copies))
		rc = ctx->host->ops->tree_remove(ctx->host, rfa_ctx_key(ctx, &key, "remove", which),
						 copies, err);
	json_decref(copies);
	return rc || strcmp(which, "new") != 0 ? rc : drop_new(ctx, err);
}
