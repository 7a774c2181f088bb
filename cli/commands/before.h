/* The backup that rfa.json asks for before something is brought to a host. */
#ifndef RFA_CLI_COMMANDS_BEFORE_H
#define RFA_CLI_COMMANDS_BEFORE_H

#include "cli/frame/cli.h"

/*
 * Where the plan says backup_first: the plan's own gates are judged, and if none refuses a backup
 * is made, by a run of its own; the plan gets its id. A backup that fails is told with the
 * command that was not begun. make: rfa_flow_plan().
 */
int rfa_cli_backup_before(struct rfa_cli *cli, json_t *plan,
			  int (*make)(struct rfa_cli *, const struct rfa_flow *, json_t **plan,
				      struct rfa_error *),
			  struct rfa_error *err) RFA_MUST_USE;

#endif
