/* A stack's vault of backups: where it is, and what is in it. */
#ifndef RFA_CLI_COMMANDS_VAULT_H
#define RFA_CLI_COMMANDS_VAULT_H

#include "cli/frame/cli.h"
#include "fsm/parts/args.h"

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

struct rfa_open_vault {
	struct rfa_vault at;
	const char *stack;     /* borrowed */
	struct rfa_host *host; /* owned; connected */
	json_t *all;           /* owned; as vault->list() says */
};

/* The side of a plan that is this machine itself; *out is new. */
int rfa_operator_side(struct rfa_cli *cli, json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* This machine as a host: local, and no engine is asked for. Connected; *out is new. */
int rfa_operator_open(struct rfa_cli *cli, struct rfa_host **out,
		      struct rfa_error *err) RFA_MUST_USE;
/* Where the backups of env's stack are: for a plan. *out: its side and keep are new. */
int rfa_vault_of(struct rfa_cli *cli, const char *env, const char *stack,
		 struct rfa_vault_place *out, struct rfa_error *err) RFA_MUST_USE;

/* Connects to where the vault of env's stack is, and lists it. Release in any case. */
int rfa_vault_open(struct rfa_cli *cli, const char *env, const char *stack,
		   struct rfa_open_vault *out, struct rfa_error *err) RFA_MUST_USE;
void rfa_vault_close(struct rfa_open_vault *vault);

/* All bytes of a backup's members; 0: the manifest does not say. */
int64_t rfa_vault_bytes(const json_t *backup);

#endif
