/* Memory that held a secret is overwritten before anybody else can get it. */
#ifndef RFA_FSM_BASE_WIPE_H
#define RFA_FSM_BASE_WIPE_H

#include <stddef.h>

#include "fsm/base/buf.h"
#include "fsm/base/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Overwrites `len` bytes with zeros; no compiler leaves it out. NULL-safe. */
RFA_API void rfa_wipe(void *data, size_t len);
/* Overwrites a text, and frees it. NULL-safe. */
RFA_API void rfa_wipe_text(char *text);
/*
 * Makes room for `len` bytes at once, so that what is appended later is never moved: a moved text
 * leaves a copy behind. Answers as an append. The buffer must be empty.
 */
RFA_API int rfa_wipe_reserve(struct rfa_buf *buf, size_t len);
/* Overwrites all that a buffer has held, and releases it. */
RFA_API void rfa_wipe_buf(struct rfa_buf *buf);

#ifdef __cplusplus
}
#endif
#endif
