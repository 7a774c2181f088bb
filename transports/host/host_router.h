/* The router in front of a service: which share of the requests goes to its stand-in. */
#ifndef RFA_TRANSPORTS_HOST_HOST_ROUTER_H
#define RFA_TRANSPORTS_HOST_HOST_ROUTER_H

#include <stdint.h>

#include "fsm/base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rfa_host;
struct rfa_job_key;

/* Which router, and how it is reached. Borrowed. */
struct rfa_router_at {
	const char *driver;    /* "haproxy", "nginx" */
	const char *container; /* in which it runs */
	const char *directory; /* on the host: has the file with the shares */
	const char *inside;    /* the same directory, as the container has it mounted */
	int64_t control;       /* the port on the container's loopback where it takes orders */
};

/* A service that it is in front of: blue is SERVICE, green is SERVICE-green. */
struct rfa_routed {
	const char *service;
	int64_t port; /* at which both sides listen */
};

/* -1: the driver cannot tell. */
struct rfa_router_side {
	int up;
	char address[64];  /* where the router believes it is; "": it does not say */
	int64_t in_flight; /* requests that are under way */
	int64_t requests;  /* since `since` */
	int64_t errors;    /* of these, answered with 5xx, or by nobody */
};

struct rfa_router_seen {
	int64_t live;   /* per cent of the requests that go to green now */
	int64_t kept;   /* the same, as it would come up with */
	char since[32]; /* another text: it has begun to count anew */
	struct rfa_router_side blue, green;
};

struct rfa_host_router {
	/* Errors: UNSUPPORTED: no such driver; NOTFOUND (container); REMOTE: it does not run, or
	 * does not answer as its static part should. */
	int (*look)(struct rfa_host *, const struct rfa_router_at *, const struct rfa_routed *,
		    struct rfa_router_seen *out, struct rfa_error *);
	/*
	 * So many per cent go to green. A job. When it answers, the router comes up with it (the
	 * file is on disk), and it is live: the file is first. Errors: REFUSED: the side that would
	 * get more is not up, nothing is changed; else as of look.
	 */
	int (*set)(struct rfa_host *, const struct rfa_job_key *, const struct rfa_router_at *,
		   const struct rfa_routed *, int64_t share, struct rfa_error *);
};

/*
 * REFUSED if the side that would get more of the requests is not up: what every `set` asks of what
 * it has just seen.
 */
RFA_API int rfa_router_may_set(const struct rfa_router_seen *seen, const struct rfa_routed *of,
			       int64_t share, struct rfa_error *err) RFA_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
