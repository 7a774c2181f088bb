/* Images as an archive, on the host where they run. */
#ifndef RFA_FSM_STEPS_IMAGES_EXPORT_H
#define RFA_FSM_STEPS_IMAGES_EXPORT_H

#include "fsm/steps/common/ctx.h"

/* Makes an archive of the missing images on the source, without the layers in omit. */
int rfa_transfer_export(struct rfa_ctx *ctx, const char *archive, const struct rfa_texts *omit,
			struct rfa_archive *made, struct rfa_error *err);

#endif
