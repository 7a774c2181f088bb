/* The standard world, with things on prod that nothing needs, and others that something holds. */
#ifndef RFA_TESTS_HARNESS_WORLD_PRUNE_H
#define RFA_TESTS_HARNESS_WORLD_PRUNE_H

#include "tests/harness/world.h"

/* A run of the stack that is not over, in "staging"; one that no ledger knows. */
#define WORLD_OPEN_RUN "20261121-080000-0be000"
#define WORLD_STRANGE_RUN "20240101-000000-aaaaaa"

/*
 * Makes the world of a promote (SCENARIO_RUN), with keep_images 1, in which v2, v3, v4 and v5 came
 * to prod one after the other. On prod then are, beside what runs (v5) and what can be gone back to
 * (v4): backend:v3, which goes; frontend:v3, from which the container "old" was made, which does
 * not run; backend:v99, which the ledger does not know; other:v1, of no stack; and directories of
 * w->spare_run, which goes, of WORLD_OPEN_RUN and WORLD_STRANGE_RUN.
 */
void world_make_spare(struct world *w, uint64_t seed);
/* The plan of a prune of prod without a kind, as the command makes it. New. */
json_t *world_prune_plan(struct world *w);

/* The directory of a run on prod. */
void world_put_run(struct world *w, const char *run);
/* The container on test is from now on of another version: `name`:v`version`. */
void world_ship(struct world *w, const char *name, const char *host_port, int version);

#endif
