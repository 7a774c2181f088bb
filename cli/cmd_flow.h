/* The command that every flow has. */
#ifndef RFA_CLI_CMD_FLOW_H
#define RFA_CLI_CMD_FLOW_H

#include "cli/cli.h"

/* The command of a flow, whose args name one. */
void rfa_flow_verb(const struct rfa_flow *flow, struct rfa_verb *out);

/* *out (new): the plan that the command line asks for. Loads rfa.json and the ledger. */
int rfa_flow_plan(struct rfa_cli *cli, const struct rfa_flow *flow, json_t **out,
		  struct rfa_error *err) RFA_MUST_USE;
/* What will happen, on standard error. */
void rfa_flow_say(const struct rfa_cli *cli, const struct rfa_flow *flow, const json_t *plan);
/* All of it: shows a preview, or says what will happen, asks, and drives a run to its end. */
int rfa_flow_run(struct rfa_cli *cli, const struct rfa_flow *flow,
		 struct rfa_error *err) RFA_MUST_USE;

#endif
