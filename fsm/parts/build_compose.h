/* What the Compose project on the builder's side says of images that are built. */
#ifndef RFA_FSM_PARTS_BUILD_COMPOSE_H
#define RFA_FSM_PARTS_BUILD_COMPOSE_H

#include "fsm/parts/args.h"

/*
 * Fills the plan's build.images in, one for each service with a `build:` section and for each that
 * runs such a service's image. builder: its host. Contexts are as Compose resolves them there.
 * Errors: CONFIG names the service and what of its section rfa cannot do.
 */
int rfa_build_from_compose(const struct rfa_prepare *p, json_t *plan, struct rfa_host *builder,
			   struct rfa_error *err);

#endif
