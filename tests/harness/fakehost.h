/* Shell hosts on this machine whose docker is the fake one, in a directory that goes away. */
#ifndef RFA_TESTS_HARNESS_FAKEHOST_H
#define RFA_TESTS_HARNESS_FAKEHOST_H

#include "transports/host/host.h"

#define FAKEHOSTS 2

struct fakehosts {
	char root[64];
	char state[FAKEHOSTS][128];  /* state directories, with blanks and quotes in their names */
	char engine[FAKEHOSTS][640]; /* docker commands */
	char files[128];             /* a directory for files */
};

/* Two machines; the first has the images app:1 and app:2. 0 or -1. */
int fakehosts_make(struct fakehosts *f);
/* A new handle on one of them over the local transport, or over `transport` (owned then). */
int fakehosts_open(struct fakehosts *f, int machine, struct rfa_transport *transport,
		   struct rfa_host **out, struct rfa_error *err);
/* Makes or removes a file that says how the engine behaves: "hold", "down", "full",
 * "dying" (no program can be run in a container). */
void fakehosts_set(struct fakehosts *f, int machine, const char *what, int on);
/*
 * What the first engine's store is from now on: 0: as the engine has made it; else 1: not there; 2:
 * a file of each layer has other bytes; 3: a folder of each layer leads out of it.
 */
void fakehosts_store(struct fakehosts *f, int how);
/* Makes a file and the directories that lead to it; 0 or -1. */
int fakehosts_put(const char *path, const char *content);
/* How many lines of an engine's file ("calls", "bad") begin so. */
int fakehosts_count(struct fakehosts *f, int machine, const char *file, const char *begin);
/* Removes everything; 0, or -1 if a call was made that docker would not have understood. */
int fakehosts_end(struct fakehosts *f);

#endif
