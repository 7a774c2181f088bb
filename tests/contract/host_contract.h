/*
 * What transports/host/host.h promises, as tests that any implementation is held to: the shell host
 * over a fake docker, the simulated host, a real engine.
 */
#ifndef RFA_TESTS_CONTRACT_HOST_CONTRACT_H
#define RFA_TESTS_CONTRACT_HOST_CONTRACT_H

#include "transports/host/host.h"

struct databases;

/* Two machines with an engine each; filled in by who runs the contract. */
struct host_world {
	void *data;
	/*
	 * A new handle on machine 0 or 1, as another process would get it. Machine 0 has the
	 * images app:1 and app:2, of at least two layers, the lowest in common.
	 */
	int (*open)(struct host_world *, int machine, struct rfa_host **out, struct rfa_error *);
	/* A directory on machine 0 for files; exists. */
	char dir[256];
	/* Makes stop and load take their time (1) or lets them end (0); NULL: cannot be done. */
	void (*hold)(struct host_world *, int held);
	/* How often stop was executed by the engine; NULL: cannot be told. */
	int (*stops)(struct host_world *);
	/* A path on machine 0 that a shell would break, too: 0 for a world that has no files. */
	int real_files;
	/*
	 * Makes a file on machine 0, and the directories that lead to it, as an application would;
	 * NULL: the tests of trees and of the vault are left out.
	 */
	int (*put)(struct host_world *, const char *path, const char *content);
	/* What the contract of databases needs; see databases_contract.h. */
	struct databases *databases;
	/* Its files are this machine's: tests may make some as nobody else would. */
	int local;
	/* Puts a source on machine 0, as rfa_sim_source_put(); NULL: real files make one. */
	int (*source)(struct host_world *, const char *directory, const json_t *described);
	/* How often the engine of machine 0 has built; NULL: cannot be told. */
	int (*builds)(struct host_world *);
	/*
	 * Spoils what machine 0's engine has stored of its images, for who reads it there: 1, 2 and
	 * 3 are ways to do so, 0: it is as before; NULL: cannot be done.
	 */
	void (*store)(struct host_world *, int how);
	/* A word that differs in every test program, for names on a shared engine. */
	char tag[32];
};

/* Runs all tests; returns how many failed. */
int host_contract_run(const char *name, struct host_world *world);
/* The same for trees and the vault; where there are real files, all that is special in them, too.
 */
int host_trees_run(const char *name, struct host_world *world);
/* Files below a directory; needs GNU find, or simulated files. */
int host_below_run(const char *name, struct host_world *world);
/* Building images, and the working trees that they are built of. */
int host_builds_run(const char *name, struct host_world *world);
/*
 * A registry that machine 0 reaches, whose repository has tag 1: an image for linux/amd64 of at
 * least two layers. What is NULL cannot be done.
 */
struct host_registry {
	void *data;
	struct rfa_registry_access access; /* with a login that is right */
	const char *repository;            /* with its domain */
	const char *nobody;                /* a domain at which nobody answers */
	const char *calls;                 /* files with what an engine was asked, for grep */
	void (*cut)(struct host_registry *, int on);  /* layers break off half-way */
	void (*lie)(struct host_registry *, int on);  /* layers come with a byte changed */
	void (*lock)(struct host_registry *, int on); /* only with the login one may read */
	/* The same with a token that a service gives for the login. */
	void (*tokens)(struct host_registry *, int on);
	/* The next token is taken by nobody: the one that an engine gets. */
	void (*stale)(struct host_registry *, int on);
	/* 1 if somebody came to the registry with that in his Authorization. */
	int (*came_with)(struct host_registry *, const char *words);
};
/* Images from registries. */
int host_registry_run(const char *name, struct host_world *world, struct host_registry *at);
/* Commands in containers, which have the programs of this machine (or of the simulation). */
int host_execs_run(const char *name, struct host_world *world);
int host_commands_run(const char *name, struct host_world *world);
/* Layers out of the engine's own store. */
int host_store_run(const char *name, struct host_world *world);
/* Containers that do one thing and end; app:1 has echo, sleep, true and false. */
int host_once_run(const char *name, struct host_world *world);
/* What Compose reads of a project; where there is Compose, or a simulated one. */
int host_compose_run(const char *name, struct host_world *world);
/* What a container has of another one; where there is an engine, or a simulated one. */
int host_refs_run(const char *name, struct host_world *world);
/*
 * The same for making a container again. Machine 0 has the images spec:1 and spec:2, whose Config
 * is host_spec_image() of 1 and 2, and the networks spec-a (172.29.5.0/24) and spec-b.
 */
int host_spec_run(const char *name, struct host_world *world);
json_t *host_spec_image(int version); /* new */

#endif
