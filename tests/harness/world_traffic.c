/* The world with a router. */
#include "tests/harness/world_traffic.h"

#include <string.h>

#include "fsm/base/facts.h"

static int is_compose(const json_t *plan)
{
	return json_is_object(rfa_facts_at(plan, "target/stack/compose"));
}

const char *world_traffic_service(const struct world *w)
{
	return is_compose(w->plan) ? "web" : "backend";
}

/* Slow to listen; of the second version, when it is ill, bad for visitors only. */
static void behave(json_t *host, int ill)
{
	json_t *image;
	size_t i;

	json_array_foreach (json_object_get(host, "images"), i, image) {
		json_t *labels = rfa_facts_at(image, "config/Labels");
		const char *ref = rfa_facts_str(image, "ref", "");

		json_object_set_new(labels, "sim.health", json_string("warm:8000"));
		if (ill && (strstr(ref, "backend:v2") || strstr(ref, "web:v2")))
			json_object_set_new(labels, "sim.routed", json_string("500"));
	}
}

/* Nobody comes by a port of the host. */
static void unpublish(json_t *host)
{
	json_t *one;
	const char *name;
	size_t i;

	json_array_foreach (json_object_get(host, "containers"), i, one)
		json_object_del(rfa_facts_at(one, "body/HostConfig"), "PortBindings");
	json_array_foreach (json_object_get(host, "compose"), i, one) {
		json_t *services = rfa_facts_at(one, "config/services");
		json_t *service;

		json_object_foreach (services, name, service)
			json_object_del(service, "ports");
	}
}

static void add_router(json_t *host, const char *image, const char *service)
{
	json_t *body = json_pack("{s:s, s:{s:{s:s}, s:s}}", "Image", image, "HostConfig",
				 "RestartPolicy", "Name", "always", "NetworkMode", "appnet");

	json_array_append_new(json_object_get(host, "containers"),
			      json_pack("{s:s, s:o}", "name", "router", "body", body));
	json_object_set_new(host, "routers",
			    json_pack("[{s:s, s:s, s:s}]", "router", "router", "directory",
				      "/srv/router", "service", service));
}

struct edits {
	enum scenario scenario;
	void (*more)(json_t *setup, json_t *plan);
};

static void edit(void *user, json_t *setup, json_t *plan)
{
	const struct edits *edits = user;
	const char *service = is_compose(plan) ? "web" : "backend";
	const char *other = is_compose(plan) ? "api" : "frontend";
	json_t *prod = rfa_facts_at(setup, "hosts/prod");
	json_t *test = rfa_facts_at(setup, "hosts/test");
	json_t *stack = rfa_facts_at(plan, "target/stack");

	behave(prod, edits->scenario == SCENARIO_UNHEALTHY);
	behave(test, edits->scenario == SCENARIO_UNHEALTHY);
	unpublish(prod);
	add_router(prod, is_compose(plan) ? "api:v1" : "frontend:v1", service);
	json_object_set_new(stack, "checks", json_array());
	json_object_set_new(stack, "health_settle_s", json_integer(2));
	json_object_set_new(
	    stack, "traffic",
	    json_pack("{s:{s:{s:s, s:i}, s:{s:s}}, s:{s:s, s:s}, s:[ii], s:i, s:i, s:i, s:[s]}",
		      "services", service, "how", "blue-green", "port", 8001, other, "how",
		      "start-first", "router", "container", "router", "directory", "/srv/router",
		      "shares", 20, 100, "soak_s", 3, "min_requests", 30, "drain_s", 6, "shared_ok",
		      "/opt/app/data"));
	if (edits->more)
		edits->more(setup, plan);
}

void world_make_traffic_edited(struct world *w, enum scenario s, uint64_t seed,
			       void (*more)(json_t *setup, json_t *plan))
{
	struct edits edits = { s, more };

	world_make_edited(w, s, seed, edit, &edits);
	w->options.clock->sleep_ms(w->options.clock, 10000);
}

void world_make_traffic(struct world *w, enum scenario s, uint64_t seed)
{
	world_make_traffic_edited(w, s, seed, NULL);
}
