/* The standard world with a registry, from which a version comes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/world.h"

#define USER "deployer"
#define SECRET "correct-horse-battery"

struct wish {
	enum scenario scenario;
	const char *via;
};

static void add_one(json_t *plan, const char *name, const char *kind)
{
	char repository[128], ref[160];

	snprintf(repository, sizeof(repository), WORLD_REGISTRY "/app/%s", name);
	snprintf(ref, sizeof(ref), "%s:v3", repository);
	json_object_set_new(rfa_facts_at(plan, "target/stack/deploy/images"), name,
			    json_string(repository));
	json_array_append_new(rfa_facts_at(plan, "options/desired/images"),
			      json_pack("{s:s, s:s, s:s}", "key", name, "kind", kind, "ref", ref));
}

static void edit(void *user, json_t *setup, json_t *plan)
{
	const struct wish *wish = user;
	json_t *options = json_object_get(plan, "options");
	json_t *source = json_object_get(plan, "source");

	(void)setup;
	json_object_set_new(plan, "flow", json_string("deploy"));
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "deploy",
			    json_pack("{s:s, s:{}}", "via", wish->via, "images"));
	json_object_set_new(options, "via", json_string(wish->via));
	json_object_set_new(options, "registries",
			    json_pack("{s:{s:b}}", WORLD_REGISTRY, "login", 1));
	json_object_set_new(options, "desired",
			    json_pack("{s:s, s:[]}", "version", "v3", "images"));
	if (wish->scenario != SCENARIO_COMPOSE) {
		add_one(plan, "backend", "run");
		add_one(plan, "frontend", "run");
	}
	if (wish->scenario == SCENARIO_COMPOSE || wish->scenario == SCENARIO_MIXED)
		add_one(plan, "web", "compose");
	if (!strcmp(wish->via, "target")) {
		source = rfa_facts_copy(json_object_get(plan, "target"));
		json_object_set_new(plan, "source", source);
	}
	json_object_del(source, "stack");
}

static int login(void *user, const char *domain, const char **name, const char **secret,
		 struct rfa_error *err)
{
	int is = !strcmp(domain, WORLD_REGISTRY);

	(void)user;
	(void)err;
	*name = is ? USER : NULL;
	*secret = is ? SECRET : NULL;
	return 0;
}

void world_registry_put(struct world *w, const char *name, const char *tag, const char *version,
			const char *health)
{
	json_t *image = world_image(name, tag, version, health), *layer;
	struct rfa_sim_layer layers[4];
	char repository[128];
	struct rfa_error err;
	size_t i;

	json_array_foreach (json_object_get(image, "layers"), i, layer) {
		layers[i].name = json_string_value(json_array_get(layer, 0));
		layers[i].bytes = (uint64_t)json_integer_value(json_array_get(layer, 1));
	}
	snprintf(repository, sizeof(repository), WORLD_REGISTRY "/app/%s", name);
	if (rfa_sim_registry_put(w->sim, repository, tag, layers, i,
				 json_object_get(image, "config"), &err))
		abort();
	json_decref(image);
}

void world_make_registry(struct world *w, enum scenario s, uint64_t seed, const char *via)
{
	struct wish wish = { s, via };
	struct rfa_error err;

	world_make_edited(w, s, seed, edit, &wish);
	world_registry_put(w, "backend", "v3", "v3", s == SCENARIO_UNHEALTHY ? "500" : "200");
	world_registry_put(w, "frontend", "v3", "v3", "200");
	world_registry_put(w, "web", "v3", "v3", s == SCENARIO_UNHEALTHY ? "500" : "200");
	if (rfa_sim_registry_login(w->sim, WORLD_REGISTRY, USER, SECRET, &err))
		abort();
	w->options.login = login;
	if (!strcmp(via, "target"))
		w->options.hosts[RFA_SOURCE] = w->target;
}
