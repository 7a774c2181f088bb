/* How a stack looks on a host: its containers, their images, read and never touched. */
#ifndef RFA_CLI_REPORT_OBSERVE_H
#define RFA_CLI_REPORT_OBSERVE_H

#include <jansson.h>

#include "fsm/base/error.h"
#include "transports/host/host.h"

/*
 * stack: resolved configuration. *out (new): array of {"key","container","ref","version","image",
 * "state","health","ended" (it has done what it was for),"layers":[…]}; a container of the list
 * that is not there has only "key". A Compose service has one for each of its containers.
 */
int rfa_observe_stack(struct rfa_host *host, const json_t *stack, json_t **out,
		      struct rfa_error *err) RFA_MUST_USE;
/* The first container with this key, or NULL. */
const json_t *rfa_observe_find(const json_t *containers, const char *key);

#endif
