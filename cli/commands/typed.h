/* A flow's command within another one, as if it had been typed. */
#ifndef RFA_CLI_COMMANDS_TYPED_H
#define RFA_CLI_COMMANDS_TYPED_H

#include "cli/frame/cli.h"

/* What was typed really. */
struct rfa_typed {
	struct rfa_args args;
	struct rfa_cli_command command;
};

/*
 * The command line is that of the flow now, with these words and options (NULL-terminated; they
 * must live as long) and the options of all commands that were typed really; --wait-lock too. End
 * it in any case with rfa_cli_untype().
 */
int rfa_cli_type(struct rfa_cli *cli, const struct rfa_flow *flow, const char *const words[],
		 struct rfa_typed *before, struct rfa_error *err) RFA_MUST_USE;
void rfa_cli_untype(struct rfa_cli *cli, const struct rfa_typed *before);

#endif
