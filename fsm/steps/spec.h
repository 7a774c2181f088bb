/*
 * From a container's inspect object to the Engine API body that makes the same container again
 * with another image. Everything is carried over as the engine's own JSON; what the old image
 * gave by default is left out, so that the new image's own defaults hold.
 */
#ifndef RFA_FSM_STEPS_SPEC_H
#define RFA_FSM_STEPS_SPEC_H

#include "fsm/steps/ctx.h"

/*
 * container: its inspect object; image: the inspect object of the image it was made from (NULL if
 * that is gone: then its defaults stay in). *out (new): the body, with Image = ref and, for the
 * second network on, "x-rfa-networks".
 */
int rfa_spec_body(const json_t *container, const json_t *image, const char *ref, json_t **out,
		  struct rfa_error *err);

/* Appends {"container","field","why","mend"} for each thing that cannot be carried over. */
int rfa_spec_obstacles(const json_t *container, json_t *list, struct rfa_error *err);

/*
 * The containers' description that the plan's rollback point names; *out is new. Errors: NOTFOUND;
 * MISMATCH when it is not the one that the ledger has the digest of.
 */
int rfa_specs_read(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err);

/* Where the pins (the override file) of the stack's Compose project are on the target. */
void rfa_pins_path(const struct rfa_ctx *ctx, char *out, size_t size);

#endif
