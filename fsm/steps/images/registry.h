/* Images that come from registries. */
#ifndef RFA_FSM_STEPS_IMAGES_REGISTRY_H
#define RFA_FSM_STEPS_IMAGES_REGISTRY_H

#include "fsm/steps/common/ctx.h"

/*
 * An archive of the missing images in the source's spool, fetched by rfa itself: what image_export
 * makes where images come from an engine. request as there. Goes on from what lies there.
 */
int rfa_registry_archive(struct rfa_ctx *ctx, json_t *request, json_t **out, struct rfa_error *err);

#endif
