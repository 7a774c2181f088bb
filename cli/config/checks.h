/* Rules about a stack's checks, and the one list that they become. */
#ifndef RFA_CLI_CONFIG_CHECKS_H
#define RFA_CLI_CONFIG_CHECKS_H

#include "cli/config/problems.h"

/* Adds the problems of a stack's checks; the walk stands at the stack. */
void rfa_checks_judge(struct rfa_walk *walk, const json_t *stack);

/*
 * Puts "health" into "checks" of a stack that is resolved, and gives a name to each that has none:
 * its URL, with a number behind it where another one has that name. Errors: NOMEM.
 */
int rfa_checks_merge(json_t *stack, struct rfa_error *err) RFA_MUST_USE;

#endif
