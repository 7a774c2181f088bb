/* The operator's own commands around a run. */
#ifndef RFA_CLI_COMMANDS_HOOKS_H
#define RFA_CLI_COMMANDS_HOOKS_H

#include "cli/frame/cli.h"

/* For struct rfa_run_options: runs one on this machine. */
int rfa_hooks_run(void *user, const struct rfa_host_command *command,
		  struct rfa_exec_answer *answer, struct rfa_error *err);
/*
 * Behind a run that has ended: its stack's "after" or "failed", told in a line. It changes nothing
 * of how the run ended. target: the run's; NULL: it has none open.
 */
void rfa_hooks_behind(struct rfa_cli *cli, struct rfa_host *target);

#endif
