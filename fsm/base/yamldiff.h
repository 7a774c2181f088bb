/* How two Compose files differ, by their keys. */
#ifndef RFA_FSM_BASE_YAMLDIFF_H
#define RFA_FSM_BASE_YAMLDIFF_H

#include <jansson.h>

#include "fsm/base/buf.h"

/*
 * Appends a line for each key that has another value: "~services.web.environment", "+…" (it comes),
 * "-…" (it goes); never a value. The texts are YAML or JSON. What differs but in keys (order,
 * comments) is one line that says so.
 */
int rfa_yaml_diff(json_t *lines, const struct rfa_buf *before, const struct rfa_buf *after,
		  struct rfa_error *err) RFA_MUST_USE;

#endif
