/* The standard world's data: three members on two hosts, and plans of the flows that move them. */
#include "tests/harness/world_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"

#define AUTH "/opt/app/data/auth.db"
#define ES "/var/lib/docker/volumes/shop_esdata/_data"
#define DATABASES "/var/lib/docker/databases/"
#define FILES "/srv/stacks/shop/files"

static json_t *must_json(json_t *json, const char *what)
{
	if (!json) {
		fprintf(stderr, "no JSON: %s\n", what);
		abort();
	}
	return json;
}

static void must(int rc, const struct rfa_error *err, const char *what)
{
	if (!rc)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, err->msg, err->where);
	abort();
}

/* Hosts. */

static json_t *shop(void)
{
	return must_json(
	    json_pack(
		"{s:{s:{s:s, s:s, s:[s], s:{s:[ss], s:s, s:i}}, s:{s:s, s:s, s:[s], s:[{s:i, s:s, "
		"s:s}], s:{s:{s:s}}}}, s:{s:{}}}",
		"services", "es", "restart", "unless-stopped", "image", "es:v1", "volumes",
		"esdata:/data", "healthcheck", "test", "CMD", "ready", "interval", "2s", "retries",
		5, "web", "restart", "unless-stopped", "image", "web:v1", "volumes",
		FILES ":/files", "ports", "target", 8001, "published", "9001", "host_ip",
		"127.0.0.1", "depends_on", "es", "condition", "service_healthy", "volumes",
		"esdata"),
	    "shop");
}

static json_t *lone_image(const char *ref)
{
	return must_json(
	    json_pack("{s:s, s:[[s,i],[s,i]]}", "ref", ref, "layers", "base", 60000, ref, 20000),
	    ref);
}

/* It sees the whole host, and changes nothing of it. */
static json_t *exporter(void)
{
	return must_json(json_pack("{s:s, s:{s:s, s:{s:[s], s:{s:s}, s:s}}}", "name",
				   "node-exporter", "body", "Image", "node-exporter:v1",
				   "HostConfig", "Binds", "/:/host:ro,rslave", "RestartPolicy",
				   "Name", "always", "NetworkMode", "host"),
			 "exporter");
}

static json_t *trees(int corrupt)
{
	return must_json(
	    json_pack("{s:{s:s, s:i, s:i, s:i, s:i, s:b}, s:{s:i, s:i, s:i, s:i}, s:{s:i, s:i}}",
		      AUTH, "kind", "sqlite", "bytes", 12000, "mode", 0600, "uid", 1000, "gid",
		      1000, "corrupt", corrupt, ES, "bytes", 40000, "inodes", 31, "uid", 1000,
		      "gid", 0, FILES, "bytes", 24000, "inodes", 12),
	    "trees");
}

/* A server, whose own data is none of the trees that a stack names. */
static void add_database(json_t *host, json_t *containers)
{
	json_t *images = json_object_get(host, "images");
	json_t *labels = rfa_facts_at(json_array_get(containers, 0), "body/Labels");
	json_t *services = rfa_facts_at(host, "compose/0/config/services");

	json_array_append_new(images, lone_image("postgres:v1"));
	json_object_set_new(services, "db",
			    json_pack("{s:s, s:s, s:{s:[ss], s:s, s:i}}", "restart",
				      "unless-stopped", "image", "postgres:v1", "healthcheck",
				      "test", "CMD", "ready", "interval", "2s", "retries", 5));
	json_object_set_new(labels, "sim.database", json_string("shop-db-1/app"));
	json_object_set_new(json_object_get(host, "trees"), DATABASES "shop-db-1/app",
			    json_pack("{s:i}", "bytes", 20000));
}

static void add_to_host(enum scenario s, json_t *host, int prod)
{
	json_t *containers = json_object_get(host, "containers");
	json_t *images = json_object_get(host, "images");
	json_t *project = json_array_get(json_object_get(host, "compose"), 0);

	json_array_append_new(images, lone_image("es:v1"));
	json_array_append_new(images, lone_image("node-exporter:v1"));
	json_array_append_new(containers, exporter());
	json_object_set_new(project, "config", shop());
	if (!prod || s != SCENARIO_DATA_FIRST)
		json_object_set_new(host, "trees", trees(!prod && s == SCENARIO_DATA_CORRUPT));
	if (s == SCENARIO_DATA_DATABASE)
		add_database(host, containers);
	if (s == SCENARIO_DATA_REFLINK)
		json_object_set_new(host, "reflink", json_true());
	if (prod && s == SCENARIO_DATA_UNHEALTHY)
		json_object_set_new(rfa_facts_at(json_array_get(images, 0), "config/Labels"),
				    "sim.dislikes", json_string("test"));
	if (prod && s == SCENARIO_DATA_STOPPED)
		json_object_set_new(json_array_get(containers, 1), "stopped", json_true());
}

static void add_to_side(enum scenario s, json_t *side)
{
	json_t *stack = json_object_get(side, "stack");

	json_object_set_new(
	    stack, "data",
	    must_json(json_pack("{s:{s:{s:s}, s:{s:s}, s:{s:s}}, s:{}, s:i}", "members", "auth",
				"sqlite", AUTH, "es", "volume", "shop_esdata", "files", "directory",
				FILES, "stop", "keep_generations", 1),
		      "members"));
	if (s == SCENARIO_DATA_DATABASE)
		json_object_set_new(rfa_facts_at(stack, "data/members"), "db",
				    json_pack("{s:{s:s, s:s, s:s}}", "postgres", "container",
					      "shop-db-1", "user", "postgres", "database", "app"));
	json_object_set_new(stack, "keep_running", json_pack("[ss]", "node-exporter", "portainer"));
	json_object_del(stack, "bootstrap");
}

void world_add_data(enum scenario s, json_t *setup, json_t *plan)
{
	add_to_host(s, rfa_facts_at(setup, "hosts/test"), 0);
	add_to_host(s, rfa_facts_at(setup, "hosts/prod"), 1);
	add_to_side(s, json_object_get(plan, "source"));
	add_to_side(s, json_object_get(plan, "target"));
	json_object_set_new(plan, "flow", json_string("promote-data"));
}

/* Looking. */

static json_t *side_of(const struct world *w, const char *env)
{
	return json_object_get(w->plan, strcmp(env, "test") == 0 ? "source" : "target");
}

static struct rfa_sim_host *host_of(const struct world *w, const char *env)
{
	return strcmp(env, "test") == 0 ? w->test : w->prod;
}

int world_place(const struct world *w, const char *env, const char *member, char *out, size_t size)
{
	const json_t *one =
	    json_object_get(rfa_facts_at(side_of(w, env), "stack/data/members"), member);
	const char *volume = rfa_facts_str(one, "volume", NULL);
	const json_t *server = json_object_get(one, "postgres");

	if (!server)
		server = json_object_get(one, "mysql");
	if (!one)
		return 0;
	if (server)
		snprintf(out, size, DATABASES "%s/%s", rfa_facts_str(server, "container", ""),
			 rfa_facts_str(server, "database", ""));
	else if (volume)
		snprintf(out, size, "/var/lib/docker/volumes/%s/_data", volume);
	else
		snprintf(out, size, "%s",
			 rfa_facts_str(one, "sqlite", rfa_facts_str(one, "directory", "")));
	return 1;
}

static json_t *data_of(struct world *w, const char *env)
{
	json_t *out = json_object();
	json_t *member;
	const char *name;

	json_object_foreach (rfa_facts_at(side_of(w, env), "stack/data/members"), name, member) {
		char place[512];
		json_t *content;

		world_place(w, env, name, place, sizeof(place));
		content = rfa_sim_tree_content(host_of(w, env), place);
		json_object_set_new(out, name, content ? content : json_null());
	}
	return must_json(out, env);
}

json_t *world_data(struct world *w)
{
	return must_json(
	    json_pack("{s:o, s:o}", "test", data_of(w, "test"), "prod", data_of(w, "prod")),
	    "data");
}

int world_data_is(struct world *w, const char *env, const char *origin, struct rfa_buf *why)
{
	json_t *data = data_of(w, env);
	json_t *content;
	const char *name;
	int good = 1;

	json_object_foreach (data, name, content) {
		const char *is = rfa_facts_str(content, "origin", "nobody");

		if (strcmp(is, origin) != 0) {
			rfa_buf_printf(why, "%s on %s is of '%s', not of '%s'; ", name, env, is,
				       origin);
			good = 0;
		}
		if (rfa_facts_bool(content, "torn", 0) || rfa_facts_bool(content, "corrupt", 0)) {
			rfa_buf_printf(why, "%s on %s is not whole; ", name, env);
			good = 0;
		}
	}
	json_decref(data);
	return good;
}

/* 1 if a rollback point of the environment has this copy, or this database. */
static int is_of_a_point(struct world *w, const char *env, const char *path_of_copy)
{
	const char *copy = strncmp(path_of_copy, DATABASES, strlen(DATABASES)) != 0
			       ? path_of_copy
			       : strrchr(path_of_copy, '/') + 1;
	char folder[128], path[256];
	json_t *names = NULL;
	json_t *name;
	struct rfa_error err;
	int found = 0;
	size_t i;

	snprintf(folder, sizeof(folder), "points/%s/app", env);
	must(rfa_ledger_names(w->ledger, folder, &names, &err), &err, folder);
	json_array_foreach (names, i, name) {
		struct rfa_buf text = RFA_BUF_INIT(1 << 22);
		json_t *point = NULL;
		json_t *member;
		size_t k;

		snprintf(path, sizeof(path), "%s/%s", folder, json_string_value(name));
		must(rfa_ledger_read(w->ledger, path, &text, &err), &err, path);
		must(rfa_facts_parse(&point, rfa_buf_str(&text), text.len, path, &err), &err, path);
		json_array_foreach (json_object_get(point, "members"), k, member) {
			found |= !strcmp(rfa_facts_str(member, "copy", ""), copy);
		}
		json_decref(point);
		rfa_buf_release(&text);
	}
	json_decref(names);
	return found;
}

int world_data_is_clean(struct world *w, const char *env, const json_t *own, struct rfa_buf *why)
{
	json_t *one;
	const char *name;
	int clean = 1;

	json_object_foreach (rfa_facts_at(own, "own/copies"), name, one) {
		if (json_array_size(json_object_get(one, "users"))) {
			rfa_buf_printf(why, "%s on %s is in use; ", name, env);
			clean = 0;
		}
		if (!is_of_a_point(w, env, name)) {
			rfa_buf_printf(why, "the copy %s is left on %s; ", name, env);
			clean = 0;
		}
	}
	json_object_foreach (rfa_facts_at(own, "own/backups"), name, one) {
		if (!json_is_object(json_object_get(one, "manifest"))) {
			rfa_buf_printf(why, "half a backup, %s, is left on %s; ", name, env);
			clean = 0;
		}
	}
	return clean;
}

/* Plans. */

static json_t *plan_of(struct world *w, const char *flow, const char *source, const char *target,
		       json_t *options)
{
	w->options.hosts[RFA_SOURCE] = strcmp(source, "test") == 0 ? w->source : w->target;
	w->options.hosts[RFA_TARGET] = strcmp(target, "test") == 0 ? w->source : w->target;
	json_object_update(options, json_object_get(w->plan, "options"));
	return must_json(json_pack("{s:i, s:s, s:s, s:O, s:O, s:o}", "format", 1, "flow", flow,
				   "stack", "app", "source", side_of(w, source), "target",
				   side_of(w, target), "options", options),
			 flow);
}

json_t *world_backup_plan(struct world *w, const char *env, const char *backup)
{
	const char *set = strrchr(backup, '-') + 1;

	return plan_of(w, strcmp(set, "images") ? "backup" : "backup-images", env, env,
		       must_json(json_pack("{s:s, s:s, s:s, s:n}", "set", set, "vault", WORLD_VAULT,
					   "backup", backup, "retention"),
				 backup));
}

json_t *world_restore_plan(struct world *w, const char *flow, const char *of, const char *to,
			   const char *backup)
{
	return plan_of(w, flow, of, to,
		       must_json(json_pack("{s:s, s:s, s:n}", "vault", WORLD_VAULT, "backup",
					   backup, "members"),
				 backup));
}
