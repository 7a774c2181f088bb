/* The git repository of a stack: which copy of it is here, and how it is asked for a tag. */
#ifndef RFA_CLI_CONFIG_REPOSITORY_H
#define RFA_CLI_CONFIG_REPOSITORY_H

#include "cli/frame/cli.h"

/*
 * *out (borrowed, as long as the command, or until another commit is asked for): the files of a
 * commit. A commit that is here is not asked for again. For rfa_run_options; `user` is the struct
 * rfa_cli. Errors: those of rfa_git_fetch(); MISMATCH: the tag is another commit now, and the old
 * one is gone.
 */
int rfa_cli_repository(void *user, const struct rfa_repository_ask *ask,
		       struct rfa_repository **out, struct rfa_error *err);

#endif
