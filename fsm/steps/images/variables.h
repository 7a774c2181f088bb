/* Variables of a stack that Compose gets beside the project's own: names in the ledger, values not.
 */
#ifndef RFA_FSM_STEPS_IMAGES_VARIABLES_H
#define RFA_FSM_STEPS_IMAGES_VARIABLES_H

#include "fsm/steps/common/ctx.h"

/* The file with them, beside the pins; lives as long as the step. */
const char *rfa_variables_path(const struct rfa_ctx *ctx);
/* Writes the values that the run brings once more: an undo has brought back the old ones. */
int rfa_variables_write(struct rfa_ctx *ctx, struct rfa_error *err);

#endif
