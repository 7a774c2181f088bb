/* Mounts: what a container sees of a stack's data, and whether a swap reaches it. */
#ifndef RFA_FSM_STEPS_DATA_MOUNTS_H
#define RFA_FSM_STEPS_DATA_MOUNTS_H

#include "fsm/steps/common/consumers.h"

/* Where a mount of a container lies with regard to a member's place. */
enum rfa_reach {
	RFA_REACH_NONE,
	RFA_REACH_ABOVE,  /* a folder above: what takes the member's place is seen at once */
	RFA_REACH_INSIDE, /* something in it */
	RFA_REACH_PLACE,  /* the place itself */
};
enum rfa_reach rfa_mount_reach(const json_t *c, const json_t *mount,
			       const struct rfa_member *member);

/* Where they look, and what they ask. */
struct rfa_mounts {
	struct rfa_pool *pool;
	struct rfa_host *host; /* only of rfa_mounts_files() */
	const struct rfa_stack *stack;
	const json_t *all; /* all containers of the host, those that do not run as well */
	const struct rfa_consumer_list *consumers;
	const struct rfa_member_list *members;
};

/*
 * What is found of a container is told once a mount and member; it is added to `out`. Errors:
 * NOMEM.
 *
 * Every container but the consumers and what keep_running names that has a member's place, lies in
 * it, or could write to it from above.
 */
int rfa_mounts_other(const struct rfa_mounts *in, struct rfa_mounted_list *out,
		     struct rfa_error *err);

/*
 * Databases of the members that a container has mounted as single files: SQLite's companions
 * (-wal, -journal) lie beside the file as the process sees it, so in the container's own layer,
 * where no copy finds them and no swap moves them.
 */
int rfa_mounts_files(const struct rfa_mounts *in, struct rfa_mounted_list *out,
		     struct rfa_error *err);

/*
 * What keep_running names, runs, and has a member's place or something in it mounted: it sees what
 * was there when it was started, whatever takes that place since.
 */
int rfa_mounts_kept(const struct rfa_mounts *in, struct rfa_mounted_list *out,
		    struct rfa_error *err);

#endif
