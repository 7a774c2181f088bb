/* A standard world in which a router stands in front of a service of prod. */
#ifndef RFA_TESTS_HARNESS_WORLD_TRAFFIC_H
#define RFA_TESTS_HARNESS_WORLD_TRAFFIC_H

#include "tests/harness/world.h"

/*
 * The world of a promote (SCENARIO_RUN, COMPOSE, UNHEALTHY), with a container `router` on prod in
 * front of `backend` (of COMPOSE: `web`), which is switched blue-green; `frontend` (`api`)
 * start-first. Every container needs eight seconds before it listens. UNHEALTHY: what visitors
 * get of v2 is errors, and checks find nothing.
 */
void world_make_traffic(struct world *w, enum scenario s, uint64_t seed);
/* The same; the plan and the hosts may be edited more. */
void world_make_traffic_edited(struct world *w, enum scenario s, uint64_t seed,
			       void (*edit)(json_t *setup, json_t *plan));
/* Whose traffic it is: "backend", "web". */
const char *world_traffic_service(const struct world *w);

#endif
