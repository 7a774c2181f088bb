/* What the files that describe a host share (describe*.c). */
#ifndef RFA_FSM_RUN_DESCRIBE_PARTS_H
#define RFA_FSM_RUN_DESCRIBE_PARTS_H

#include <jansson.h>

#include "fsm/base/error.h"
#include "transports/host/host.h"

struct rfa_describe {
	struct rfa_host *host;
	const char *const *own; /* the host's own names; ends with NULL; NULL: none */
	json_t *all;            /* owned; the inspect objects that count */
	json_t *stacks;         /* owned */
	json_t *notes;          /* owned */
};

/* The value of a label; "" if there is none. Borrowed. */
const char *rfa_describe_label(const json_t *container, const char *label);

/*
 * Puts a container (its inspect object, borrowed) into a stack, which is made if there is none.
 * Errors: NOMEM, and those of looking at the host.
 */
int rfa_describe_container(struct rfa_describe *d, const char *stack, const json_t *container,
			   struct rfa_error *err) RFA_MUST_USE;
/* The same of a container that belongs to a Compose project; the stack is called like it. */
int rfa_describe_project(struct rfa_describe *d, const char *project, const json_t *container,
			 struct rfa_error *err) RFA_MUST_USE;

/* For people: what they have to look at. `about` is a container. */
void rfa_describe_note(struct rfa_describe *d, const char *stack, const char *about,
		       const char *fmt, ...) RFA_PRINTF(4, 5);
/*
 * Puts references in the place of values of a create body (changed) that may not be told, or that
 * are others elsewhere, and notes each. Errors: NOMEM.
 */
int rfa_describe_refer(struct rfa_describe *d, const char *stack, const char *container,
		       json_t *body, struct rfa_error *err) RFA_MUST_USE;

/* Drops from a create body (changed) what the engine fills in by itself. */
void rfa_describe_drop_defaults(json_t *body);

#endif
