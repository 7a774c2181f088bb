/* Rules about the traffic of a stack. */
#ifndef RFA_CLI_CONFIG_TRAFFIC_RULES_H
#define RFA_CLI_CONFIG_TRAFFIC_RULES_H

#include <jansson.h>

#include "cli/config/problems.h"

/* What one row of the table cannot say. The walk stands at the stack. */
void rfa_traffic_judge(struct rfa_walk *walk, const json_t *stack);

#endif
