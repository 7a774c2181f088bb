/*
 * Members that a server in a container keeps: a database travels as a dump, and takes the place of
 * another one by renames in the server, which therefore runs all the while. Who writes to it are
 * the sessions on it.
 */
#ifndef RFA_FSM_STEPS_DATABASES_H
#define RFA_FSM_STEPS_DATABASES_H

#include "fsm/steps/ctx.h"

enum { RFA_DATABASE_MAX = 64 };

/* A kind of server, as a member's kind and as the host's engine is called. */
struct rfa_database_kind {
	const char *name;
	const char *user; /* if none is said */
	int minors;       /* its "major" has so many releases in one number that people say */
	int swells;       /* a dump may be so many times what the server needs for it */
};
/* Of a member as rfa.json describes it, under the kind's name; NULL: it is another one. */
const struct rfa_database_kind *rfa_database_kind(const json_t *said);

/* 1 if the member is a database of a server. */
int rfa_is_database(const json_t *member);
/* {"engine","container","user","database"} as the host is told of it. Borrowed. */
json_t *rfa_database_of(const json_t *member);
/*
 * "<database>_rfa_<which>_<run>": what has arrived ("new"), or what was replaced ("old"), beside
 * it in the same server. It may be too long: see rfa_host_database_own().
 */
void rfa_database_name(const struct rfa_ctx *ctx, const json_t *member, const char *which,
		       char out[2 * RFA_DATABASE_MAX]);
/* 1 if this container keeps a member of the stack: it runs as long as the run lasts. */
int rfa_is_database_server(const json_t *stack, const char *container);

/* How large its dump may be; of other members, how large they are. */
int64_t rfa_database_dump_bytes(const json_t *member);
/* What is newer or older than another: "15", "MariaDB 10.11". */
void rfa_database_release(const json_t *member, char out[RFA_DATABASE_MAX]);

/* Adds to a member what is there now: see rfa_members_look(). */
int rfa_database_look(struct rfa_host *host, json_t *member, struct rfa_error *err);

/*
 * How it looks, once the server answers: it may just be starting, after a power cut. If its
 * container does not run, it is started. *out is new. Errors: UNHEALTHY when it never answers.
 */
int rfa_database_await(struct rfa_ctx *ctx, const json_t *database, json_t **out,
		       struct rfa_error *err);
/* 1 in *is: there is a database of this name beside it. Waits like the above. */
int rfa_database_there(struct rfa_ctx *ctx, const json_t *database, const char *name, int *is,
		       struct rfa_error *err);

/* REFUSED names who has a session on one of these, of the step's own side. */
int rfa_databases_still(struct rfa_ctx *ctx, const json_t *members, struct rfa_error *err);

/* A dump becomes the database "new". */
int rfa_database_load(struct rfa_ctx *ctx, const json_t *member, const char *copy,
		      struct rfa_error *err);
/* Removes these databases of rfa's own, of one server. names: array. */
int rfa_databases_drop(struct rfa_ctx *ctx, const json_t *database, const json_t *names,
		       struct rfa_error *err);

#endif
