/* The standard world, where a version changes the schema of the data. */
#include "tests/harness/world_migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/served.h"

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "%s (%s)\n", err->msg, err->where);
	abort();
}

static void set_label(json_t *image, const char *name, const char *value)
{
	json_object_set_new(rfa_facts_at(image, "config/Labels"), name, json_string(value));
}

/* What the commands of v2 do. */
static void set_commands(json_t *image, int how)
{
	json_t *commands =
	    json_pack("{s:{s:i, s:i, s:s, s:s, s:s}, s:{s:s, s:s}, s:{s:i, s:s, s:s}}", "migrate",
		      "ms", 3000, "status", how & MIGRATION_FAILS ? 3 : 0, "from", "prod", "to",
		      "new", "says", "ALTER TABLE", "check", "wants", "new", "says", "checked",
		      "back", "ms", 1000, "from", "new", "to", "prod");
	char *text = json_dumps(commands, JSON_COMPACT);

	set_label(image, "sim.once", text);
	set_label(image, "sim.migrates", "prod early");
	if (how & MIGRATION_ILL)
		set_label(image, "sim.health", "500");
	free(text);
	json_decref(commands);
}

static json_t *undo_of(int how)
{
	if (how & MIGRATION_COMMAND)
		return json_pack("{s:[s]}", "command", "back");
	return json_string(how & MIGRATION_BREAKING ? "restore" : "none");
}

static json_t *migrate_of(int how)
{
	json_t *migrate =
	    json_pack("{s:s, s:[ss], s:s, s:o, s:i}", "service",
		      how & MIGRATION_WEB ? "web" : "backend", "run", "migrate", "it's; $(all)",
		      "kind", how & MIGRATION_BREAKING ? "breaking" : "expand", "undo",
		      undo_of(how), "timeout_s", how & MIGRATION_LATE ? 1 : 60);

	if (how & MIGRATION_CHECK)
		json_object_set_new(migrate, "check", json_pack("[s]", "check"));
	return migrate;
}

static void edit(void *user, json_t *setup, json_t *plan)
{
	static const char *const names[] = { "backend", "frontend", "web", "api" };
	const int *how = user;
	size_t changed = *how & MIGRATION_WEB ? 2 : 0, i;
	json_t *test = rfa_facts_at(setup, "hosts/test");
	json_t *prod = rfa_facts_at(setup, "hosts/prod");
	json_t *images = json_object_get(test, "images");

	world_edit_one_writer(setup, plan);
	for (i = 0; i < 4; i++)
		json_array_set_new(images, i, world_image(names[i], "v2", "v2", "200"));
	set_commands(json_array_get(images, changed), *how);
	if (*how & MIGRATION_BREAKING)
		set_label(json_array_get(json_object_get(prod, "images"), changed), "sim.migrates",
			  "new met");
	json_object_set_new(rfa_facts_at(test, "containers/0/body"), "Image",
			    json_string("backend:v2"));
	json_object_set_new(rfa_facts_at(test, "containers/1/body"), "Image",
			    json_string("frontend:v2"));
	json_object_set_new(rfa_facts_at(test, "compose/0/config/services/web"), "image",
			    json_string("web:v2"));
	if (*how & MIGRATION_WEB) {
		json_object_set_new(rfa_facts_at(test, "compose/0/config/services/web"), "volumes",
				    json_pack("[s]", "/srv/stacks/shop/files:/files"));
		json_object_set_new(rfa_facts_at(prod, "compose/0/config/services/web"), "volumes",
				    json_pack("[s]", "/srv/stacks/shop/files:/files"));
	}
	if (*how & MIGRATION_ADDRESS) {
		json_object_set_new(rfa_facts_at(prod, "compose/0/config/services/web"), "networks",
				    json_pack("{s:{s:s}}", "lan", "ipv4_address", "172.30.0.9"));
		json_object_set_new(
		    rfa_facts_at(prod, "compose/0/config"), "networks",
		    json_pack("{s:{s:s, s:b}}", "lan", "name", "appnet", "external", 1));
	}
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "migrate", migrate_of(*how));
	json_object_set_new(rfa_facts_at(plan, "options"), "data_backup",
			    json_string("20261122-090000-prod-data"));
	json_object_set_new(plan, "flow", json_string("promote"));
}

void world_make_migration(struct world *w, enum scenario s, int how)
{
	world_make_edited(w, s, 7, edit, &how);
	/* Containers that have a health check have had the time to pass it. */
	w->options.clock->sleep_ms(w->options.clock, 60000);
}

const char *world_schema(struct world *w, int how)
{
	static char origin[64];
	json_t *data = world_data(w), *one;
	const char *name;

	origin[0] = '\0';
	json_object_foreach (json_object_get(data, "prod"), name, one) {
		const char *is = rfa_facts_str(one, "origin", "nobody");

		if (how & MIGRATION_WEB && strcmp(name, "files") != 0)
			continue;
		snprintf(origin, sizeof(origin), "%s",
			 !*origin || !strcmp(origin, is) ? is : "mixed");
	}
	json_decref(data);
	return origin;
}

json_t *world_migration_serves(struct world *w)
{
	json_t *all = world_data_serves(w), *one;
	const char *name;

	world_drop_ids(rfa_facts_at(all, "prod/containers"));
	/* Where the project cannot be read on the way back, what ran is pinned. */
	json_object_foreach (rfa_facts_at(all, "prod/containers"), name, one)
		json_object_del(rfa_facts_at(one, "config/Labels"),
				"com.docker.compose.project.config_files");
	json_object_del(json_object_get(all, "prod"), "trees");
	return all;
}

void world_fact(struct world *w, const char *run, const char *step, const char *key,
		struct rfa_buf *out)
{
	struct rfa_history *history = NULL;
	struct rfa_error err;
	size_t i;

	must(rfa_ledger_load(w->ledger, run, &history, &err), &err);
	for (i = 0; i < history->n; i++) {
		if (out->len || strcmp(history->records[i].step, step) != 0 ||
		    !rfa_facts_str(history->records[i].facts, key, NULL))
			continue;
		rfa_buf_puts(out, rfa_facts_str(history->records[i].facts, key, ""));
	}
	rfa_history_free(history);
}
