/* How two texts differ, for people. */
#ifndef RFA_FSM_BASE_TEXTDIFF_H
#define RFA_FSM_BASE_TEXTDIFF_H

#include <jansson.h>

#include "fsm/base/buf.h"

/*
 * Appends the lines of a unified difference: "@@ -1,3 +1,4 @@", " same", "-old", "+new"; at most
 * `max` of them, then how many more there are. What is no text, holds a private key, or is larger
 * than 256 KB, is named and not shown.
 */
int rfa_text_diff(json_t *lines, const struct rfa_buf *before, const struct rfa_buf *after,
		  size_t max, struct rfa_error *err) RFA_MUST_USE;

/*
 * The same of files of variables (KEY=VALUE), of which nobody is to see a value: "+KEY", "-KEY",
 * "~KEY" (it has another value). What is no such line is said to differ, and not shown.
 */
int rfa_text_keys_diff(json_t *lines, const struct rfa_buf *before, const struct rfa_buf *after,
		       struct rfa_error *err) RFA_MUST_USE;

/*
 * *out (new): the variables of such a file, {key: value as it is written there}; the last one of a
 * key counts. What is no such line is left out.
 */
int rfa_text_variables(const struct rfa_buf *text, json_t **out,
		       struct rfa_error *err) RFA_MUST_USE;

/* rfa_text_keys_diff() of two JSON objects: the keys are those of their members. */
int rfa_text_members_diff(json_t *lines, const json_t *before, const json_t *after,
			  struct rfa_error *err) RFA_MUST_USE;

#endif
