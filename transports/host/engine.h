/*
 * The engine's API over one `docker system dial-stdio` that stays: what is read costs a round trip
 * and no process, and many things can be asked in one. Private to transports/host.
 */
#ifndef RFA_TRANSPORTS_HOST_ENGINE_H
#define RFA_TRANSPORTS_HOST_ENGINE_H

#include <jansson.h>

#include "transports/transport.h"

struct rfa_engine;

/*
 * docker: the docker command, words at blanks; copied. Everything else is borrowed. Connects at
 * the first request. Errors: CONFIG when the command is empty or too long.
 */
struct rfa_engine_options {
	const char *docker;
	size_t most; /* bytes of all bodies that one call answers */
	int64_t idle_ms;
	struct rfa_clock *clock;
	const volatile int *cancel; /* may be NULL */
};
int rfa_engine_new(struct rfa_engine **out, struct rfa_transport *transport,
		   const struct rfa_engine_options *options, struct rfa_error *err);
void rfa_engine_free(struct rfa_engine *engine); /* NULL-safe */

/* A GET of the API: "/containers/@/json", where `name` (may be NULL) comes for the '@'. */
struct rfa_engine_ask {
	const char *path, *name;
};

struct rfa_engine_call {
	const struct rfa_engine_ask *asks; /* borrowed */
	size_t n;
	/*
	 * Gets the reply to asks[i], whatever its status is, once and in order; body is borrowed
	 * and ends with a NUL. Its error ends the call.
	 */
	int (*take)(void *user, size_t i, int status, const char *body, size_t len,
		    struct rfa_error *);
	void *user;
	size_t taken; /* 0 at first: how many replies have come */
};

/*
 * Asks for all of it at once. A connection that breaks is opened again for what has not been
 * answered, as long as there is progress, and once without. A call that failed may be repeated: it
 * goes on behind what was taken.
 * Errors: UNREACHABLE, UNSUPPORTED, REMOTE with docker's words when it cannot be opened; those of
 * the transport, SESSIONS among them; LOST, STALLED, CANCELLED, PROTOCOL, TOOBIG.
 */
int rfa_engine_get(struct rfa_engine *engine, struct rfa_engine_call *call, struct rfa_error *err);

/*
 * What the engine has said of itself when the connection was opened (GET /version); asked for
 * now if it never was. *out is borrowed until the next call. ApiVersion is that of all requests:
 * what is read and what is made from it have to be in the same version.
 */
int rfa_engine_version(struct rfa_engine *engine, const json_t **out, struct rfa_error *err);

/* 1 if it was open; ends it until the next request, so that another session has room. */
int rfa_engine_rest(struct rfa_engine *engine); /* NULL-safe */

#endif
