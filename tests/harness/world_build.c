/* The standard world with sources, from which images are built. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/world.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

struct edits {
	enum scenario scenario;
	void (*edit)(void *user, json_t *setup, json_t *plan);
	void *user;
};

/* What is in WORLD_SOURCES/NAME. */
static json_t *sources(const char *name, const char *health)
{
	json_t *image = world_image(name, "v3", "v3", health);
	json_t *file = json_pack("{s:O, s:O}", "layers", json_object_get(image, "layers"), "config",
				 json_object_get(image, "config"));
	char tree[41];

	snprintf(tree, sizeof(tree), "%-40.40s", name);
	for (char *c = tree; *c; c++)
		*c = *c == ' ' ? '0' : *c;
	json_decref(image);
	return json_pack("{s:s, s:b, s:s, s:{s:o}}", "commit", COMMIT, "dirty", 0, "tree", tree,
			 "dockerfiles", "Dockerfile", file);
}

static void add_one(json_t *setup, json_t *plan, const char *name, const char *kind,
		    const char *health)
{
	char context[128], ref[128];
	json_t *made = sources(name, health);
	json_t *options = json_object_get(plan, "options");

	snprintf(context, sizeof(context), WORLD_SOURCES "/%s", name);
	snprintf(ref, sizeof(ref), "%s:v3", name);
	json_array_append_new(json_object_get(options, "sources"),
			      json_pack("{s:s, s:s, s:s, s:b, s:O}", "key", name, "context",
					context, "commit", COMMIT, "dirty", 0, "tree",
					json_object_get(made, "tree")));
	json_object_set_new(rfa_facts_at(setup, "hosts/test/sources"), context, made);
	json_object_set_new(rfa_facts_at(plan, "target/stack/build/images"), name,
			    json_pack("{s:s, s:s, s:s, s:{}, s:{}}", "image", name, "context",
				      context, "dockerfile", "Dockerfile", "args", "labels"));
	json_array_append_new(rfa_facts_at(options, "desired/images"),
			      json_pack("{s:s, s:s, s:s}", "key", name, "kind", kind, "ref", ref));
}

/* The project's own file says how it is built, and the target has that file, too. */
static void be_composed(json_t *setup, json_t *plan)
{
	json_t *projects = rfa_facts_at(setup, "hosts/prod/compose");

	json_object_set_new(rfa_facts_at(json_array_get(projects, 0), "config/services/web"),
			    "build", json_pack("{s:s}", "context", WORLD_SOURCES "/web"));
	json_object_set_new(rfa_facts_at(plan, "target/stack/build"), "compose", json_true());
}

static void add(void *user, json_t *setup, json_t *plan)
{
	const struct edits *e = user;
	const char *health = e->scenario == SCENARIO_UNHEALTHY ? "500" : "200";
	json_t *options = json_object_get(plan, "options");

	json_object_set_new(plan, "flow", json_string("publish"));
	json_object_set_new(rfa_facts_at(setup, "hosts/test"), "sources", json_object());
	json_object_set_new(rfa_facts_at(plan, "target/stack"), "build",
			    json_pack("{s:s, s:s, s:s, s:{}}", "on", "test", "version", "time",
				      "dirty", "mark", "images"));
	json_object_set_new(options, "sources", json_array());
	json_object_set_new(options, "desired",
			    json_pack("{s:s, s:[]}", "version", "v3", "images"));
	if (e->scenario != SCENARIO_COMPOSE) {
		add_one(setup, plan, "backend", "run", health);
		add_one(setup, plan, "frontend", "run", "200");
	}
	if (e->scenario == SCENARIO_COMPOSE || e->scenario == SCENARIO_MIXED)
		add_one(setup, plan, "web", "compose", "200");
	if (e->scenario == SCENARIO_COMPOSE)
		be_composed(setup, plan);
	if (e->edit)
		e->edit(e->user, setup, plan);
}

void world_make_sources(struct world *w, enum scenario s, uint64_t seed,
			void (*edit)(void *user, json_t *setup, json_t *plan), void *user)
{
	struct edits edits = { s, edit, user };

	world_make_edited(w, s, seed, add, &edits);
}

void world_judge_builder(struct world *w, const struct rfa_run_result *result, struct rfa_buf *why)
{
	int built = result->final == RFA_FINAL_SUCCEEDED;
	const char *key;
	json_t *of;

	/* It may have ended with a crash, or with a host that is starting. */
	rfa_sim_recover(w->sim);
	w->options.clock->sleep_ms(w->options.clock, 30000);
	json_object_foreach (rfa_facts_at(w->plan, "target/stack/build/images"), key, of) {
		struct rfa_error err;
		json_t *image = NULL;
		char ref[64];
		int rc;

		snprintf(ref, sizeof(ref), "%s:v3", key);
		rc = w->source->engine->inspect(w->source, RFA_IMAGE, ref, &image, &err);
		if ((rc == 0) != built)
			rfa_buf_printf(why, "the builder has %s image %s; ", rc ? "no" : "an", ref);
		json_decref(image);
	}
}
