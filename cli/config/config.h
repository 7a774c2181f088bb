/* rfa.json: found, read, checked against the table of keys, and resolved for an environment. */
#ifndef RFA_CLI_CONFIG_CONFIG_H
#define RFA_CLI_CONFIG_CONFIG_H

#include <jansson.h>
#include <stddef.h>

#include "cli/config/problems.h"
#include "cli/config/secrets.h"
#include "fsm/base/error.h"

struct rfa_config {
	char *path;                 /* of the file, absolute */
	char *folder;               /* that holds it */
	char *ledger;               /* absolute */
	json_t *root;               /* as written, checked */
	struct rfa_secrets secrets; /* that it names */
};

/* *out (new): the nearest rfa.json in `folder` or above it. Errors: NOTFOUND. */
int rfa_config_find(const char *folder, char **out, struct rfa_error *err) RFA_MUST_USE;
/*
 * Reads and checks. Errors: NOTFOUND, IO; CONFIG: then `problems` holds all of them, in the
 * order of the file. `problems` is zeroed by the caller, released by it in any case.
 */
int rfa_config_load(struct rfa_config **out, const char *path, struct rfa_problems *problems,
		    struct rfa_error *err) RFA_MUST_USE;
void rfa_config_free(struct rfa_config *config); /* NULL-safe */

/* Checks a text; what rfa_config_load() does behind the reading. *out (new) is the document. */
int rfa_config_parse(json_t **out, const char *text, size_t len, struct rfa_problems *problems,
		     struct rfa_error *err) RFA_MUST_USE;

/* *out (new): a path made absolute: "~" is the user's home, the rest is relative to the file. */
int rfa_config_path(const struct rfa_config *config, const char *path, char **out,
		    struct rfa_error *err) RFA_MUST_USE;

/* 0 if there is such a stack or environment; else NOTFOUND with a suggestion. */
int rfa_config_has_stack(const struct rfa_config *config, const char *stack,
			 struct rfa_error *err) RFA_MUST_USE;
int rfa_config_has_env(const struct rfa_config *config, const char *env,
		       struct rfa_error *err) RFA_MUST_USE;

/*
 * *out (new): one side of a plan (fsm/run/run.h): the environment and, when `stack` is not NULL,
 * the stack's configuration in it: overlay laid over, defaults filled in.
 */
int rfa_config_side(const struct rfa_config *config, const char *env, const char *stack,
		    json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* *out (new): which releases of the stack are watched for there; defaults filled in. */
int rfa_config_watch(const struct rfa_config *config, const char *env, const char *stack,
		     json_t **out, struct rfa_error *err) RFA_MUST_USE;
/* *out (new, or NULL): what the file says of a registry; the path in it is made absolute. */
int rfa_config_registry(const struct rfa_config *config, const char *domain, json_t **out,
			struct rfa_error *err) RFA_MUST_USE;
/* *out (new): {"idle_timeout_ms","connect_timeout_ms","attempts"}. */
int rfa_config_options(const struct rfa_config *config, json_t **out,
		       struct rfa_error *err) RFA_MUST_USE;

#endif
