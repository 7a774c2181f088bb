/* How a stack's Compose project is named to the host, and which of its services a run is about. */
#ifndef RFA_FSM_STEPS_IMAGES_COMPOSE_PROJECT_H
#define RFA_FSM_STEPS_IMAGES_COMPOSE_PROJECT_H

#include "fsm/steps/common/ctx.h"

enum { RFA_COMPOSE_WORDS = 512 };

struct rfa_compose_project {
	struct rfa_compose compose; /* points into this struct, the plan, the facts and the pool */
	const char *files[RFA_COMPOSE_WORDS], *env_files[RFA_COMPOSE_WORDS];
	const char *services[RFA_COMPOSE_WORDS], *scale[RFA_COMPOSE_WORDS];
};

/*
 * The project on the step's host: its files as rfa.json names them, else as the observation found
 * them; with rfa's override file as the last one if pinned. No services: add them. Errors: TOOBIG.
 */
int rfa_compose_project(const struct rfa_ctx *ctx, int pinned, struct rfa_compose_project *p,
			struct rfa_error *err);
/* Those that Compose finds by itself now, for who has not looked at the images. Errors: TOOBIG. */
int rfa_compose_find_files(const struct rfa_ctx *ctx, struct rfa_compose_project *p,
			   struct rfa_error *err);
/* Files that the observation has only just found. Borrowed. Errors: TOOBIG. */
int rfa_compose_add_files(const struct rfa_texts *files, struct rfa_compose_project *p,
			  struct rfa_error *err);
/*
 * Adds a service, with as many containers as it had before the run, however they came to be so
 * many; as the files say if it had none.
 */
int rfa_compose_add_service(const struct rfa_ctx *ctx, const char *service,
			    struct rfa_compose_project *p, struct rfa_error *err);
/* All services that the run deploys. */
int rfa_compose_add_desired(const struct rfa_ctx *ctx, struct rfa_compose_project *p,
			    struct rfa_error *err);

/* 1 if the run makes it anew before the others (init.first), deployed or not. */
int rfa_compose_starts_first(const struct rfa_ctx *ctx, const char *service);
/* 1 if the run deploys the service: it has an image for it, and the stack's list has it. */
int rfa_compose_deploys(const struct rfa_ctx *ctx, const char *service);
/*
 * *is: its files want no container of it (deploy.replicas: 0), and it had none before the run.
 * What cannot be read wants one.
 */
int rfa_compose_none(const struct rfa_ctx *ctx, const char *service, int *is,
		     struct rfa_error *err);

#endif
