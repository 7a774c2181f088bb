/*
 * Members: the pieces of a stack's data, as they are on one host (struct rfa_member).
 *
 * kind   "volume", "directory", "sqlite", "postgres", "mysql" (a database that a server in a
 *        container keeps: databases.h), or "file" (a single file that only backups have)
 * tree   "directory" or "sqlite": how the host is told what it is; a single file travels as a
 *        database does, with companions that are not there; of a server's database its kind
 * place  the absolute path where it lives there; "" for a volume that does not exist;
 *        "CONTAINER/DATABASE" of a server's database
 *
 * Copies are beside the place, each in a directory of its own that nobody else can look into, so
 * that a swap is a rename: <parent>/.rfa-<run>.<name>.<which>/tree, which = "snap" (made on the
 * source), "new" (arrived on the target), "old" (what was replaced). A dump's lie in the state
 * directory.
 */
#ifndef RFA_FSM_STEPS_DATA_MEMBERS_H
#define RFA_FSM_STEPS_DATA_MEMBERS_H

#include "fsm/model/asked.h"
#include "fsm/steps/common/ctx.h"

/* Longest place, and longest last part of one: a copy's name must fit too. */
enum { RFA_PLACE_MAX = 900, RFA_PLACE_NAME_MAX = 180, RFA_COPY_MAX = 1200 };

/* How the members of the step's own host look now, in order of their names. */
int rfa_members_observe(struct rfa_ctx *ctx, struct rfa_member_list *out, struct rfa_error *err);

enum rfa_tree_kind rfa_member_tree(const struct rfa_member *member);
/* Was there anything at its place? */
int rfa_member_there(const struct rfa_member *member);
void rfa_member_copy(const struct rfa_ctx *ctx, const struct rfa_member *member,
		     enum rfa_beside which, char out[RFA_COPY_MAX]);

/* Removes these copies of every member of the step's own host, and what was loaded or replaced of
 * databases; those that are not there too. */
int rfa_copies_remove(struct rfa_ctx *ctx, enum rfa_beside which, struct rfa_error *err);

/* *is: beside all that this run may need on the target, so many bytes fit into its state directory.
 */
int rfa_data_has_room(struct rfa_ctx *ctx, int64_t bytes, int *is, struct rfa_error *err);

#endif
