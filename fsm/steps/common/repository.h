/* The commit that a run releases, and its files. */
#ifndef RFA_FSM_STEPS_COMMON_REPOSITORY_H
#define RFA_FSM_STEPS_COMMON_REPOSITORY_H

#include "fsm/steps/common/ctx.h"

/* What the run releases; NULL: it releases nothing. */
const struct rfa_release *rfa_release_of(const struct rfa_ctx *ctx);
/* 1 if files of the commit come to the stack's directory. */
int rfa_release_has_files(const struct rfa_ctx *ctx);
/* The directory of the commit whose files these are; "." is its root. */
const char *rfa_release_directory(const struct rfa_ctx *ctx);
/*
 * *out (borrowed, as long as the run is driven): the files of the plan's commit. Errors: what a
 * repository that has to be asked for it says; MISMATCH: it is another commit.
 */
int rfa_release_repository(const struct rfa_ctx *ctx, struct rfa_repository **out,
			   struct rfa_error *err);
/* Where the commit lies on the builder, once it is there; lives as long as the step. */
const char *rfa_release_place(const struct rfa_ctx *ctx);

#endif
