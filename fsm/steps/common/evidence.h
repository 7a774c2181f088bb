/* What is shown and kept when something fails: what the containers and their URLs said. */
#ifndef RFA_FSM_STEPS_COMMON_EVIDENCE_H
#define RFA_FSM_STEPS_COMMON_EVIDENCE_H

#include "fsm/steps/common/ctx.h"

/* The last 50 lines of a container on the step's host: as LOG events, and in facts["logs"][name].
 */
void rfa_evidence_logs(struct rfa_ctx *ctx, const char *container, json_t *facts);
/*
 * Takes the secrets in the stack's health URLs out of a text: who is asked with them may say them,
 * in an answer or in a log.
 */
void rfa_evidence_hide(const struct rfa_ctx *ctx, struct rfa_buf *text);
/* The first lines of what a URL answered: as LOG events, and in facts["answers"][url]. */
void rfa_evidence_answer(struct rfa_ctx *ctx, const char *url, const struct rfa_buf *body,
			 json_t *facts);

#endif
