/* `rfa init --from`: stacks as they run on a host, for rfa.json. */
#ifndef RFA_CLI_COMMANDS_INIT_FROM_H
#define RFA_CLI_COMMANDS_INIT_FROM_H

#include "cli/frame/cli.h"

/* Where an editor finds the keys; `rfa init` writes it, beside rfa.json. */
#define RFA_INIT_SCHEMA ".rfa/rfa.schema.json"

/* *out (new): what rfa_describe() says of an environment of the configuration that is loaded. */
int rfa_init_observe(struct rfa_cli *cli, const char *env, json_t **out,
		     struct rfa_error *err) RFA_MUST_USE;
/* Says which stacks were found, and what of them somebody has to fill in or to compare. */
void rfa_init_say(const struct rfa_cli *cli, const char *env, const json_t *found);
/* *out (new): an rfa.json of two environments, "test" and "prod", without a stack. */
json_t *rfa_init_root(const char *from, const char *to);

#endif
