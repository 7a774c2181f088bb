/* The command that every flow has. */
#ifndef RFA_CLI_COMMANDS_FLOW_H
#define RFA_CLI_COMMANDS_FLOW_H

#include "cli/frame/cli.h"

/* *out (new): the plan that the command line asks for. Loads rfa.json and the ledger. */
int rfa_flow_plan(struct rfa_cli *cli, const struct rfa_flow *flow, json_t **out,
		  struct rfa_error *err) RFA_MUST_USE;
/* Asks, and drives a run of the plan to its end; or says that there is nothing to do. */
int rfa_flow_begin(struct rfa_cli *cli, const struct rfa_flow *flow, json_t *plan,
		   struct rfa_error *err) RFA_MUST_USE;
/* All of it: shows a preview, or says what will happen, asks, and drives a run to its end. */
int rfa_flow_run(struct rfa_cli *cli, const struct rfa_flow *flow,
		 struct rfa_error *err) RFA_MUST_USE;

#endif
