/* The operator's own commands around a run. */
#ifndef RFA_CLI_COMMANDS_HOOKS_H
#define RFA_CLI_COMMANDS_HOOKS_H

#include "cli/frame/cli.h"

/* For struct rfa_run_options: runs one on this machine. */
int rfa_hooks_run(void *user, const struct rfa_host_command *command,
		  struct rfa_exec_answer *answer, struct rfa_error *err);
/*
 * Before a run is begun: says which hook an earlier run of the same stack in that environment has
 * left, and what to do. The ledger remembers the hook of this one from then on.
 */
void rfa_hooks_before(struct rfa_cli *cli, const json_t *plan);
/* 1 if a run has ended, and the hook behind it has not begun: it needs its host, and secrets. */
int rfa_hooks_due(struct rfa_cli *cli, const struct rfa_history *history);
/*
 * Behind a run that has ended: its stack's "after" or "failed", told in a line, unless it has begun
 * before. It changes nothing of how the run ended. target: the run's; NULL: it has none open.
 */
void rfa_hooks_behind(struct rfa_cli *cli, struct rfa_host *target);

#endif
