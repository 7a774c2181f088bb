/* The standard world of sweeps and driver tests. */
#include "tests/harness/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/world_data.h"

static const char *const words[] = {
	"run",          "compose",       "mixed",        "first",      "unhealthy",
	"same-tag",     "data",          "data-reflink", "data-first", "data-unhealthy",
	"data-corrupt", "data-database", "data-stopped"
};

const char *scenario_word(enum scenario s)
{
	return words[s];
}

static void must(int rc, const struct rfa_error *err, const char *what)
{
	if (!rc)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, err->msg, err->where);
	abort();
}

static json_t *must_json(json_t *json, const char *what)
{
	if (!json) {
		fprintf(stderr, "no JSON: %s\n", what);
		abort();
	}
	return json;
}

json_t *world_image(const char *name, const char *tag, const char *version, const char *health)
{
	char ref[128], base[128], deps[128], top[128], env[64];

	snprintf(ref, sizeof(ref), "%s:%s", name, tag);
	snprintf(base, sizeof(base), "base");
	snprintf(deps, sizeof(deps), "%s-deps", name);
	snprintf(top, sizeof(top), "%s-%s", name, version);
	snprintf(env, sizeof(env), "VERSION=%s", version);
	return must_json(
	    json_pack("{s:s, s:[[si],[si],[si]], s:{s:[ss], s:{s:s}, s:{s:{}}, s:[s]}}", "ref", ref,
		      "layers", base, 60000, deps, 30000, top, 110000, "config", "Env", "PATH=/bin",
		      env, "Labels", "sim.health", health, "ExposedPorts", "8001/tcp", "Cmd",
		      "/server"),
	    ref);
}

/* Everything that an operator may have said of a container. */
static json_t *body(const char *image_ref, const char *port, const char *alias)
{
	return must_json(
	    json_pack(
		"{s:s, s:[ss], s:{s:s}, s:s, s:i, s:{s:[s], s:{s:[{s:s, s:s}]}, s:{s:s, s:i}, "
		"s:s, s:I, s:[s], s:{s:s, s:{s:s}}, s:[s]}, s:{s:{s:{s:[s]}}}, s:{s:{s:[s]}}}",
		"Image", image_ref, "Env", "SECRET=s3cr et'\"\n$x", "MODE=prod", "Labels", "team",
		"core", "User", "1000:1000", "StopTimeout", 3, "HostConfig", "Binds",
		"/opt/app/data:/data:rw", "PortBindings", "8001/tcp", "HostIp", "127.0.0.1",
		"HostPort", port, "RestartPolicy", "Name", "unless-stopped", "MaximumRetryCount", 0,
		"NetworkMode", "appnet", "Memory", (json_int_t)268435456, "CapDrop", "NET_RAW",
		"LogConfig", "Type", "json-file", "Config", "max-size", "10m", "ExtraHosts",
		"db:10.0.0.9", "NetworkingConfig", "EndpointsConfig", "appnet", "Aliases", alias,
		"x-rfa-networks", "edge", "Aliases", alias),
	    "body");
}

/* The same, taken out of the network that its mode names: it is in the two others. */
static json_t *taken_out(json_t *one)
{
	json_t *networks = json_object_get(one, "x-rfa-networks");

	json_object_update(networks, rfa_facts_at(one, "NetworkingConfig/EndpointsConfig"));
	json_object_set_new(networks, "bridge", json_null());
	json_object_set_new(json_object_get(one, "HostConfig"), "NetworkMode",
			    json_string("bridge"));
	json_object_del(one, "NetworkingConfig");
	return one;
}

static json_t *compose_config(const char *version, int first_port)
{
	char web[64], api[64], port[16], port2[16];

	snprintf(web, sizeof(web), "web:%s", version);
	snprintf(api, sizeof(api), "api:%s", version);
	snprintf(port, sizeof(port), "%d", first_port);
	snprintf(port2, sizeof(port2), "%d", first_port + 1);
	return must_json(json_pack("{s:{s:{s:s, s:s, s:[{s:i, s:s, s:s}], s:{s:s}}, s:{s:s, s:s, "
				   "s:[{s:i, s:s, s:s}]}}}",
				   "services", "web", "restart", "unless-stopped", "image", web,
				   "ports", "target", 8001, "published", port, "host_ip",
				   "127.0.0.1", "environment", "MODE", "prod", "api", "restart",
				   "unless-stopped", "image", api, "ports", "target", 8001,
				   "published", port2, "host_ip", "127.0.0.1"),
			 "compose");
}

static int has_run(enum scenario s)
{
	return s != SCENARIO_COMPOSE;
}

static int has_compose(enum scenario s)
{
	return s == SCENARIO_COMPOSE || s == SCENARIO_MIXED || s >= SCENARIO_DATA;
}

/* v: 1 or 2: which version this host runs; 0: none. */
static json_t *host(enum scenario s, const char *address, int v)
{
	const char *new_tag = s == SCENARIO_SAME_TAG ? "v1" : "v2";
	const char *tag = v == 2 ? new_tag : "v1";
	const char *version = v == 2 ? "v2" : "v1";
	const char *health = v == 2 && s == SCENARIO_UNHEALTHY ? "500" : "200";
	json_t *images = json_array();
	json_t *containers = json_array();
	json_t *projects = json_array();
	char backend[64], frontend[64], config[128];

	snprintf(backend, sizeof(backend), "backend:%s", tag);
	snprintf(frontend, sizeof(frontend), "frontend:%s", tag);
	snprintf(config, sizeof(config), "{\"base_url\": \"http://%s/\"}\n", address);
	if (has_run(s) && v) {
		json_array_append_new(images, world_image("backend", tag, version, health));
		json_array_append_new(images, world_image("frontend", tag, version, "200"));
		json_array_append_new(containers,
				      must_json(json_pack("{s:s, s:o}", "name", "backend", "body",
							  body(backend, "8001", "backend")),
						"backend"));
		json_array_append_new(
		    containers, must_json(json_pack("{s:s, s:o}", "name", "frontend", "body",
						    taken_out(body(frontend, "8080", "frontend"))),
					  "frontend"));
	}
	if (has_compose(s) && v) {
		json_array_append_new(images, world_image("web", tag, version, health));
		json_array_append_new(images, world_image("api", tag, version, "200"));
		json_array_append_new(projects,
				      must_json(json_pack("{s:s, s:s, s:o, s:b}", "project", "shop",
							  "directory", "/srv/stacks/shop", "config",
							  compose_config(tag, 9001), "up", 1),
						"project"));
	}
	return must_json(json_pack("{s:[ss], s:[s], s:{s:s}, s:o, s:o, s:o}", "networks", "appnet",
				   "edge", "directories", "/opt/app/data", "files",
				   "/opt/app/config.json", config, "images", images, "containers",
				   containers, "compose", projects),
			 "host");
}

static json_t *side(enum scenario s, const char *env, const char *address)
{
	json_t *stack = json_object();
	json_t *checks = json_array();

	if (has_run(s)) {
		json_object_set_new(stack, "containers", json_pack("[ss]", "backend", "frontend"));
		json_array_append_new(checks, json_pack("{s:s, s:s}", "name",
							"http://127.0.0.1:8001/health", "url",
							"http://127.0.0.1:8001/health"));
	} else {
		json_object_set_new(stack, "containers", json_array());
	}
	if (has_compose(s)) {
		json_object_set_new(stack, "compose",
				    json_pack("{s:s, s:s, s:[s]}", "project", "shop", "directory",
					      "/srv/stacks/shop", "files", "docker-compose.yml"));
		json_array_append_new(checks, json_pack("{s:s, s:s}", "name",
							"http://127.0.0.1:9001/health", "url",
							"http://127.0.0.1:9001/health"));
	}
	json_object_set_new(stack, "checks", checks);
	json_object_set_new(stack, "health_deadline_s", json_integer(10));
	json_object_set_new(stack, "health_interval_s", json_integer(1));
	json_object_set_new(stack, "keep_images", json_integer(3));
	json_object_set_new(stack, "gates", json_pack("{s:i}", "disk_free_percent", 5));
	json_object_set_new(
	    stack, "base_url",
	    json_pack("{s:s, s:s}", "file", "/opt/app/config.json", "key", "base_url"));
	json_object_set_new(stack, "bootstrap",
			    json_pack("{s:[s], s:{s:o, s:o}}", "requires", "/opt/app/data/",
				      "containers", "backend", body("", "8001", "backend"),
				      "frontend", body("", "8080", "frontend")));
	return must_json(json_pack("{s:s, s:s, s:s, s:s, s:[], s:s, s:o}", "env", env, "transport",
				   "sim", "destination", env, "address", address, "own_addresses",
				   "state_dir", "/var/lib/rfa", "stack", stack),
			 "side");
}

/* The ledger's writes are fault points of the world, as the hosts' calls are. */
static int ledger_point(void *user, const char *point, struct rfa_error *err)
{
	char what[64];

	snprintf(what, sizeof(what), "ledger %s", point);
	return rfa_sim_ledger_point(user, what, err);
}

void world_make_edited(struct world *w, enum scenario s, uint64_t seed,
		       void (*edit)(void *user, json_t *setup, json_t *plan), void *user)
{
	struct rfa_ledger_options ledger = { 0 };
	struct rfa_error err;
	json_t *setup;

	memset(w, 0, sizeof(*w));
	setup = must_json(json_pack("{s:{s:o, s:o}}", "hosts", "test",
				    host(s, "10.88.0.11", s >= SCENARIO_DATA ? 1 : 2), "prod",
				    host(s, "10.88.0.12", s == SCENARIO_FIRST ? 0 : 1)),
			  "setup");
	w->plan =
	    must_json(json_pack("{s:i, s:s, s:s, s:o, s:o, s:{s:i, s:i}}", "format", 1, "flow",
				"promote", "stack", "app", "source", side(s, "test", "10.88.0.11"),
				"target", side(s, "prod", "10.88.0.12"), "options",
				"idle_timeout_ms", 5000, "chunk_bytes", 32768),
		      "plan");
	if (s >= SCENARIO_DATA)
		world_add_data(s, setup, w->plan);
	if (edit)
		edit(user, setup, w->plan);
	must(rfa_sim_new(&w->sim, seed, &err), &err, "sim");
	must(rfa_sim_setup(w->sim, setup, &err), &err, "setup");
	json_decref(setup);
	w->test = rfa_sim_host_find(w->sim, "test");
	w->prod = rfa_sim_host_find(w->sim, "prod");
	must(rfa_sim_open(&w->source, w->test, &err), &err, "test");
	must(rfa_sim_open(&w->target, w->prod, &err), &err, "prod");
	ledger.clock = rfa_sim_clock(w->sim);
	ledger.author_name = "Olga Operator";
	ledger.author_email = "olga@example.org";
	ledger.point = ledger_point;
	ledger.point_user = w->sim;
	must(rfa_ledger_open_memory(&w->ledger, &ledger, &err), &err, "ledger");
	w->options.ledger = w->ledger;
	w->options.hosts[RFA_SOURCE] = w->source;
	w->options.hosts[RFA_TARGET] = w->target;
	w->options.clock = rfa_sim_clock(w->sim);
	w->options.user = "olga";
	w->options.machine = "desk";
}

void world_make(struct world *w, enum scenario s, uint64_t seed)
{
	world_make_edited(w, s, seed, NULL, NULL);
}

void world_free(struct world *w)
{
	json_decref(w->plan);
	rfa_ledger_free(w->ledger);
	rfa_host_free(w->source);
	rfa_host_free(w->target);
	rfa_sim_free(w->sim);
}

json_t *world_rollback_plan(struct world *w)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 22);
	json_t *names = NULL;
	json_t *point = NULL;
	struct rfa_error err;
	json_t *plan = NULL;
	char path[256];

	must(rfa_ledger_names(w->ledger, "points/prod/app", &names, &err), &err, "points");
	if (json_array_size(names)) {
		snprintf(path, sizeof(path), "points/prod/app/%s",
			 json_string_value(json_array_get(names, json_array_size(names) - 1)));
		must(rfa_ledger_read(w->ledger, path, &text, &err), &err, path);
		must(rfa_facts_parse(&point, rfa_buf_str(&text), text.len, path, &err), &err, path);
		const char *kind = rfa_facts_str(point, "kind", "");
		const char *flow = strcmp(kind, "data") == 0 ? "rollback-data" : "rollback";

		plan = must_json(json_pack("{s:i, s:s, s:s, s:n, s:O, s:O, s:o}", "format", 1,
					   "flow", flow, "stack", "app", "source", "target",
					   json_object_get(w->plan, "target"), "options",
					   json_object_get(w->plan, "options"), "point", point),
				 "rollback plan");
	}
	json_decref(names);
	rfa_buf_release(&text);
	return plan;
}

static json_t *snapshot(struct rfa_sim_host *h, unsigned sections)
{
	struct rfa_error err;
	json_t *shared = NULL;
	json_t *copy;

	must(rfa_sim_snapshot(&shared, h, sections, &err), &err, "snapshot");
	copy = must_json(rfa_facts_copy(shared), "snapshot");
	json_decref(shared);
	return copy;
}

void world_drop_ids(json_t *containers)
{
	json_t *one;
	const char *name;

	json_object_foreach (containers, name, one) {
		const char *host_name = rfa_facts_str(one, "config/Hostname", "-");

		if (!strncmp(host_name, rfa_facts_str(one, "id", ""), strlen(host_name)))
			json_object_del(json_object_get(one, "config"), "Hostname");
		json_object_del(one, "id");
	}
}

json_t *world_serves(struct world *w)
{
	json_t *s = snapshot(w->prod, RFA_SIM_SERVES);

	world_drop_ids(json_object_get(s, "containers"));
	return s;
}

json_t *world_own(struct world *w)
{
	return must_json(json_pack("{s:o, s:o}", "test", snapshot(w->test, RFA_SIM_OWN), "prod",
				   snapshot(w->prod, RFA_SIM_OWN)),
			 "own");
}

int world_is_clean_by(struct world *w, const json_t *own, struct rfa_buf *why)
{
	const char *env;
	const char *name;
	json_t *files;
	json_t *file;
	json_t *one;
	json_t *seen = NULL;
	struct rfa_error err;
	int clean = 1;

	json_object_foreach ((json_t *)(uintptr_t)own, env, one) {
		json_t *lock = rfa_facts_at(one, "own/lock");
		json_t *runs = rfa_facts_at(one, "own/runs");

		if (lock && !json_is_null(lock)) {
			rfa_buf_printf(why, "%s is still locked; ", env);
			clean = 0;
		}
		files = rfa_facts_at(one, "own/files");
		json_object_foreach (files, name, file) {
			if (rfa_facts_int(file, "mode", 0) & 077) {
				rfa_buf_printf(why, "%s on %s can be read by others; ", name, env);
				clean = 0;
			}
		}
		if (json_object_size(runs)) {
			rfa_buf_printf(why, "%s has a run's directory left; ", env);
			clean = 0;
		}
		clean &= world_data_is_clean(w, env, one, why);
	}
	must(rfa_sim_snapshot(&seen, w->prod, RFA_SIM_CONTAINERS, &err), &err, "containers");
	json_object_foreach (json_object_get(seen, "containers"), name, one) {
		if (strstr(name, ".rfa-") || !strncmp(name, "rfa-", 4)) {
			rfa_buf_printf(why, "the container %s is left; ", name);
			clean = 0;
		}
	}
	json_decref(seen);
	return clean;
}

int world_is_clean(struct world *w, struct rfa_buf *why)
{
	json_t *own = world_own(w);
	int clean = world_is_clean_by(w, own, why);

	json_decref(own);
	return clean;
}

/*
 * A host offers what the flow's roles say that they need of it, and no more: a step that uses
 * something else dies of it. (Steps ask for databases themselves.) saved: the hosts as they were.
 */
static void offer_only_needs(struct world *w, const json_t *plan, struct rfa_host saved[RFA_ROLES])
{
	const struct rfa_flow *flow = rfa_flow_by_name(rfa_facts_str(plan, "flow", ""));
	int i;

	for (i = 0; flow && i < RFA_ROLES; i++) {
		struct rfa_host *host = w->options.hosts[i];
		unsigned needs = 0;

		if (!host)
			continue;
		saved[i] = *host;
		for (const struct rfa_role *role = flow->roles; role->id; role++)
			if (w->options.hosts[role->id] == host)
				needs |= role->needs;
		host->engine = needs & RFA_HOST_ENGINE ? host->engine : NULL;
		host->files = needs & RFA_HOST_FILES ? host->files : NULL;
		host->runs = needs & RFA_HOST_RUNS ? host->runs : NULL;
		host->trees = needs & RFA_HOST_TREES ? host->trees : NULL;
		host->vault = needs & RFA_HOST_VAULT ? host->vault : NULL;
		host->router = needs & RFA_HOST_ROUTER ? host->router : NULL;
		host->registry = needs & RFA_HOST_REGISTRY ? host->registry : NULL;
	}
}

static void offer_all(struct world *w, const struct rfa_host saved[RFA_ROLES])
{
	int i;

	for (i = RFA_ROLES - 1; i >= 0; i--) /* the first of two that are one was whole */
		if (saved[i].ops)
			*w->options.hosts[i] = saved[i];
}

int world_drive(struct world *w, const json_t *plan, struct rfa_run_result *result,
		struct rfa_error *err)
{
	struct rfa_host saved[RFA_ROLES] = { { 0 } };
	char run[RFA_RUN_ID_MAX] = "";
	int rc, i;

	offer_only_needs(w, plan, saved);
	rc = rfa_run_begin(&w->options, plan, result, err);

	for (i = 0; i < 40 && result->final == RFA_FINAL_NONE; i++) {
		rfa_sim_recover(w->sim);
		if (result->run[0])
			snprintf(run, sizeof(run), "%s", result->run);
		else if (result->blocker[0]) /* begun, and dead before anybody was told */
			snprintf(run, sizeof(run), "%s", result->blocker);
		/* What keeps a run from going on may take a while: the operator comes back later.
		 */
		w->options.clock->sleep_ms(w->options.clock, 30000);
		rc = run[0] ? rfa_run_resume(&w->options, run, RFA_RESUME_CONTINUE, result, err)
			    : rfa_run_begin(&w->options, plan, result, err);
	}
	offer_all(w, saved);
	return rc;
}
