/* Mounts: what a container sees of a stack's data, and whether an exchange reaches it. */
#ifndef RFA_FSM_STEPS_MOUNTS_H
#define RFA_FSM_STEPS_MOUNTS_H

#include "fsm/steps/ctx.h"

/* Where a mount of a container lies with regard to a member's place. */
enum rfa_reach {
	RFA_REACH_NONE,
	RFA_REACH_ABOVE,  /* a folder above: what takes the member's place is seen at once */
	RFA_REACH_INSIDE, /* something in it */
	RFA_REACH_PLACE,  /* the place itself */
};
enum rfa_reach rfa_mount_reach(const json_t *c, const json_t *mount, const json_t *member);

/*
 * What is found of a container is told as {"container","id","running","started","member",
 * "mount"}, once a mount and member; *out is new.
 *
 * Every container but the users and what keep_running names that has a member's place, lies in it,
 * or could write to it from above.
 */
int rfa_mounts_other(const json_t *stack, const json_t *all, const json_t *users,
		     const json_t *members, json_t **out, struct rfa_error *err);

/*
 * Databases of the members that a container has mounted as single files: SQLite's companions
 * (-wal, -journal) lie beside the file as the process sees it, so in the container's own layer,
 * where no copy finds them and no exchange moves them. Of all containers of the host (`all`), those
 * that do not run as well.
 */
int rfa_mounts_files(struct rfa_host *host, const json_t *all, const json_t *members, json_t **out,
		     struct rfa_error *err);

/*
 * What keep_running names, runs, and has a member's place or something in it mounted: it sees what
 * was there when it was started, whatever takes that place since.
 */
int rfa_mounts_kept(const json_t *stack, const json_t *all, const json_t *members, json_t **out,
		    struct rfa_error *err);

#endif
