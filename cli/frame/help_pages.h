/* Pages that are made from tables. */
#ifndef RFA_CLI_FRAME_HELP_PAGES_H
#define RFA_CLI_FRAME_HELP_PAGES_H

#include "cli/frame/command.h"
#include "cli/frame/output.h"

/* docs/cli.md: the reference of the commands. */
void rfa_help_markdown(const struct rfa_out *o, const struct rfa_cli_commands *all);
/* docs/errors.md: errors and exit statuses. */
void rfa_help_records(const struct rfa_out *o); /* docs/records.md; help_records.c */
void rfa_help_errors(const struct rfa_out *o);
/* The completion of bash. */
void rfa_help_completion(const struct rfa_out *o, const struct rfa_cli_commands *all);

#endif
