/* A check of a URL. */
#ifndef RFA_FSM_STEPS_COMMON_CHECK_URL_H
#define RFA_FSM_STEPS_COMMON_CHECK_URL_H

#include "fsm/steps/common/look.h"

/*
 * Tries it, with the values of its references; notes what is wrong. Errors: of the means of
 * looking: those of connections to the host, FORWARDING, and of rfa_reference_fill(). What they,
 * and all that is kept, say has names in the place of secrets.
 */
int rfa_check_url(struct rfa_ctx *ctx, const struct rfa_check *check, struct rfa_look *look,
		  struct rfa_error *err) RFA_MUST_USE;

#endif
