/* What nothing needs: found, with what holds all else; and found again before it is removed. */
#ifndef RFA_FSM_STEPS_PRUNE_SPARE_H
#define RFA_FSM_STEPS_PRUNE_SPARE_H

#include "fsm/steps/common/ctx.h"

/* 1 if the plan asks for things of this kind. */
int rfa_spare_asked(const struct rfa_ctx *ctx, const char *kind);
/* 1 if this thing was found to go, when the run began. */
int rfa_spare_goes(const struct rfa_ctx *ctx, const char *kind, const char *id);

/*
 * These look at the step's own host, and add what there is of the stack: each with what holds it
 * now. What they add lives as long as the step.
 */
int rfa_spare_images(struct rfa_ctx *ctx, struct rfa_thing_list *out, struct rfa_error *err);
int rfa_spare_data(struct rfa_ctx *ctx, struct rfa_thing_list *out, struct rfa_error *err);
int rfa_spare_spools(struct rfa_ctx *ctx, struct rfa_thing_list *out, struct rfa_error *err);

/* One more thing of a list; why "": it goes. */
struct rfa_thing *rfa_spare_add(struct rfa_ctx *ctx, struct rfa_thing_list *out, const char *kind,
				const char *name);
/* Tells that a thing stays that was to go, and why. */
void rfa_spare_stays(const struct rfa_ctx *ctx, const struct rfa_thing *thing, const char *why);

#endif
