/*
 * From a container's inspect object to the Engine API body that makes the same container again
 * with another image. Everything is carried over as the engine's own JSON; what the old image
 * gave by default is left out, so that the new image's own defaults hold.
 */
#ifndef RFA_FSM_STEPS_IMAGES_SPEC_H
#define RFA_FSM_STEPS_IMAGES_SPEC_H

#include "fsm/steps/common/ctx.h"

/*
 * container: its inspect object; image: the inspect object of the image it was made from (NULL if
 * that is gone: then its defaults stay in). *out (new): the body, with Image = ref and, for the
 * second network on, "x-rfa-networks".
 */
int rfa_spec_body(const json_t *container, const json_t *image, const char *ref, json_t **out,
		  struct rfa_error *err);

/* The body of the successor of one of the stack's own containers, with the run's image. *out: new.
 */
int rfa_container_body(struct rfa_ctx *ctx, const char *name, json_t **out, struct rfa_error *err);

/* Adds each thing that cannot be carried over. */
void rfa_spec_obstacles(const json_t *container, struct rfa_pool *pool,
			struct rfa_obstacle_list *out);

/* Where the containers of the rollback point are described that the run goes back to, or NULL. */
const struct rfa_specs *rfa_specs_of(const struct rfa_ctx *ctx);
/*
 * What is there; *out is new. Errors: NOTFOUND; MISMATCH when it is not the one that the ledger has
 * the digest of.
 */
int rfa_specs_read(const struct rfa_ctx *ctx, json_t **out, struct rfa_error *err);
/* One of them, as it was: its inspect object, and its image's Config. Borrowed; NULL: none. */
const json_t *rfa_specs_container(const json_t *specs, const char *name);
const json_t *rfa_specs_image(const json_t *specs, const char *name);

/* The body of a container as this one is (its inspect object), with that image. *out is new. */
int rfa_spec_like(struct rfa_ctx *ctx, const json_t *old, const char *ref, json_t **out,
		  struct rfa_error *err);
/*
 * The body of a container's successor with that image: of the rollback point's own description,
 * which never left the host and is checked against the ledger, or of the old container, as its
 * inspect object shows it. *out is new.
 */
int rfa_spec_successor(struct rfa_ctx *ctx, const char *name, const json_t *old, const char *ref,
		       json_t **out, struct rfa_error *err);

/*
 * Where the pins (the override file) of the stack's Compose project are on its host. A file of the
 * project's own: one host may have several environments of a stack.
 */
void rfa_pins_path(const struct rfa_ctx *ctx, char *out, size_t size);
/* Where they were when they were the stack's. */
void rfa_pins_old_path(const struct rfa_ctx *ctx, char *out, size_t size);

#endif
