/* Names that people type. */
#ifndef RFA_CLI_FRAME_KNOWN_H
#define RFA_CLI_FRAME_KNOWN_H

#include "cli/frame/cli.h"

/*
 * 0 if rfa.json, or the ledger, or some run in it, knows a stack (an environment) of that name;
 * NULL is known. Else NOTFOUND with a suggestion.
 */
int rfa_known_stack(struct rfa_cli *cli, const char *stack, struct rfa_error *err) RFA_MUST_USE;
int rfa_known_env(struct rfa_cli *cli, const char *env, struct rfa_error *err) RFA_MUST_USE;
/* The same of a run's id, as far as the newest thousand runs go: adds the nearest to the advice. */
void rfa_known_run(struct rfa_cli *cli, const char *typed, struct rfa_error *err);

#endif
