/* A stack's vault of backups, opened without a run: what is in it, and the one that is meant. */
#ifndef RFA_CLI_VAULT_H
#define RFA_CLI_VAULT_H

#include "cli/cli.h"
#include "cli/data_rules.h"

struct rfa_open_vault {
	struct rfa_vault at;
	const char *stack;     /* borrowed */
	struct rfa_host *host; /* owned; connected */
	json_t *all;           /* owned; as ops->vault_list() says */
};

/* The state directory of the operator's side: beside the ledger, so that each has its own. */
int rfa_operator_state(struct rfa_cli *cli, char **out, struct rfa_error *err) RFA_MUST_USE;
/* The side of a plan that is this machine itself; *out is new. */
int rfa_operator_side(struct rfa_cli *cli, json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* This machine as a host: local, and no engine is asked for. Connected; *out is new. */
int rfa_operator_open(struct rfa_cli *cli, struct rfa_host **out,
		      struct rfa_error *err) RFA_MUST_USE;
/*
 * Fills in what a plan needs of the side where the vault is: ask->from or ask->to (`role`), and of
 * the operator what belongs to it. *state is new, or NULL; free it behind the plan.
 */
int rfa_vault_side(struct rfa_cli *cli, const struct rfa_vault *vault, const char **role,
		   struct rfa_plan_ask *ask, char **state, struct rfa_error *err) RFA_MUST_USE;

/* Connects to where the vault of env's stack is, and lists it. Release in any case. */
int rfa_vault_open(struct rfa_cli *cli, const char *env, const char *stack,
		   struct rfa_open_vault *out, struct rfa_error *err) RFA_MUST_USE;
void rfa_vault_close(struct rfa_open_vault *vault);

/* 1 if the backup of the list is one of this environment, and of this set (NULL: any). */
int rfa_vault_is(const struct rfa_open_vault *vault, const json_t *backup, const char *set);
/*
 * The backup with this id, or, for NULL, the newest complete one of the set. *out is borrowed from
 * the list. Errors: NOTFOUND with a suggestion; REFUSED for one that is not complete.
 */
int rfa_vault_choose(const struct rfa_open_vault *vault, const char *id, const char *set,
		     const json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* All bytes of a backup's members; 0: the manifest does not say. */
int64_t rfa_vault_bytes(const json_t *backup);

#endif
