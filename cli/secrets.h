/*
 * Secrets that rfa.json names, and where each value is: a variable, a file, what a command prints.
 * Variables and files are read with rfa.json; a command is run when a plan needs its value.
 */
#ifndef RFA_CLI_SECRETS_H
#define RFA_CLI_SECRETS_H

#include "cli/config.h"
#include "fsm/base/buf.h"

struct rfa_cli;

enum rfa_secret_from { RFA_SECRET_VARIABLE, RFA_SECRET_FILE, RFA_SECRET_COMMAND };

struct rfa_secret {
	char *name;
	char *where; /* the file, absolute; the command; "" for a variable */
	enum rfa_secret_from from;
	char *value;    /* NULL: there is none, or it was not asked for yet */
	char why[200];  /* why there is none; "" */
	int others_see; /* a file that others on this machine may read */
};

/* Fills config->secret and config->secrets in. What cannot be read is no error here. */
int rfa_secrets_take(struct rfa_config *config, struct rfa_error *err) RFA_MUST_USE;
void rfa_secrets_free(struct rfa_config *config);

/*
 * Runs the commands whose names the plan refers to, and tells ledger and output what to hide. An
 * error (CONFIG) names the command that failed.
 */
int rfa_secrets_need(struct rfa_cli *cli, const json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* For struct rfa_run_options; `user` is the struct rfa_cli. */
int rfa_secrets_value(void *user, const char *name, const char **value, struct rfa_error *err);

/* What is wrong with one, in words; 0 if nothing is. A command is not run for that. */
int rfa_secret_trouble(const struct rfa_secret *secret, struct rfa_buf *says);

#endif
