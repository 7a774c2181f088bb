/* Rules about a stack's data and backups, and where its vault is. */
#ifndef RFA_CLI_DATA_RULES_H
#define RFA_CLI_DATA_RULES_H

#include "cli/config.h"
#include "cli/problems.h"

/* Adds the problems of a stack's data and backup; the walk stands at the stack. */
void rfa_data_check(struct rfa_walk *walk, const json_t *stack);
/* Takes out of the stack the members that the overlay names: each is one thing, not a mixture. */
void rfa_data_replace_members(json_t *stack, const json_t *overlay);

/* Where the backups of a stack in an environment are, and which of them stay. */
struct rfa_vault {
	char env[64];
	char path[1024]; /* absolute, on the host or on the operator's machine */
	int on_operator;
	json_t *keep; /* owned; the rules; NULL: every backup stays */
};
int rfa_config_vault(const struct rfa_config *config, const char *env, const char *stack,
		     struct rfa_vault *out, struct rfa_error *err) RFA_MUST_USE;
void rfa_vault_release(struct rfa_vault *vault); /* NULL-safe inside */

#endif
