/* Help for people at a terminal. */
#ifndef RFA_CLI_FRAME_HELP_H
#define RFA_CLI_FRAME_HELP_H

#include "cli/frame/cli.h"

/* The list of commands, by group. */
void rfa_help_overview(const struct rfa_out *o, const struct rfa_cli_commands *all);
/* One command, or all that begin with a group's word. */
void rfa_help_command(const struct rfa_out *o, const struct rfa_cli_commands *all,
		      const struct rfa_cli_command *command);
/* The lines of a table of options. */
void rfa_help_options(const struct rfa_out *o, const struct rfa_option *options);

#endif
