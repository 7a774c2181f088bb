/* How a stack's Compose project is named to the host. */
#ifndef RFA_FSM_STEPS_COMPOSE_H
#define RFA_FSM_STEPS_COMPOSE_H

#include "fsm/steps/ctx.h"

struct rfa_compose_project {
	struct rfa_compose compose; /* points into this struct and the plan */
	const char *files[18], *env_files[18];
	char pins[400];
};

/* The target's project, with rfa's override file as the last one if pinned. */
void rfa_compose_project(const struct rfa_ctx *ctx, int pinned, struct rfa_compose_project *p);

#endif
