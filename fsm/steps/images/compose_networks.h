/* The networks that the Compose files of a stack name for its services. */
#ifndef RFA_FSM_STEPS_IMAGES_COMPOSE_NETWORKS_H
#define RFA_FSM_STEPS_IMAGES_COMPOSE_NETWORKS_H

#include "fsm/steps/common/ctx.h"
#include "fsm/steps/common/observe.h"

/*
 * Adds the networks of each service that the run deploys to out->networks. seen: the stack's
 * containers; out->files: the project's files, where rfa.json names none. A configuration that is
 * not valid adds nothing: a gate tells it.
 */
int rfa_compose_networks(struct rfa_ctx *ctx, const struct rfa_observed_list *seen,
			 struct rfa_proven *out, struct rfa_error *err);

#endif
