/* The contract of databases, and what a world must have for it. */
#ifndef RFA_TESTS_CONTRACT_DATABASES_CONTRACT_H
#define RFA_TESTS_CONTRACT_DATABASES_CONTRACT_H

#include "tests/contract/host_contract.h"

/* All that SQL, psql, a connection string and a shell would take for something else. */
#define DATABASES_NAME "a\"b'c $(d); \\ =-- %s :x"

/* On machine 0 of the world: a running server with a database of that name. */
struct databases {
	const char *engine, *container, *user;
	/* What is in a database: 0, or -1 if there is none. */
	int (*told)(struct databases *, const char *name, char *out, size_t size);
	/* From now on this is in the database. */
	int (*write)(struct databases *, const char *text);
	/* Stops (0) or starts (1) the container. */
	void (*run)(struct databases *, struct rfa_host *, int on);
	void *data;
};

/* For a world of fakehosts, whose container is a server of this machine: run, open, and make it. */
void databases_fake_run(struct databases *d, struct rfa_host *host, int on);
int databases_fake_open(struct host_world *w, int machine, struct rfa_host **out,
			struct rfa_error *err);
int databases_fake_container(struct host_world *w);

/* A file in the world's directory, where there are real files. */
void databases_put_file(struct host_world *world, const char *name, const char *text);

/* Runs all tests; returns how many failed. */
int host_databases_run(const char *name, struct host_world *world);

#endif
