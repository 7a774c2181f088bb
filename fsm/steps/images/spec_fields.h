/*
 * The fields of a container's inspect object, and what becomes of each in the body that makes the
 * same container again. One table for Engine API 1.41 (engine 20.10) to 1.48 (28); fields that it
 * does not know go back as they are shown, but for those of an endpoint, where most are the
 * engine's own.
 */
#ifndef RFA_FSM_STEPS_IMAGES_SPEC_FIELDS_H
#define RFA_FSM_STEPS_IMAGES_SPEC_FIELDS_H

#include <jansson.h>
#include <stddef.h>

#include "fsm/base/error.h"

enum rfa_spec_part { RFA_SPEC_CONFIG, RFA_SPEC_HOST_CONFIG, RFA_SPEC_ENDPOINT };

enum rfa_spec_rule {
	/* Goes back as it is shown. Null stays null and an empty list empty: they may differ. */
	RFA_SPEC_AS_SHOWN,
	/*
	 * The engine takes the image's value where the operator gave none. Goes back if it is not
	 * the image's; an operator who gave the image's own value cannot be told from one who gave
	 * none.
	 */
	RFA_SPEC_CHOSEN,
	RFA_SPEC_DIRECTORY, /* the same, of a path, which the engine cleans */
	/* The engine takes from the image what members the operator's object lacks. The same. */
	RFA_SPEC_MEMBERS,
	/* "K=V" texts: the operator's, in his order, then the image's that he did not give. */
	RFA_SPEC_VARIABLES,
	/* As MEMBERS; and what is published was given by the operator, and has to be exposed. */
	RFA_SPEC_PORTS,
	/* Entrypoint and Cmd, of which one decides on the other. */
	RFA_SPEC_COMMAND,
	/* Written by who makes the body, out of several fields. */
	RFA_SPEC_WRITTEN,
	/* The engine's: never goes back. */
	RFA_SPEC_MADE,
};

struct rfa_spec_field {
	enum rfa_spec_part part;
	const char *name;
	enum rfa_spec_rule rule;
	const char *why; /* what is special; NULL: nothing */
};

/* The row of a field; NULL: it is not known. */
const struct rfa_spec_field *rfa_spec_field(enum rfa_spec_part part, const char *name);
/* The table, to go through. */
const struct rfa_spec_field *rfa_spec_fields(size_t *n);

/*
 * Takes out of a body (Config at the top, HostConfig in it) what the image's Config gave and what
 * the engine makes. image NULL: not known, then what it gave stays.
 */
int rfa_spec_take_image_away(json_t *body, const json_t *image, struct rfa_error *err);
/* Exposes the ports that a body publishes: the engine ignores the bindings of any other. */
int rfa_spec_expose(json_t *body, struct rfa_error *err);

#endif
