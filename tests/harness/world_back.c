/* The standard world, where a rollback brings files back, or images that the host has no more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "tests/harness/served.h"

#define PLACE "/srv/stacks/shop"

static void must(int rc, const struct rfa_error *err)
{
	if (!rc)
		return;
	fprintf(stderr, "%s (%s)\n", err->msg, err->where);
	abort();
}

static void must_drive(struct world *w, const json_t *plan)
{
	struct rfa_run_result result;
	struct rfa_error err;

	must(world_drive(w, plan, &result, &err), &err);
	w->options.clock->sleep_ms(w->options.clock, 5000);
}

/* Files. */

/* docker-compose.yml with one member changed; JSON is YAML. */
static void change_compose(struct world *w, const char *path, json_t *value)
{
	struct rfa_buf text = RFA_BUF_INIT(1 << 20);
	struct rfa_error err;
	json_t *root = NULL, *at;
	char *changed;

	must(w->target->files->read(w->target, PLACE "/docker-compose.yml", 1 << 20, &text, &err),
	     &err);
	must(rfa_facts_parse(&root, rfa_buf_str(&text), text.len, "compose", &err), &err);
	at = rfa_facts_at(root, path);
	if (json_is_object(at))
		json_object_update(at, value);
	else
		json_array_set(rfa_facts_at(root, "services/web/ports"), 0, value);
	changed = json_dumps(root, JSON_INDENT(1));
	must(rfa_sim_file_put(w->prod, PLACE "/docker-compose.yml", 0644, changed, &err), &err);
	free(changed);
	json_decref(value);
	json_decref(root);
	rfa_buf_release(&text);
}

/* The options of a rollback's plan are those of the world's, which others use, too. */
static json_t *plan_of(struct world *w)
{
	json_t *shared = world_rollback_plan(w), *plan = rfa_facts_copy(shared);

	json_decref(shared);
	return plan;
}

static json_t *back_with_files(struct world *w)
{
	json_t *plan = plan_of(w);

	json_object_set_new(json_object_get(plan, "options"), "with_files", json_true());
	return plan;
}

static void move_checks(void *user, json_t *setup, json_t *plan)
{
	(void)user;
	(void)setup;
	json_object_set_new(json_array_get(rfa_facts_at(plan, "target/stack/checks"), 0), "url",
			    json_string("http://127.0.0.1:9009/health"));
}

void world_put_variables(struct world *w)
{
	struct rfa_error err;

	must(rfa_sim_file_put(w->prod, PLACE "/.env", 0600, WORLD_OLD_VARIABLES, &err), &err);
}

void world_change_files(struct world *w)
{
	struct rfa_error err;

	must(rfa_sim_file_put(w->prod, PLACE "/.env", 0640, WORLD_NEW_VARIABLES, &err), &err);
	change_compose(w, "services/web", json_pack("{s:{s:s}}", "environment", "MODE", "changed"));
	change_compose(w, "services/web", json_pack("{s:s}", "image", "web:v2"));
}

void world_compose_up(struct world *w)
{
	json_t *up = json_pack("{s:s, s:s, s:[ss]}", "project", "shop", "directory", PLACE, "files",
			       "docker-compose.yml", "/var/lib/rfa/stacks/shop/images.json");
	struct rfa_error err;

	must(rfa_sim_compose_up(w->prod, up, &err), &err);
	json_decref(up);
}

static json_t *make_files(struct world *w, uint64_t seed, int sick)
{
	json_t *plan;

	world_make_edited(w, SCENARIO_COMPOSE, seed, NULL, NULL);
	world_put_variables(w);
	must_drive(w, w->plan);
	world_change_files(w);
	change_compose(w, "services/api", json_pack("{s:s}", "image", "api:v2"));
	if (sick)
		change_compose(w, "services/web/ports/0",
			       json_pack("{s:i, s:s, s:s}", "target", 8001, "published", "9009",
					 "host_ip", "127.0.0.1"));
	world_compose_up(w);
	plan = back_with_files(w);
	if (sick)
		move_checks(NULL, NULL, plan);
	return plan;
}

/* Images. */

/* All names of the images that have this tag: with the last one the image goes. */
static void drop_images(struct world *w, struct rfa_host *host, const char *tag)
{
	static const struct rfa_job_key key = { "by-hand", "by-hand", "untag" };
	static const char *const names[] = { "RepoTags", "RepoDigests" };
	json_t *all = NULL, *image, *name;
	struct rfa_error err;
	size_t i, k, n;

	(void)w;
	must(host->engine->list(host, RFA_IMAGE, &all, &err), &err);
	json_array_foreach (all, i, image) {
		char *text = json_dumps(json_object_get(image, "RepoTags"), 0);
		int is = text && strstr(text, tag);

		free(text);
		for (k = 0; is && k < 2; k++)
			json_array_foreach (json_object_get(image, names[k]), n, name) {
				struct rfa_job_key own = key;
				char op[200];

				snprintf(op, sizeof(op), "untag%zu-%zu-%zu", i, k, n);
				own.op = op;
				must(host->engine->image_untag(host, &own, json_string_value(name),
							       &err),
				     &err);
			}
	}
	json_decref(all);
	must(host->runs->remove(host, "by-hand", &err), &err);
}

static void add_image(struct rfa_sim_host *host, const char *name)
{
	json_t *image = world_image(name, "v1", "v1", "200"), *layer;
	struct rfa_sim_layer layers[4];
	struct rfa_error err;
	char ref[64];
	size_t i;

	json_array_foreach (json_object_get(image, "layers"), i, layer) {
		layers[i].name = json_string_value(json_array_get(layer, 0));
		layers[i].bytes = (uint64_t)json_integer_value(json_array_get(layer, 1));
	}
	snprintf(ref, sizeof(ref), "%s:v1", name);
	must(rfa_sim_image_add(host, ref, layers, i, json_object_get(image, "config"), &err), &err);
	json_decref(image);
}

static json_t *make_given(struct world *w, uint64_t seed, int given)
{
	json_t *plan, *side;

	world_make(w, SCENARIO_RUN, seed);
	must_drive(w, w->plan);
	if (given) {
		add_image(w->test, "backend");
		add_image(w->test, "frontend");
	}
	drop_images(w, w->target, ":v1\"");
	plan = plan_of(w);
	if (given) {
		side = rfa_facts_copy(json_object_get(w->plan, "source"));
		json_object_del(side, "stack");
		json_object_set_new(plan, "source", side);
	} else {
		json_object_set_new(json_object_get(plan, "options"), "asked",
				    json_pack("[s]", "test: it has no backend:v1 any more"));
	}
	return plan;
}

/* A backup of v1, then v2. */
static json_t *make_stored(struct world *w)
{
	static const char id[] = "20261122-100100-prod-images";
	static const char *const names[] = { "\"backend:v1\"", "\"frontend:v1\"", "\"web:v1\"" };
	json_t *shared, *plan;
	size_t i;

	world_make_versions(w, SCENARIO_DATA, 0);
	world_promote_v2(w, id);
	for (i = 0; i < 3; i++)
		drop_images(w, w->target, names[i]);
	shared = world_whole_plan(w, id);
	plan = rfa_facts_copy(shared);
	json_decref(shared);
	json_object_set_new(plan, "flow", json_string("rollback"));
	json_object_set_new(json_object_get(plan, "options"), "set", json_string("images"));
	return plan;
}

/* v3 from the registry, then v2 from test. */
static json_t *make_pulled(struct world *w, uint64_t seed)
{
	json_t *promote, *plan, *image;
	char repository[128];
	size_t i;

	world_make_registry(w, SCENARIO_RUN, seed, "target");
	must_drive(w, w->plan);
	promote = rfa_facts_copy(w->plan);
	json_object_set_new(promote, "flow", json_string("promote"));
	json_object_set_new(promote, "options",
			    json_pack("{s:i, s:i}", "idle_timeout_ms", 5000, "chunk_bytes", 32768));
	json_object_set_new(promote, "source", rfa_facts_copy(json_object_get(promote, "target")));
	json_object_set_new(rfa_facts_at(promote, "source"), "env", json_string("test"));
	json_object_set_new(rfa_facts_at(promote, "source"), "destination", json_string("test"));
	json_object_set_new(rfa_facts_at(promote, "source"), "address", json_string("10.88.0.11"));
	w->options.hosts[RFA_SOURCE] = w->source;
	must_drive(w, promote);
	json_decref(promote);
	drop_images(w, w->target, ":v3\"");
	plan = plan_of(w);
	json_object_del(json_object_get(plan, "options"), "desired");
	json_array_foreach (rfa_facts_at(plan, "point/images"), i, image) {
		snprintf(repository, sizeof(repository), WORLD_REGISTRY "/app/%s",
			 rfa_facts_str(image, "key", ""));
		json_object_set_new(image, "digest",
				    json_string(rfa_sim_registry_digest(w->sim, repository, "v3")));
	}
	return plan;
}

json_t *world_make_back(struct world *w, enum world_back which, uint64_t seed)
{
	switch (which) {
	case WORLD_BACK_FILES:
	case WORLD_BACK_SICK:
		return make_files(w, seed, which == WORLD_BACK_SICK);
	case WORLD_BACK_STORED:
		return make_stored(w);
	case WORLD_BACK_PULLED:
		return make_pulled(w, seed);
	default:
		return make_given(w, seed, which == WORLD_BACK_GIVEN);
	}
}
