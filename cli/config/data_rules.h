/* Rules about a stack's data and backups. */
#ifndef RFA_CLI_CONFIG_DATA_RULES_H
#define RFA_CLI_CONFIG_DATA_RULES_H

#include "cli/config/problems.h"

/* Where backups are on a host, unless rfa.json names another folder. */
#define RFA_HOST_VAULTS "/var/lib/rfa/backups"

/* Adds the problems of a stack's data and backup; the walk stands at the stack. */
void rfa_data_check(struct rfa_walk *walk, const json_t *stack);
/* Takes out of the stack the members that the overlay names: each is one thing, not a mixture. */
void rfa_data_replace_members(json_t *stack, const json_t *overlay);

/* 1 if the stack's backups are kept on the operator's machine. */
int rfa_data_on_operator(const json_t *stack);

#endif
