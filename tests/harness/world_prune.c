/* The standard world, with things on prod that nothing needs, and others that something holds. */
#include "tests/harness/world_prune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/parts/args.h"

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "%s (%s)\n", err->msg, err->where);
	abort();
}

static void add_image(struct rfa_sim_host *host, const char *name, int version)
{
	struct rfa_sim_layer layers[2];
	struct rfa_error err;
	char ref[64], top[64];
	json_t *config =
	    json_pack("{s:{s:{}}, s:[s]}", "ExposedPorts", "8001/tcp", "Cmd", "/server");

	snprintf(ref, sizeof(ref), "%s:v%d", name, version);
	snprintf(top, sizeof(top), "%s-v%d", name, version);
	layers[0] = (struct rfa_sim_layer){ "base", 60000 };
	layers[1] = (struct rfa_sim_layer){ top, 20000 };
	must(rfa_sim_image_add(host, ref, layers, 2, config, &err), &err);
	json_decref(config);
}

void world_ship(struct world *w, const char *name, const char *host_port, int version)
{
	struct rfa_error err;
	char ref[64];
	json_t *body;

	snprintf(ref, sizeof(ref), "%s:v%d", name, version);
	body = json_pack("{s:s, s:{s:s, s:{s:[{s:s, s:s}]}}}", "Image", ref, "HostConfig",
			 "NetworkMode", "appnet", "PortBindings", "8001/tcp", "HostIp", "127.0.0.1",
			 "HostPort", host_port);
	add_image(w->test, name, version);
	must(rfa_sim_container_stop(w->test, name, &err), &err);
	must(rfa_sim_container_remove(w->test, name, &err), &err);
	must(rfa_sim_container_run(w->test, name, body, &err), &err);
	json_decref(body);
}

void world_put_run(struct world *w, const char *run)
{
	struct rfa_error err;
	char path[200];

	snprintf(path, sizeof(path), "/var/lib/rfa/runs/%s/spool/images", run);
	must(rfa_sim_file_put(w->prod, path, 0600, "the layers of an image", &err), &err);
}

/* It is not over: nobody drives it. */
static void begin_run(struct world *w, const char *run, const char *env)
{
	struct rfa_ledger_run *begun = NULL;
	struct rfa_error err;
	json_t *plan = json_pack("{s:s}", "flow", "promote");
	const struct rfa_ledger_begin begin = {
		run, "promote", 1, "app", env, "test", plan, NULL,
	};

	must(rfa_ledger_begin(w->ledger, &begin, &begun, NULL, &err), &err);
	rfa_ledger_detach(begun);
	json_decref(plan);
}

static void keep_one(void *user, json_t *setup, json_t *plan)
{
	(void)user;
	(void)setup;
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "keep_images", json_integer(1));
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "deploy",
			    json_pack("{s:{s:s}}", "images", "backend", "backend"));
}

static void add_stopped(struct world *w, const char *name, const char *ref)
{
	json_t *body = json_pack("{s:s}", "Image", ref);
	struct rfa_error err;

	must(rfa_sim_container_run(w->prod, name, body, &err), &err);
	must(rfa_sim_container_stop(w->prod, name, &err), &err);
	json_decref(body);
}

void world_make_spare(struct world *w, uint64_t seed)
{
	struct rfa_run_result result;
	struct rfa_error err;
	int v;

	world_make_edited(w, SCENARIO_RUN, seed, keep_one, NULL);
	for (v = 2; v <= 5; v++) {
		if (v > 2) {
			world_ship(w, "backend", "8001", v);
			world_ship(w, "frontend", "8080", v);
		}
		must(world_drive(w, w->plan, &result, &err), &err);
		w->options.clock->sleep_ms(w->options.clock, 3600000);
		if (v == 4)
			snprintf(w->spare_run, sizeof(w->spare_run), "%s", result.run);
	}
	/* v5 runs, v4 can be gone back to; v3 is here again by somebody's hand. */
	add_image(w->prod, "backend", 3);
	add_image(w->prod, "frontend", 3);
	add_image(w->prod, "backend", 99);
	add_image(w->prod, "other", 1);
	add_stopped(w, "old", "frontend:v3");
	begin_run(w, WORLD_OPEN_RUN, "staging");
	world_put_run(w, w->spare_run);
	world_put_run(w, WORLD_OPEN_RUN);
	world_put_run(w, WORLD_STRANGE_RUN);
}

/* What the command would ask for. */

static const char *no_option(const struct rfa_prepare *p, const char *name, size_t n)
{
	(void)p;
	(void)name;
	(void)n;
	return NULL;
}

static int side_of(const struct rfa_prepare *p, const char *env, const char *stack, json_t **out,
		   struct rfa_error *err)
{
	const struct world *w = p->user;
	static const char *const sides[] = { "source", "target" };
	size_t i;

	(void)stack;
	for (i = 0; i < 2; i++) {
		const json_t *side = json_object_get(w->plan, sides[i]);

		if (strcmp(rfa_facts_str(side, "env", ""), env) != 0)
			continue;
		*out = json_deep_copy(side);
		return 0;
	}
	return rfa_fail(err, RFA_ENOTFOUND, "config", "no such environment");
}

json_t *world_prune_plan(struct world *w)
{
	const struct rfa_prepare p = { .ledger = w->ledger,
				       .clock = w->options.clock,
				       .word = rfa_facts_str(w->plan, "stack", ""),
				       .option = no_option,
				       .side = side_of,
				       .user = w };
	json_t *options = json_deep_copy(json_object_get(w->plan, "options"));
	json_t *target = json_deep_copy(json_object_get(w->plan, "target"));
	json_t *plan;
	struct rfa_error err;

	w->options.hosts[RFA_SOURCE] = NULL;
	w->options.hosts[RFA_TARGET] = w->target;
	plan = json_pack("{s:i, s:s, s:s, s:n, s:o, s:o}", "format", 1, "flow", "prune", "stack",
			 p.word, "source", "target", target, "options", options);
	must(rfa_flow_by_name("prune")->args->prepare(&p, plan, &err), &err);
	return plan;
}
