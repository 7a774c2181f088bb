/* What the plans of all runs that build images have in common. */
#ifndef RFA_FSM_PARTS_BUILD_H
#define RFA_FSM_PARTS_BUILD_H

#include "fsm/parts/args.h"

/* Errors: CONFIG when the stack builds nothing for the plan's target. */
int rfa_build_has_images(const json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* The plan's source: the side that builds, as build.on says. */
int rfa_build_choose(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err) RFA_MUST_USE;
/* options.desired: what each image is called. Errors: CONFIG when one name is built in two ways. */
int rfa_build_name(json_t *plan, const char *version, struct rfa_error *err) RFA_MUST_USE;

#endif
