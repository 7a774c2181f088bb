/* What a try of a check notes. */
#include "fsm/steps/common/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fsm/steps/common/evidence.h"

void rfa_look_release(struct rfa_look *look)
{
	rfa_buf_release(&look->answer);
}

void rfa_look_ill(struct rfa_look *look, const char *fmt, ...)
{
	va_list args;

	if (!look->ok)
		return;
	look->ok = 0;
	va_start(args, fmt);
	vsnprintf(look->why, sizeof(look->why), fmt, args);
	va_end(args);
}

int rfa_look_finds(const struct rfa_buf *answer, const char *text)
{
	size_t len = strlen(text);
	size_t i;

	for (i = 0; i + len <= answer->len; i++)
		if (!memcmp(rfa_buf_str(answer) + i, text, len))
			return 1;
	return 0;
}

/* Before it is cut: a half of a secret would not be known. */
void rfa_look_keep(struct rfa_ctx *ctx, struct rfa_look *look, const char *container,
		   struct rfa_buf *answer)
{
	rfa_evidence_hide(ctx, container, answer);
	(void)rfa_buf_add(&look->answer, rfa_buf_str(answer),
			  answer->len < RFA_LOOK_ANSWER ? answer->len : RFA_LOOK_ANSWER);
}
