/* What transports/host/host_router.h promises, as tests for any router: real ones, simulated ones.
 */
#ifndef RFA_TESTS_CONTRACT_ROUTER_CONTRACT_H
#define RFA_TESTS_CONTRACT_ROUTER_CONTRACT_H

#include "tests/contract/host_contract.h"

/* A router on machine 0, in front of the service "web"; share 0, blue up, green not. */
struct host_router {
	void *data;
	struct rfa_router_at at;
	unsigned port; /* of both sides */
	int counts;    /* it tells requests and errors by side */
	/* Brings green up (1) or down (0); its requests are answered with errors (2). */
	void (*green)(struct host_router *, int how);
	/* So many visitors come, or so much time passes. */
	void (*visit)(struct host_router *, unsigned n);
	/* Somebody makes another share live, and keeps nothing; NULL: cannot be done. */
	void (*live)(struct host_router *, int share);
	/* It ends, and is started again; NULL: cannot be done. */
	void (*restart)(struct host_router *);
};

/* Runs all tests; returns how many failed. */
int host_router_run(const char *name, struct host_world *world, struct host_router *router);

#endif
