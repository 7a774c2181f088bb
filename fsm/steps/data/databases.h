/*
 * Members that a server in a container keeps: a database travels as a dump, and takes the place of
 * another one by renames in the server, which therefore runs all the while. Who writes to it are
 * the sessions on it.
 */
#ifndef RFA_FSM_STEPS_DATA_DATABASES_H
#define RFA_FSM_STEPS_DATA_DATABASES_H

#include "fsm/model/asked.h"
#include "fsm/steps/common/ctx.h"

enum { RFA_DATABASE_MAX = 64 };

/* A kind of server, as a member's kind and as the host's engine is called. */
struct rfa_database_kind {
	const char *name;
	const char *user; /* if none is said */
	int minors;       /* its "major" has so many releases in one number that people say */
	int swells;       /* a dump may be so many times what the server needs for it */
};
/* The server that keeps a piece of the data, and its kind; NULL: it is no database of a server. */
const struct rfa_server *rfa_piece_server(const struct rfa_piece *piece,
					  const struct rfa_database_kind **kind);

/* The same as the host is told of it; NULL: none. */
const struct rfa_database *rfa_piece_database(struct rfa_pool *pool, const struct rfa_piece *piece);

/* 1 if the member is a database of a server. */
int rfa_is_database(const struct rfa_member *member);
/*
 * "<database>_rfa_<which>_<run>": what has arrived, or what was replaced, beside it in the same
 * server. It may be too long: see rfa_host_database_own().
 */
void rfa_database_name(const struct rfa_ctx *ctx, const struct rfa_member *member,
		       enum rfa_beside which, char out[2 * RFA_DATABASE_MAX]);

/* How large its dump may be; of other members, how large they are. */
int64_t rfa_database_dump_bytes(const struct rfa_member *member);
/* What is newer or older than another: "15", "MariaDB 10.11". */
void rfa_database_release(const struct rfa_member *member, char out[RFA_DATABASE_MAX]);

/* Adds to a member of the step's own host what is there now. */
int rfa_database_observe(struct rfa_ctx *ctx, struct rfa_member *member, struct rfa_error *err);
/* How it looks on a host. Errors: NOTFOUND: there is no such container. */
int rfa_database_seen(struct rfa_ctx *ctx, struct rfa_host *host,
		      const struct rfa_database *database, struct rfa_server_seen *out,
		      struct rfa_error *err);
/* 1 if there is a database of this name in that server. */
int rfa_database_lists(const struct rfa_server_seen *seen, const char *name);

/*
 * How it looks, once the server answers: it may just be starting, after a power cut. If its
 * container does not run, it is started. Errors: UNHEALTHY when it never answers.
 */
int rfa_database_await(struct rfa_ctx *ctx, const struct rfa_database *database,
		       struct rfa_server_seen *out, struct rfa_error *err);
/* 1 in *is: there is a database of this name beside it. Waits like the above. */
int rfa_database_there(struct rfa_ctx *ctx, const struct rfa_database *database, const char *name,
		       int *is, struct rfa_error *err);

/* REFUSED names who has a session on one of those of the step's own host. */
int rfa_databases_quiesced(struct rfa_ctx *ctx, struct rfa_error *err);

/* As the host is told of it; lives as long as the step. */
int rfa_database_said(struct rfa_ctx *ctx, const struct rfa_database *database, json_t **out,
		      struct rfa_error *err);
/* A dump becomes the database that is called the new one. */
int rfa_database_load(struct rfa_ctx *ctx, const struct rfa_member *member, const char *copy,
		      struct rfa_error *err);
/* Removes a database of rfa's own beside this one. */
int rfa_database_drop(struct rfa_ctx *ctx, const struct rfa_database *database, const char *name,
		      struct rfa_error *err);

#endif
