/* `rfa check STACK ENV`: what the gates of flows say. */
#ifndef RFA_CLI_COMMANDS_CHECK_GATES_H
#define RFA_CLI_COMMANDS_CHECK_GATES_H

#include "cli/frame/cli.h"

/*
 * Judges the gates of the flow that --for names, or of each one that could bring something there.
 * Nothing is locked or recorded. Errors: REFUSED with the first reason, once all is printed.
 */
int rfa_check_gates(struct rfa_cli *cli, struct rfa_error *err) RFA_MUST_USE;

#endif
