/* Keeps the values of secrets off the screen, wherever a host or a container says them. */
#ifndef RFA_CLI_FRAME_REDACT_H
#define RFA_CLI_FRAME_REDACT_H

#include <jansson.h>

#include "fsm/base/buf.h"

/* A shorter value would be found in half of all words. */
#define RFA_SECRET_MIN 4

/* Appends text with every secret (NULL-terminated list; NULL: none) replaced by "[secret]". */
void rfa_redact(struct rfa_buf *into, const char *const *secrets, const char *text);
/* A copy of the value with every string redacted, keys too; new, NULL when memory ran out. */
json_t *rfa_redact_json(const char *const *secrets, const json_t *value);

#endif
