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

/*
 * *out (new): {tag: commit}, all tags that it has now; `ask` needs no tag. Errors: those of
 * rfa_git_tags().
 */
int rfa_cli_tags(struct rfa_cli *cli, const struct rfa_repository_ask *ask, json_t **out,
		 struct rfa_error *err) RFA_MUST_USE;

/* A key of "source" as it is written: a plan does not say where the login is. NULL: absent. */
const json_t *rfa_repository_written(const struct rfa_cli *cli, const char *stack, const char *env,
				     const char *key);

#endif
