/* What is shown and kept when something fails: what the containers and their URLs said. */
#ifndef RFA_FSM_STEPS_COMMON_EVIDENCE_H
#define RFA_FSM_STEPS_COMMON_EVIDENCE_H

#include "fsm/steps/common/ctx.h"

/* The last 200 lines of a container on the step's host, in facts["logs"][name]; the last 50 of them
 * as LOG events. */
void rfa_evidence_logs(struct rfa_ctx *ctx, const char *container, json_t *facts);
/* The same of each container of the stack's Compose project. */
void rfa_evidence_project(struct rfa_ctx *ctx, json_t *facts);
/*
 * Takes the secrets that the stack's checks send out of a text: who is asked with them may say
 * them, in an answer or in a log. container: those that are in its environment, too; NULL: none.
 */
void rfa_evidence_hide(const struct rfa_ctx *ctx, const char *container, struct rfa_buf *text);
/* The first lines of what a check answered: as LOG events, and in facts["answers"][name]. */
void rfa_evidence_answer(struct rfa_ctx *ctx, const char *name, const struct rfa_buf *answer,
			 json_t *facts);

#endif
