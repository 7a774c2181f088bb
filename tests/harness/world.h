/* A standard world for tests: hosts `test` and `prod`, an application on both, a ledger in memory.
 */
#ifndef RFA_TESTS_HARNESS_WORLD_H
#define RFA_TESTS_HARNESS_WORLD_H

#include "fixtures/sim/sim.h"
#include "fsm/run/run.h"

/* What is promoted. */
enum scenario {
	SCENARIO_RUN,       /* two containers by `docker run`, v1 on prod, v2 on test */
	SCENARIO_COMPOSE,   /* the same as a Compose project */
	SCENARIO_MIXED,     /* containers and a Compose project in one stack */
	SCENARIO_FIRST,     /* nothing on prod yet: bootstrap */
	SCENARIO_UNHEALTHY, /* v2 answers 500 */
	SCENARIO_SAME_TAG,  /* v2 has v1's tag */
	SCENARIO_COUNT
};
const char *scenario_word(enum scenario s);

struct world {
	struct rfa_sim_world *sim;
	struct rfa_sim_host *test, *prod;
	struct rfa_host *source, *target;
	struct rfa_ledger *ledger;
	struct rfa_run_options options;
	json_t *plan;
};

/* Ends the test program on any error: a world that cannot be made is a defect of the test. */
void world_make(struct world *w, enum scenario s, uint64_t seed);
/* The same; what the hosts are made of and the plan may be edited before the world is made. */
void world_make_edited(struct world *w, enum scenario s, uint64_t seed,
		       void (*edit)(void *user, json_t *setup, json_t *plan), void *user);
void world_free(struct world *w);

/* The plan of a rollback to the newest point; NULL if there is none. New. */
json_t *world_rollback_plan(struct world *w);

/* What serves on prod (containers without their ids, tags, networks, volumes, files). New. */
json_t *world_serves(struct world *w);
/* What is rfa's own on both hosts. New. */
json_t *world_own(struct world *w);
/* 1 if no lock, run directory or container of a run is left on any host; else why is appended. */
int world_is_clean(struct world *w, struct rfa_buf *why);

/* Drives until the run is final: begin, then recover and resume as often as it takes (bounded). */
int world_drive(struct world *w, const json_t *plan, struct rfa_run_result *result,
		struct rfa_error *err);

#endif
