/* The one place where a string becomes part of a POSIX shell command. */
#ifndef RFA_FSM_BASE_QUOTE_H
#define RFA_FSM_BASE_QUOTE_H

#include "fsm/base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Appends `word` quoted so that a POSIX sh reads back exactly these bytes as one word (XCU 2.2.2:
 * single quotes; a single quote itself as '\''). Any bytes but NUL.
 */
RFA_API int rfa_quote(struct rfa_buf *out, const char *word);

/* Appends all words of a NULL-terminated argv, quoted, separated by one space. */
RFA_API int rfa_quote_argv(struct rfa_buf *out, const char *const argv[]);

#ifdef __cplusplus
}
#endif
#endif
