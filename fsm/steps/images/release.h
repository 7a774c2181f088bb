/* What of a release concerns images: from what they are built. */
#ifndef RFA_FSM_STEPS_IMAGES_RELEASE_H
#define RFA_FSM_STEPS_IMAGES_RELEASE_H

#include "fsm/steps/common/repository.h"

/* The directory of the sources of an image on the builder; lives as long as the step. */
const char *rfa_release_context(const struct rfa_ctx *ctx, const struct rfa_built *image);
/* What an image is built from: the plan's commit. out->problem: why it cannot be. */
int rfa_release_look(struct rfa_ctx *ctx, const struct rfa_built *image, struct rfa_worktree *out,
		     struct rfa_error *err);
#endif
