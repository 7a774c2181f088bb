/* Databases that a server in a container keeps: PostgreSQL, MySQL, MariaDB. */
#ifndef RFA_TRANSPORTS_HOST_HOST_DATABASES_H
#define RFA_TRANSPORTS_HOST_HOST_DATABASES_H

#include <jansson.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_job_key;

/*
 * Which one is meant: {"engine","container","user","database"}; engine is "postgres", or
 * "mysql", which means MariaDB as well. It is reached by the programs in that container,
 * over its local socket, so its port need not be open; a password is only what the
 * container's own environment has. Beside the database lie rfa's own, whose names begin
 * with "<database>_rfa_". The *copy* of a database is a directory with one file, `dump`;
 * what is said of copies of trees holds for it too.
 */
struct rfa_host_databases {
	/* reads */
	/*
	 * *out (new): {"up":bool,"why" (it is not up: in words),"version","major" (grows with it;
	 * of MySQL 8.4: 804),"make" (where an engine is made by several: "MySQL", "MariaDB"),
	 * "data" (the server's data directory in its container, or null),"databases":{name: bytes}
	 * (it, and rfa's own beside it, but for what is half loaded),"sessions":[{"pid","user",
	 * "from","program"}] (of others on it; at most 20),"obstacles":[text] (why it could not be
	 * swapped),"unfit":[text] (why it cannot travel as a dump at all; may be left out)};
	 * with "up" false there is no more than "why". A server that is just starting, or that
	 * lets nobody in, is not up. Errors: NOTFOUND: there is no such container.
	 */
	int (*observe)(struct rfa_host *, const json_t *database, json_t **out, struct rfa_error *);
	/*
	 * Who gets in to its server. *out (new): {"up":bool,"why" (as observe),"open":[text] (what
	 * lets somebody in without a password who is not on the server's own machine; a container
	 * is one),"wide":[text] (accounts that may come from everywhere, with a password),
	 * "unsure":[text] (why what is in force may be something else than what was read)}. A user
	 * that may not read the rules is told by "why". Errors: as observe.
	 */
	int (*access)(struct rfa_host *, const json_t *database, json_t **out, struct rfa_error *);
	/*
	 * The tables of users in it. *out (new): {"up":bool,"why" (as observe),"tables": how many,
	 * "names":[text] (of the first three)}. Errors: as observe.
	 */
	int (*tables)(struct rfa_host *, const json_t *database, json_t **out, struct rfa_error *);
	/* Reads a whole dump with the server's own program. *out (new): {"ok":bool,"summary":"…"}.
	 */
	int (*check)(struct rfa_host *, const json_t *database, const char *copy, json_t **out,
		     struct rfa_error *);

	/* changes, as jobs */
	/*
	 * Dumps it into the copy, whose parent exists: whole, and as it was at one moment, or not
	 * at all. What was there under that name goes first. *out (new): {"bytes"}.
	 */
	int (*dump)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
		    const char *copy, json_t **out, struct rfa_error *);
	/*
	 * Makes the database `name` (one of rfa's own) from a copy ("": it stays empty), with the
	 * owner, encoding, locale, grants and settings of the one that is there; what was there
	 * under that name goes first. Errors: NOTFOUND (the copy), REMOTE with the server's words;
	 * what is half there goes by database_drop.
	 */
	int (*load)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
		    const char *copy, const char *name, struct rfa_error *);
	/*
	 * Runs files of SQL (texts: paths below the directory, plain), one after the other, in one
	 * transaction, until one fails; what MySQL commits by itself in between stays. *out (new):
	 * [{"file","sha256"}]. Errors: NOTFOUND (the directory, a file); REMOTE with the server's
	 * words, behind the file and its line.
	 */
	int (*init)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
		    const char *directory, const json_t *files, json_t **out, struct rfa_error *);
	/*
	 * Swaps databases by rename, in this order. items: array of {"database":{…},"in","out"
	 * (both of rfa's own)}: the database is called `out` from then on, and `in` has its name.
	 * Sessions on either are ended, and neither takes any until database_open, where the
	 * engine can keep them out (MySQL's cannot). Each item happens as a whole or not at all,
	 * one that has happened is left; a server that breaks off in the midst of it (MySQL's of
	 * old) leaves what this goes on with. Errors: EXISTS, NOTFOUND: what is there is no stage
	 * of this swap, nothing of any item was touched.
	 */
	int (*swap)(struct rfa_host *, const struct rfa_job_key *, const json_t *items,
		    struct rfa_error *);
	/* It takes sessions again. */
	int (*open)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
		    struct rfa_error *);
	/* Removes databases of rfa's own (else INTERNAL). Absent is success. */
	int (*drop)(struct rfa_host *, const struct rfa_job_key *, const json_t *database,
		    const json_t *names, struct rfa_error *);
};

#ifdef __cplusplus
}
#endif
#endif
