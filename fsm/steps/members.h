/*
 * Members: the pieces of a stack's data, as they are on one side: {"name","kind","tree","place",…}.
 *
 * kind   "volume", "directory", "sqlite", "postgres", "mysql" (a database that a server in a
 *        container keeps: fsm/steps/databases.h), or "file" (a single file that only backups have)
 * tree   "directory" or "sqlite": how the host is told what it is; a single file travels as a
 *        database does, with companions that are not there; of a server's database its kind
 * place  the absolute path where it lives there; "" for a volume that does not exist;
 *        "CONTAINER/DATABASE" of a server's database
 *
 * Copies are beside the place, each in a directory of its own that nobody else can look into, so
 * that an exchange is a rename: <parent>/.rfa-<run>.<name>.<which>/tree,
 * which = "snap" (made on the source), "new" (arrived on the target), "old" (what was replaced). A
 * dump's lie in the state directory.
 */
#ifndef RFA_FSM_STEPS_MEMBERS_H
#define RFA_FSM_STEPS_MEMBERS_H

#include "fsm/steps/ctx.h"

/* Longest place, and longest last part of one: a copy's name must fit too. */
enum { RFA_PLACE_MAX = 900, RFA_PLACE_NAME_MAX = 180, RFA_COPY_MAX = 1200 };

/*
 * How the members of the step's own side look now, in order of their names: the above, with
 * {"type","mount","bytes","apparent","inodes","uid","gid","mode"} of the place, "unsafe"
 * and "where" (what the host's tree_look and tree_where say), of volumes "volume", "driver",
 * "options" (how many); of a server's database "database" (what the host is told), "up", "why",
 * "version", "major", "make", "obstacles", "unfit", "disk" (the path on the host where the server
 * keeps its data). *out is new.
 */
int rfa_members_look(struct rfa_ctx *ctx, json_t **out, struct rfa_error *err);

/* Those of the step's own side, as its look saw them. Borrowed. */
json_t *rfa_members(const struct rfa_ctx *ctx);
/* By name; NULL. */
json_t *rfa_member_find(const json_t *members, const char *name);

enum rfa_tree_kind rfa_member_tree(const json_t *member);
/* Was there anything at its place? */
int rfa_member_there(const json_t *member);
void rfa_member_copy(const struct rfa_ctx *ctx, const json_t *member, const char *which,
		     char out[RFA_COPY_MAX]);

/* Removes these copies of every member of the step's own side; those that are not there too. */
int rfa_copies_remove(struct rfa_ctx *ctx, const char *which, struct rfa_error *err);

#endif
