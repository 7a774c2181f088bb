/*
 * Secrets that rfa.json names, and where each value is: a variable, a file, what a command prints.
 * Variables and files are read with rfa.json; a command is run when a plan needs its value.
 */
#ifndef RFA_CLI_CONFIG_SECRETS_H
#define RFA_CLI_CONFIG_SECRETS_H

#include <jansson.h>

#include "fsm/base/buf.h"
#include "ledger/ledger.h"

enum rfa_secret_from {
	RFA_SECRET_VARIABLE,
	RFA_SECRET_FILE,
	RFA_SECRET_COMMAND,
	RFA_SECRET_LOGIN, /* for a registry: `name` is its domain; fetched when a plan needs it */
};

struct rfa_secret {
	char *name;
	char *where; /* the file, absolute; the command; "" for the others */
	enum rfa_secret_from from;
	char *user;     /* of a login */
	char *value;    /* NULL: there is none, or it was not asked for yet */
	char why[200];  /* why there is none; "" */
	int others_see; /* a file that others on this machine may read */
};

/*
 * Fills in one secret, which is all zero, and reads its value from a variable (which is `name`) or
 * a file (relative to `folder`). What cannot be read is no error: `why` tells. A command is not
 * run. To be released whatever the answer. Errors: NOMEM.
 */
int rfa_secret_take(struct rfa_secret *secret, const char *name, enum rfa_secret_from from,
		    const char *folder, const char *where, struct rfa_error *err) RFA_MUST_USE;
/* Runs its command with sh, and takes what that prints, or tells why not in `why`. Errors: NOMEM.
 */
int rfa_secret_run(struct rfa_secret *secret, struct rfa_error *err) RFA_MUST_USE;
/* The value is overwritten. */
void rfa_secret_release(struct rfa_secret *secret);

/* Those of one rfa.json. */
struct rfa_secrets {
	struct rfa_secret *items; /* owned */
	size_t n;
	/* The values that are known, for struct rfa_ledger_options; owned; NULL-terminated. */
	char **values;
};

/*
 * Fills `secrets` in from rfa.json's root; files are relative to `folder`. What cannot be read is
 * no error here. To be released whatever the answer.
 */
int rfa_secrets_take(struct rfa_secrets *secrets, const json_t *root, const char *folder,
		     struct rfa_error *err) RFA_MUST_USE;
void rfa_secrets_release(struct rfa_secrets *secrets);

/*
 * Runs the commands whose names the plan refers to, fetches the logins of its registries, and tells
 * `values` and the ledger (NULL: none) what to hide. folder: that of rfa.json. An error (CONFIG)
 * names the command or the registry that failed.
 */
int rfa_secrets_fetch(struct rfa_secrets *secrets, const json_t *plan, const char *folder,
		      struct rfa_ledger *ledger, struct rfa_error *err) RFA_MUST_USE;
/* The login for a registry that was fetched, borrowed; NULL: there is none. */
const struct rfa_secret *rfa_secrets_login(const struct rfa_secrets *secrets, const char *domain);
/* The value of that name, borrowed; NULL: there is none, or it is not known. */
const char *rfa_secrets_find(const struct rfa_secrets *secrets, const char *name);

/* What is wrong with one, in words; 0 if nothing is. A command is not run for that. */
int rfa_secret_trouble(const struct rfa_secret *secret, struct rfa_buf *says);

#endif
