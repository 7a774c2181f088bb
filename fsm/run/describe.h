/*
 * What runs on a host, as rfa.json describes it: where a first deployment elsewhere begins. No
 * value that looks secret, and none that names the host itself, is in it: a reference stands in
 * its place, ${NAME}, which somebody has to fill in.
 */
#ifndef RFA_FSM_RUN_DESCRIBE_H
#define RFA_FSM_RUN_DESCRIBE_H

#include <jansson.h>

#include "fsm/base/error.h"
#include "transports/host/host.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * *out (new) = {"stacks": {NAME: STACK}, "notes": [{"stack","about","summary"}]}. A STACK is a
 * Compose project ("compose"), or the containers of `docker run` that share a network of their own
 * ("containers", "bootstrap": {"requires","containers"}). Only what runs; nothing that rfa keeps
 * for a rollback. own: names and addresses of the host, NULL-terminated. Reads, never touches.
 * Errors: those of the host's operations.
 */
RFA_API int rfa_describe(struct rfa_host *host, const char *const own[], json_t **out,
			 struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
