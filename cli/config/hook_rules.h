/* Rules about the commands around a run. */
#ifndef RFA_CLI_CONFIG_HOOK_RULES_H
#define RFA_CLI_CONFIG_HOOK_RULES_H

#include "cli/config/problems.h"

/* More words no hook has, here or on a host. */
#define RFA_HOOK_WORDS 200

/* Adds the problems of a stack's hooks; the walk stands at the stack. */
void rfa_hooks_judge(struct rfa_walk *walk, const json_t *stack);

#endif
