/* When a stack may be brought to an environment by itself: its window, before a run is begun. */
#ifndef RFA_FSM_PARTS_OPENING_H
#define RFA_FSM_PARTS_OPENING_H

#include <jansson.h>
#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_opening {
	int open;       /* 1: now */
	char until[80]; /* else when it opens: "2026-11-30 09:00 Europe/Berlin" */
	char why[160];  /* the reason of a freeze; "" */
};

/*
 * stack: resolved for the environment, as a plan has it. One without a window, or with the gate
 * "window" off, is open. Errors: those of the zone; CORRUPT.
 */
RFA_API int rfa_opening_at(const json_t *stack, int64_t wall_ms, struct rfa_opening *out,
			   struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
