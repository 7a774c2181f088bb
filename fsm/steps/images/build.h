/* What images are built from, and whether an image was built from it. */
#ifndef RFA_FSM_STEPS_IMAGES_BUILD_H
#define RFA_FSM_STEPS_IMAGES_BUILD_H

#include "fsm/steps/common/ctx.h"

/* The sources of an image on the step's host. That they are not there is its `problem`. */
int rfa_sources_look(struct rfa_ctx *ctx, const struct rfa_built *image, struct rfa_worktree *out,
		     struct rfa_error *err);
/* *is: rfa has built the image (its inspect object) from these very sources, in this very way. */
int rfa_built_from(const json_t *inspect, const struct rfa_built *image,
		   const struct rfa_worktree *sources, int *is, struct rfa_error *err);

/*
 * Of a release with a builder apart. *inspect (new, or as it was: NULL): the image of this name
 * that the target has, if it was built from the same commit in the same way. Then nothing is built,
 * and the builder's own does not count.
 */
int rfa_built_there(struct rfa_ctx *ctx, const struct rfa_built *image, const char *ref,
		    json_t **inspect, struct rfa_error *err);

#endif
