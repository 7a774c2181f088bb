/* Which backups of a vault stay, by the rules, shown before the others go. */
#ifndef RFA_CLI_PRUNE_H
#define RFA_CLI_PRUNE_H

#include "cli/vault.h"

/* Prints what stays and what goes once the backup `coming` is there ("" for none). */
int rfa_prune_show(struct rfa_cli *cli, const struct rfa_open_vault *vault, const char *set,
		   const char *coming, struct rfa_error *err) RFA_MUST_USE;
/* Shows it, asks for the environment's name, and begins the run that removes; --dry-run only shows.
 */
int rfa_prune_vault(struct rfa_cli *cli, struct rfa_open_vault *vault, const char *set,
		    struct rfa_error *err) RFA_MUST_USE;

#endif
