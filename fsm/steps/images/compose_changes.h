/* How a service's container differs from what its Compose files say now. */
#ifndef RFA_FSM_STEPS_IMAGES_COMPOSE_CHANGES_H
#define RFA_FSM_STEPS_IMAGES_COMPOSE_CHANGES_H

#include "fsm/steps/common/ctx.h"

/* Why a container is otherwise than its service would be now. */
enum rfa_compose_cause {
	RFA_COMPOSE_CAUSE_NONE,  /* nothing is known */
	RFA_COMPOSE_CAUSE_OTHER, /* its files or variables say something else */
	/* It was brought up in another way than rfa would do it. */
	RFA_COMPOSE_CAUSE_FILES,
	RFA_COMPOSE_CAUSE_ENV_FILES,
	RFA_COMPOSE_CAUSE_DIRECTORY
};
/*
 * Appends what is known of the differences, "; the variables: A, B; the ports": names, no values.
 * service: of Compose's configuration; c: the container's inspect object.
 */
int rfa_compose_changes(const struct rfa_ctx *ctx, const struct rfa_compose *project,
			const json_t *service, const json_t *c, struct rfa_buf *out,
			enum rfa_compose_cause *cause, struct rfa_error *err);

#endif
