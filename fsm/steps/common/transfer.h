/* The parts of a transfer that more than one step needs. */
#ifndef RFA_FSM_STEPS_COMMON_TRANSFER_H
#define RFA_FSM_STEPS_COMMON_TRANSFER_H

#include "fsm/steps/common/ctx.h"

/*
 * Brings an archive of `total` bytes from the spool of this side (the source, but for lists of what
 * the target has) into the one of the other side, going on from where both ends agree, and proves
 * it. *sent: bytes that had to travel this time. After a failure what arrived stays there, and the
 * next call goes on from it.
 */
int rfa_transfer_relay(struct rfa_ctx *ctx, enum rfa_role_id from, const char *archive,
		       uint64_t total, uint64_t *sent, struct rfa_error *err);

#endif
