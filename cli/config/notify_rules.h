/* Rules about channels. */
#ifndef RFA_CLI_CONFIG_NOTIFY_RULES_H
#define RFA_CLI_CONFIG_NOTIFY_RULES_H

#include "cli/config/problems.h"

/* Adds the problems of "notify"; the walk stands at the root. */
void rfa_notify_judge(struct rfa_walk *walk, const json_t *root);

#endif
