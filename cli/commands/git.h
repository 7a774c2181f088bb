/* Plain git on the ledger, for auditors and for what the ledger's own interface does not offer. */
#ifndef RFA_CLI_COMMANDS_GIT_H
#define RFA_CLI_COMMANDS_GIT_H

#include "cli/frame/cli.h"

/*
 * Runs `git -C path args…` with this terminal. *status: its exit status. With `quiet` its output
 * is dropped. Errors: UNSUPPORTED (no git), IO.
 */
int rfa_git(const char *path, const char *const args[], int quiet, int *status,
	    struct rfa_error *err) RFA_MUST_USE;

#endif
