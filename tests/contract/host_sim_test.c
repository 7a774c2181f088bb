/* The host contract over simulated hosts, of either image store. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixtures/sim/sim.h"
#include "tests/contract/router_contract.h"

struct machines {
	struct rfa_sim_host *at[2];
};

static int sim_open(struct host_world *w, int machine, struct rfa_host **out, struct rfa_error *err)
{
	struct machines *m = w->data;

	return rfa_sim_open(out, m->at[machine], err);
}

static int source(struct host_world *w, const char *directory, const json_t *described)
{
	struct machines *m = w->data;
	struct rfa_error err;

	return rfa_sim_source_put(m->at[0], directory, described, &err);
}

static int builds(struct host_world *w)
{
	struct machines *m = w->data;

	return (int)rfa_sim_effects(m->at[0], "image_build");
}

/* Registries. */

#define DOMAIN "registry.example:5000"
#define REPOSITORY DOMAIN "/shop/app"

static void cut_now(void *user, uint64_t call, const char *label)
{
	struct rfa_sim_fault fault = { .at = call, .kind = RFA_SIM_CUT, .bytes = 30000 };
	struct rfa_error err;

	rfa_sim_plan_clear(user);
	if (strstr(label, "registry_blob") && rfa_sim_plan(user, &fault, &err))
		fail_msg("%s", err.msg);
}

static void cut(struct host_registry *r, int on)
{
	rfa_sim_plan_clear(r->data);
	rfa_sim_on_call(r->data, on ? cut_now : NULL, r->data);
}

static void lie(struct host_registry *r, int on)
{
	rfa_sim_registry_lie(r->data, on);
}

static void lock(struct host_registry *r, int on)
{
	struct rfa_error err;

	if (rfa_sim_registry_login(r->data, DOMAIN, on ? "deploy" : NULL, "s3cret", &err))
		fail_msg("%s", err.msg);
}

static int registry(struct rfa_sim_world *world, struct machines *m, struct rfa_error *err)
{
	const struct rfa_sim_layer layers[] = { { "base", 300000 }, { "registry", 70000 } };
	json_t *config = json_pack("{s:[s], s:[s]}", "Env", "PATH=/bin", "Cmd", "serve");
	int rc = config ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_sim_registry_put(world, REPOSITORY, "1", layers, 2, config, err);
	if (!rc)
		rc = rfa_sim_registry_reach(m->at[0], "nobody.example", 0, err);
	json_decref(config);
	return rc;
}

static int build(struct rfa_sim_world *world, struct machines *m, const char *store,
		 struct rfa_error *err)
{
	const struct rfa_sim_layer one[] = { { "base", 300000 }, { "one", 40000 } };
	const struct rfa_sim_layer two[] = { { "base", 300000 }, { "two", 50001 } };
	struct rfa_sim_host_options options = { .store = store };
	json_t *config = json_pack("{s:[s], s:[s]}", "Env", "PATH=/bin", "Cmd", "serve");
	int rc = config ? 0 : rfa_fail_nomem(err);

	if (!rc)
		rc = rfa_sim_host_add(&m->at[0], world, "test", &options, err);
	if (!rc)
		rc = rfa_sim_host_add(&m->at[1], world, "prod", &options, err);
	if (!rc)
		rc = rfa_sim_image_add(m->at[0], "app:1", one, 2, config, err);
	if (!rc)
		rc = rfa_sim_image_add(m->at[0], "app:2", two, 2, config, err);
	for (int i = 1; i <= 2 && !rc; i++) {
		json_t *spec = host_spec_image(i);
		rc = rfa_sim_image_add(m->at[0], i == 1 ? "spec:1" : "spec:2", i == 1 ? one : two,
				       2, spec, err);
		json_decref(spec);
	}
	if (!rc)
		rc = rfa_sim_network_add(m->at[0], "spec-a", err);
	if (!rc)
		rc = rfa_sim_network_add(m->at[0], "spec-b", err);
	if (!rc)
		rc = rfa_sim_file_put(m->at[0], "/srv/files here/there", 0600, "", err);
	json_decref(config);
	return rc;
}

/* Routers. */

static void must(int rc, const struct rfa_error *err)
{
	if (rc)
		fail_msg("%s", err->msg);
}

/* Another container of that name, or none. */
static void side(struct rfa_sim_host *host, const char *name, const char *label)
{
	json_t *body = json_pack("{s:s, s:{s:s}}", "Image", "app:1", "Labels", "sim.routed",
				 label ? label : "");
	struct rfa_error err;

	if (!rfa_sim_container_stop(host, name, &err))
		must(rfa_sim_container_remove(host, name, &err), &err);
	if (label)
		must(rfa_sim_container_run(host, name, body, &err), &err);
	json_decref(body);
}

static void green(struct host_router *r, int how)
{
	side(r->data, "web-green", !how ? NULL : how == 2 ? "500" : "200");
}

static void visit(struct host_router *r, unsigned n)
{
	struct rfa_error err;
	struct rfa_host *h = NULL;
	struct rfa_buf said = RFA_BUF_INIT(100);
	struct rfa_exec_answer answer = { 0, &said };
	char seconds[16];
	const char *const argv[] = { "sleep", seconds, NULL };

	(void)snprintf(seconds, sizeof(seconds), "%u", n / 100 + 1);
	must(rfa_sim_open(&h, r->data, &err), &err);
	must(h->engine->exec(h, "edge", argv, 600, &answer, &err), &err);
	rfa_host_free(h);
}

static void live(struct host_router *r, int share)
{
	assert_int_equal(rfa_sim_router_live(r->data, "web", share), 0);
}

static void restart(struct host_router *r)
{
	struct rfa_error err;

	must(rfa_sim_container_stop(r->data, "edge", &err), &err);
	must(rfa_sim_container_start(r->data, "edge", &err), &err);
}

/* The contract of a router that counts, and of one that does not. */
static int routers(struct host_world *world, struct rfa_sim_host *host)
{
	static const char *const drivers[] = { "haproxy", "nginx" };
	struct host_router router = {
		.data = host,
		.port = 8080,
		.green = green,
		.visit = visit,
		.live = live,
		.restart = restart,
	};
	struct rfa_error err;
	size_t i;
	int failed = 0;

	side(host, "edge", "200");
	side(host, "web", "200");
	must(rfa_sim_router_put(host, "edge", "/srv/shares", "web", &err), &err);
	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		router.at = (struct rfa_router_at){ drivers[i], "edge", "/srv/shares",
						    "/etc/shares", 9998 };
		router.counts = !i;
		failed += host_router_run(drivers[i], world, &router);
	}
	return failed;
}

static void spoil(struct host_world *w, int how)
{
	struct machines *m = w->data;

	rfa_sim_store(m->at[0], !how);
}

static int run(const char *store)
{
	struct machines m = { { NULL, NULL } };
	struct host_world world = {
		.data = &m, .open = sim_open, .source = source, .builds = builds, .store = spoil
	};
	struct host_registry at = {
		.access = { .domain = DOMAIN, .user = "deploy", .secret = "s3cret" },
		.repository = REPOSITORY,
		.nobody = "nobody.example",
		.cut = cut,
		.lie = lie,
		.lock = lock,
	};
	struct rfa_sim_world *sim = NULL;
	struct rfa_error err;
	char name[64];
	int failed = 1;

	(void)snprintf(world.dir, sizeof(world.dir), "/srv/files here");
	(void)snprintf(world.tag, sizeof(world.tag), "contract");
	(void)snprintf(name, sizeof(name), "simulated host, %s store", store);
	if (rfa_sim_new(&sim, 1, &err) || build(sim, &m, store, &err) || registry(sim, &m, &err))
		print_error("%s\n", err.msg);
	else
		at.data = sim,
		failed = host_contract_run(name, &world) + host_compose_run(name, &world) +
			 host_refs_run(name, &world) + host_spec_run(name, &world) +
			 host_builds_run(name, &world) + host_below_run(name, &world) +
			 host_registry_run(name, &world, &at) + host_execs_run(name, &world) +
			 host_commands_run(name, &world) + host_once_run(name, &world) +
			 host_store_run(name, &world) + routers(&world, m.at[0]);
	rfa_sim_free(sim);
	return failed;
}

int main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	int failed = run("classic");

	failed += run("containerd");
	return failed != 0;
}
