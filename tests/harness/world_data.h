/* What the standard world's scenarios of data are made of; for world.c. */
#ifndef RFA_TESTS_HARNESS_WORLD_DATA_H
#define RFA_TESTS_HARNESS_WORLD_DATA_H

#include "tests/harness/world.h"

/* Makes a setup and a plan of SCENARIO_MIXED's kind into those of a scenario of data. */
void world_add_data(enum scenario s, json_t *setup, json_t *plan);
/* 1 if no copy and no half backup is left on env; own: its RFA_SIM_OWN. */
int world_data_is_clean(struct world *w, const char *env, const json_t *own, struct rfa_buf *why);

#endif
