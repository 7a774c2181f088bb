/* The host contract over simulated hosts, of either image store. */
#include "tests/contract/host_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixtures/sim/sim.h"

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

static int run(const char *store)
{
	struct machines m = { { NULL, NULL } };
	struct host_world world = {
		.data = &m, .open = sim_open, .source = source, .builds = builds
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
			 host_commands_run(name, &world);
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
