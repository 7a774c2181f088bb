/*
 * Named fault points. In the `debug` build a program may be told by RFA_FAULT to kill itself, or
 * to fail, when it passes a point for the n-th time:
 *
 *     RFA_FAULT=ledger.append.synced:3:kill    (also: eio, enospc)
 *
 * In every other build the points cost nothing. docs/faults.md lists them.
 */
#ifndef RFA_FSM_BASE_FAULT_H
#define RFA_FSM_BASE_FAULT_H

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef RFA_FAULTS
/* 0: pass on. Otherwise an injected error (the process may also end here). */
RFA_API int rfa_fault(const char *point, struct rfa_error *err);
#else
static inline int rfa_fault(const char *point, struct rfa_error *err)
{
	(void)point;
	(void)err;
	return 0;
}
#endif

#ifdef __cplusplus
}
#endif
#endif
