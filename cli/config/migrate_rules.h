/* Rules about migrations. */
#ifndef RFA_CLI_CONFIG_MIGRATE_RULES_H
#define RFA_CLI_CONFIG_MIGRATE_RULES_H

#include "cli/config/problems.h"

/* Adds the problems of a stack's migration; the walk stands at the stack. */
void rfa_migrate_judge(struct rfa_walk *walk, const json_t *stack);

#endif
