/*
 * Secrets that rfa.json names, and where each value is: a variable, a file, what a command prints.
 * Variables and files are read with rfa.json; a command is run when a plan needs its value.
 */
#ifndef RFA_CLI_CONFIG_SECRETS_H
#define RFA_CLI_CONFIG_SECRETS_H

#include <jansson.h>

#include "cli/config/secret.h"
#include "ledger/ledger.h"

/* Those of one rfa.json. */
struct rfa_secrets {
	struct rfa_secret *items; /* owned */
	size_t n;
	json_t *stacks; /* owned; of rfa.json: where the secrets of builds are */
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
/*
 * Whether the secret `id` of a stack's builds (plan: {"stack","target":{"env"}}) is there: its file
 * can be read, its variable is set, its command is one that sh finds; it is not run. Errors: CONFIG
 * says what is wrong, and where it should be, never its value.
 */
int rfa_secrets_check_build(const struct rfa_secrets *secrets, const json_t *plan, const char *id,
			    const char *folder, struct rfa_error *err) RFA_MUST_USE;
/* The login for a registry that was fetched, borrowed; NULL: there is none. */
const struct rfa_secret *rfa_secrets_login(const struct rfa_secrets *secrets, const char *domain);
/* The value of that name, borrowed; NULL: there is none, or it is not known. */
const char *rfa_secrets_find(const struct rfa_secrets *secrets, const char *name);

#endif
