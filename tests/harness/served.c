/* What serves on both hosts of a standard world of data. */
#include "tests/harness/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

#define CONFIG "/srv/stacks/shop/files/config.json"

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "%s (%s)\n", err->msg, err->where);
	abort();
}

static void drop_copies(json_t *by_path)
{
	const char *path;
	json_t *one;
	void *tmp;

	json_object_foreach_safe (by_path, tmp, path, one) {
		if (strstr(path, "/.rfa-") || strstr(path, "_rfa_") ||
		    !strncmp(path, WORLD_VAULT, strlen(WORLD_VAULT)))
			json_object_del(by_path, path);
	}
}

static json_t *serves_on(struct rfa_sim_host *host)
{
	struct rfa_error err;
	json_t *shared = NULL;
	json_t *copy;
	json_t *tree;
	const char *path;

	must(rfa_sim_snapshot(&shared, host, RFA_SIM_SERVES | RFA_SIM_TREES, &err), &err);
	copy = rfa_facts_copy(shared);
	json_decref(shared);
	drop_copies(json_object_get(copy, "files"));
	drop_copies(json_object_get(copy, "trees"));
	json_object_foreach (json_object_get(copy, "trees"), path, tree) {
		json_object_del(tree, "entry");
		json_object_del(json_object_get(tree, "content"), "writes");
	}
	return copy;
}

json_t *world_data_serves(struct world *w)
{
	return json_pack("{s:o, s:o}", "test", serves_on(w->test), "prod", serves_on(w->prod));
}

/* One writer. */

struct wish {
	int url;
};

static void edit_host(json_t *host)
{
	json_t *backend = rfa_facts_at(host, "containers/0/body/HostConfig");
	json_t *frontend = rfa_facts_at(host, "containers/1/body/HostConfig");
	json_t *services = rfa_facts_at(host, "compose/0/config/services");
	const char *name;
	json_t *service;

	json_object_set_new(backend, "Binds",
			    json_pack("[sss]", "/opt/app/data:/data:rw", "shop_esdata:/es:rw",
				      "/srv/stacks/shop/files:/files:rw"));
	json_object_set_new(backend, "RestartPolicy",
			    json_pack("{s:s, s:i}", "Name", "always", "MaximumRetryCount", 0));
	json_object_del(frontend, "Binds");
	json_object_foreach (services, name, service) {
		json_object_del(service, "volumes");
	}
	json_object_set_new(host, "volumes", json_pack("[s]", "shop_esdata"));
}

static void edit(void *user, json_t *setup, json_t *plan)
{
	const struct wish *wish = user;

	edit_host(rfa_facts_at(setup, "hosts/test"));
	edit_host(rfa_facts_at(setup, "hosts/prod"));
	if (!wish->url)
		return;
	json_object_set_new(rfa_facts_at(plan, "source/stack/base_url"), "file",
			    json_string(CONFIG));
	json_object_set_new(rfa_facts_at(plan, "target/stack/base_url"), "file",
			    json_string(CONFIG));
}

void world_edit_one_writer(json_t *setup, json_t *plan)
{
	struct wish wish = { 0 };

	edit(&wish, setup, plan);
}

void world_make_one_writer(struct world *w, enum scenario s, int url)
{
	struct wish wish = { url };
	struct rfa_error err;

	world_make_edited(w, s, 7, edit, &wish);
	if (!url)
		return;
	must(rfa_sim_file_put(w->test, CONFIG, 0640,
			      "{\n  \"of\": \"test\",\n  \"base_url\" : "
			      "\"http:\\/\\/10.88.0.11\\/\",\n  \"z\": 1\n}\n",
			      &err),
	     &err);
	must(rfa_sim_file_put(w->prod, CONFIG, 0600,
			      "{\"base_url\":\"http://10.88.0.12:80/\",\"of\":\"prod\"}", &err),
	     &err);
}

/* Two versions. */

static void set_label(json_t *image, const char *name, const char *value)
{
	json_object_set_new(rfa_facts_at(image, "config/Labels"), name, json_string(value));
}

static void add_other(json_t *prod, json_t *plan)
{
	json_array_append_new(
	    json_object_get(prod, "containers"),
	    json_pack("{s:s, s:{s:s, s:[s], s:{s:[s], s:I, s:i}, s:{s:[s], s:{s:s}}}}", "name",
		      "cron", "body", "Image", "node-exporter:v1", "Env", "SIM_HEALTH=warm:8000",
		      "Healthcheck", "Test", "CMD", "Interval", (json_int_t)1000000000, "Retries",
		      60, "HostConfig", "Binds", "/opt/app/data:/data:rw", "RestartPolicy", "Name",
		      "always"));
	json_object_set_new(rfa_facts_at(plan, "target/stack/data/stop"), "containers",
			    json_pack("[s]", "cron"));
}

static void edit_versions(void *user, json_t *setup, json_t *plan)
{
	static const char *const names[] = { "backend", "frontend", "web", "api" };
	json_t *test = rfa_facts_at(setup, "hosts/test");
	json_t *prod = rfa_facts_at(setup, "hosts/prod");
	json_t *images = json_object_get(test, "images");
	const struct wish none = { 0 };
	const int *how = user;
	size_t i;

	edit((void *)(uintptr_t)&none, setup, plan);
	for (i = 0; i < 4; i++)
		json_array_set_new(images, i, world_image(names[i], "v2", "v2", "200"));
	set_label(json_array_get(images, 0), "sim.migrates", "prod test");
	set_label(rfa_facts_at(prod, "images/0"), "sim.migrates", "test prod");
	if (*how & WORLD_ILL)
		set_label(rfa_facts_at(prod, "images/0"), "sim.dislikes", "prod");
	if (*how & WORLD_FULL)
		set_label(json_array_get(images, 0), "sim.dislikes", "");
	json_object_set_new(rfa_facts_at(test, "containers/0/body"), "Image",
			    json_string("backend:v2"));
	json_object_set_new(rfa_facts_at(test, "containers/1/body"), "Image",
			    json_string("frontend:v2"));
	json_object_set_new(rfa_facts_at(test, "compose/0/config/services/web"), "image",
			    json_string("web:v2"));
	if (*how & WORLD_NO_SQL)
		json_object_set_new(rfa_facts_at(prod, "compose/0/config/services/db"), "labels",
				    json_pack("{s:s}", "sim.init", "two.sql, line 3: ERROR: no"));
	if (*how & WORLD_OTHER)
		add_other(prod, plan);
	if (!(*how & WORLD_WEB))
		return;
	set_label(json_array_get(images, 2), "sim.migrates", "prod test");
	set_label(rfa_facts_at(prod, "images/2"), "sim.migrates", "test prod");
	json_object_set_new(rfa_facts_at(test, "compose/0/config/services/web"), "volumes",
			    json_pack("[s]", "/srv/stacks/shop/files:/files"));
	json_object_set_new(rfa_facts_at(prod, "compose/0/config/services/web"), "volumes",
			    json_pack("[s]", "/srv/stacks/shop/files:/files"));
	json_object_set_new(rfa_facts_at(prod, "compose/0/config/services/web"), "labels",
			    json_pack("{s:s}", "sim.exec", "0 done"));
}

void world_make_versions(struct world *w, enum scenario s, int how)
{
	world_make_edited(w, s, 7, edit_versions, &how);
	/* Containers that have a health check have had the time to pass it. */
	w->options.clock->sleep_ms(w->options.clock, 60000);
}

json_t *world_versions_serves(struct world *w)
{
	json_t *all = world_data_serves(w);

	world_drop_ids(rfa_facts_at(all, "prod/containers"));
	return all;
}

static void must_run(struct world *w, json_t *plan)
{
	struct rfa_run_result result;
	struct rfa_error err;

	must(world_drive(w, plan, &result, &err), &err);
	json_decref(plan);
}

void world_promote_v2(struct world *w, const char *id)
{
	json_t *plan = json_copy(w->plan);

	must_run(w, world_backup_plan(w, "prod", id));
	json_object_set_new(plan, "flow", json_string("promote"));
	w->options.hosts[RFA_SOURCE] = w->source;
	w->options.hosts[RFA_TARGET] = w->target;
	must_run(w, plan);
	w->options.clock->sleep_ms(w->options.clock, 60000);
}

json_t *world_whole_plan(struct world *w, const char *id)
{
	json_t *plan = world_restore_plan(w, "rollback-whole", "prod", "prod", id);
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	struct rfa_error err;
	json_t *names = NULL, *point = NULL;
	char path[256];

	must(rfa_ledger_names(w->ledger, "points/prod/app", &names, &err), &err);
	snprintf(path, sizeof(path), "points/prod/app/%s",
		 json_string_value(json_array_get(names, 0)));
	must(rfa_ledger_read(w->ledger, path, &text, &err), &err);
	must(rfa_facts_parse(&point, rfa_buf_str(&text), text.len, path, &err), &err);
	json_object_set_new(plan, "point", point);
	json_decref(names);
	rfa_buf_release(&text);
	return plan;
}

void world_promote_v2_files(struct world *w, const char *id)
{
	world_put_variables(w);
	world_promote_v2(w, id);
	world_change_files(w);
	world_compose_up(w);
	w->options.clock->sleep_ms(w->options.clock, 60000);
}

json_t *world_rebuild_serves(struct world *w)
{
	json_t *all = world_versions_serves(w), *one;
	const char *name;

	json_object_foreach (rfa_facts_at(all, "prod/containers"), name, one) {
		json_object_del(rfa_facts_at(one, "config/Labels"),
				"com.docker.compose.project.config_files");
	}
	return all;
}

json_t *world_rebuild_plan(struct world *w, int wipe)
{
	json_t *plan = json_deep_copy(w->plan), *known = NULL, *options;
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	struct rfa_error err;

	must(rfa_ledger_read(w->ledger, "verified/prod/app.json", &text, &err), &err);
	must(rfa_facts_parse(&known, rfa_buf_str(&text), text.len, "verified", &err), &err);
	json_object_set_new(plan, "flow", json_string("rebuild"));
	json_object_set_new(plan, "source", json_null());
	options = json_object_get(plan, "options");
	json_object_set_new(options, "recreate", json_true());
	json_object_set_new(options, wipe ? "wipe" : "keeps_data", json_true());
	json_object_set_new(options, "desired", known);
	w->options.hosts[RFA_SOURCE] = NULL;
	w->options.hosts[RFA_TARGET] = w->target;
	rfa_buf_release(&text);
	return plan;
}

void world_rebuild_init(struct world *w, json_t *plan)
{
	struct rfa_error err;

	must(
	    rfa_sim_file_put(w->prod, "/srv/stacks/shop/init.sql", 0644, "CREATE TABLE t();", &err),
	    &err);
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "init",
			    json_pack("{s:[s], s:{s:s, s:s, s:s}, s:[s], s:{s:s, s:[sss]}, s:i}",
				      "first", "db", "postgres", "container", "shop-db-1", "user",
				      "postgres", "database", "app", "files", "init.sql", "stamp",
				      "service", "web", "command", "alembic", "stamp", "head",
				      "tables_min", 4));
}

json_t *world_whole_files_plan(struct world *w, const char *id)
{
	json_t *shared = world_whole_plan(w, id), *plan = rfa_facts_copy(shared);

	json_decref(shared);
	json_object_set_new(json_object_get(plan, "options"), "with_files", json_true());
	return plan;
}

int world_is_one_moment(struct world *w, const char *env, struct rfa_buf *why)
{
	json_t *data = world_data(w);
	json_int_t first = -1;
	const char *name;
	json_t *one;
	int good = 1;

	json_object_foreach (json_object_get(data, env), name, one) {
		json_int_t writes = (json_int_t)rfa_facts_int(one, "writes", -1);

		/* After a power cut it may have taken no sessions for a while. */
		if (!strcmp(name, "db") && rfa_sim_fired_count(w->sim) && writes < first)
			continue;
		if (first >= 0 && writes != first) {
			rfa_buf_printf(why, "%s on %s was written %lld times, another %lld; ", name,
				       env, (long long)writes, (long long)first);
			good = 0;
		}
		first = writes;
	}
	json_decref(data);
	return good;
}

void world_guarded_text(struct world *w, struct rfa_buf *out)
{
	struct rfa_error err;
	json_t *shared = NULL;

	must(rfa_sim_snapshot(&shared, w->prod, RFA_SIM_FILES, &err), &err);
	rfa_buf_puts(out, rfa_facts_str(json_object_get(json_object_get(shared, "files"), CONFIG),
					"text", ""));
	json_decref(shared);
}
