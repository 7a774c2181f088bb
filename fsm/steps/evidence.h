/* What is shown and kept when something fails: the containers' own last words. */
#ifndef RFA_FSM_STEPS_EVIDENCE_H
#define RFA_FSM_STEPS_EVIDENCE_H

#include "fsm/steps/ctx.h"

/* The last 50 lines of a container on the step's host: as LOG events, and in facts["logs"][name].
 */
void rfa_evidence_logs(struct rfa_ctx *ctx, const char *container, json_t *facts);

#endif
