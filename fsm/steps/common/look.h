/* How one try of a check went. */
#ifndef RFA_FSM_STEPS_COMMON_LOOK_H
#define RFA_FSM_STEPS_COMMON_LOOK_H

#include "fsm/steps/common/ctx.h"

enum { RFA_LOOK_ANSWER = 2048 };

struct rfa_look {
	int ok;
	int hopeless; /* waiting will not help */
	int64_t ms;
	char why[400];         /* what is wrong; "" nothing */
	struct rfa_buf answer; /* the beginning of what it answered, if that is wrong; any bytes,
				  but no secret that was sent */
};
void rfa_look_release(struct rfa_look *look);
/* Notes what is wrong, unless something is already. */
void rfa_look_ill(struct rfa_look *look, const char *fmt, ...) RFA_PRINTF(2, 3);

/* 1 if a buffer has this text; it may hold any byte, NUL too. */
int rfa_look_finds(const struct rfa_buf *answer, const char *text);
/* Keeps the beginning of an answer that is wrong, without secrets: of the stack's checks, and of
 * the container that gave it (NULL: none). What is in the buffer changes. */
void rfa_look_keep(struct rfa_ctx *ctx, struct rfa_look *look, const char *container,
		   struct rfa_buf *answer);

#endif
