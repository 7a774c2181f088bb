/* Help in its forms, all from the table of commands. */
#ifndef RFA_CLI_HELP_H
#define RFA_CLI_HELP_H

#include "cli/cli.h"

/* The list of commands, by group. */
void rfa_help_overview(const struct rfa_out *o);
/* One command, or all that begin with a group's word. */
void rfa_help_command(const struct rfa_out *o, const struct rfa_verb *command);

/* Pages for docs/: the reference of the command, and of its exit statuses. */
void rfa_help_markdown(const struct rfa_out *o);
void rfa_help_errors(const struct rfa_out *o);
void rfa_help_completion(const struct rfa_out *o);

#endif
