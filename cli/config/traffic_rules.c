/* What the configuration of traffic must keep that one row of the table cannot say. */
#include "cli/config/traffic_rules.h"

#include <string.h>

#include "fsm/base/facts.h"

static void judge_service(struct rfa_walk *walk, const json_t *traffic, const json_t *service)
{
	if (strcmp(rfa_facts_str(service, "how", ""), "blue-green") != 0)
		return;
	if (!json_object_get(service, "port"))
		rfa_problem_hint(rfa_walk_problem(walk, "blue-green needs its port"),
				 "\"port\": the one at which it listens in its container");
	if (!json_object_get(traffic, "router"))
		rfa_problem_hint(rfa_walk_problem(walk, "blue-green needs a router"),
				 "\"router\" beside \"services\"; or \"how\": \"start-first\"");
}

/* They grow, and end with all of it. */
static void judge_shares(struct rfa_walk *walk, const json_t *shares)
{
	json_int_t last = 0;
	json_t *share;
	size_t i;
	int grow = 1;

	json_array_foreach ((json_t *)(uintptr_t)shares, i, share) {
		grow &= json_integer_value(share) > last;
		last = json_integer_value(share);
	}
	if (json_is_array(shares) && (!grow || last != 100))
		rfa_problem_hint(
		    rfa_walk_problem(walk, "each share is larger than the one before, and the last "
					   "is 100"),
		    "for example [10, 50, 100]; [100] moves all at once");
}

void rfa_traffic_judge(struct rfa_walk *walk, const json_t *stack)
{
	const json_t *traffic = json_object_get(stack, "traffic");
	const char *name;
	json_t *service;

	rfa_walk_enter(walk, "traffic", 0);
	rfa_walk_enter(walk, "services", 0);
	json_object_foreach (json_object_get(traffic, "services"), name, service) {
		rfa_walk_enter(walk, name, 0);
		judge_service(walk, traffic, service);
		rfa_walk_leave(walk);
	}
	rfa_walk_leave(walk);
	rfa_walk_enter(walk, "shares", 0);
	judge_shares(walk, json_object_get(traffic, "shares"));
	rfa_walk_leave(walk);
	rfa_walk_leave(walk);
}
