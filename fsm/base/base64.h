/* Base64 (RFC 4648, 4), with padding. */
#ifndef RFA_FSM_BASE_BASE64_H
#define RFA_FSM_BASE_BASE64_H

#include <stddef.h>

#include "fsm/base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Characters of so many bytes, with a NUL. */
#define RFA_BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)

/* out: RFA_BASE64_SIZE(len). Nothing of the data is left anywhere else. */
RFA_API void rfa_base64(char *out, const void *data, size_t len);
/* Appended to a buffer, which remembers a failure. */
RFA_API void rfa_base64_put(struct rfa_buf *out, const void *data, size_t len);

/*
 * Decodes a text into out, which has room for as many bytes as the text has, and a NUL. Padding may
 * be missing. The number of bytes, or -1: it is no base64.
 */
RFA_API int rfa_base64_decode(char *out, const char *text);

#ifdef __cplusplus
}
#endif
#endif
