/* Runs that nobody watches: what a person would do about a cut line or a lock, done by itself. */
#ifndef RFA_CLI_COMMANDS_UNATTENDED_H
#define RFA_CLI_COMMANDS_UNATTENDED_H

#include "cli/frame/cli.h"

/*
 * Begins a run of the plan that `make` answers (new; asked for again for each attempt) and drives
 * it to its end. Interrupted, it is resumed every minute for an hour. While another run is in the
 * way it is tried again every ten minutes for two hours; a run of the same flow that was left
 * half-way is finished first. A signal ends all of that at once.
 */
int rfa_cli_unattended(struct rfa_cli *cli,
		       int (*make)(struct rfa_cli *, void *user, json_t **plan, struct rfa_error *),
		       void *user, struct rfa_error *err) RFA_MUST_USE;

#endif
