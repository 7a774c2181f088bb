/* Collects what is wrong with a configuration, each thing with its place. */
#ifndef RFA_CLI_CONFIG_PROBLEMS_H
#define RFA_CLI_CONFIG_PROBLEMS_H

#include "cli/config/schema.h"
#include "fsm/base/jsontext.h"

#define RFA_CONFIG_DEPTH 12

/* One thing that is wrong, in the words of the person who wrote the file. */
struct rfa_problem {
	int line, column; /* 0: the file as a whole */
	char path[200];   /* "stacks.shop.health[0].urll"; "" for the file as a whole */
	char what[300];
	char hint[300];
};

struct rfa_problems {
	struct rfa_problem *items; /* owned */
	size_t n, cap;
	size_t more; /* beyond the maximum of 100 */
};

void rfa_problems_release(struct rfa_problems *problems);

/* A walk over the document: where it stands, and what it has found. */
struct rfa_walk {
	const char *text;
	size_t len;
	struct rfa_problems *problems;
	struct rfa_json_step steps[RFA_CONFIG_DEPTH];
	size_t depth;
	int overlay; /* inside an overlay: nothing is required */
};

/*
 * Adds a problem at the place where the walk stands. Answers the item, to which
 * rfa_problem_hint() may add an advice; NULL: no more are kept.
 */
struct rfa_problem *rfa_walk_problem(struct rfa_walk *walk, const char *fmt, ...) RFA_PRINTF(2, 3);
void rfa_problem_hint(struct rfa_problem *problem, const char *fmt, ...) RFA_PRINTF(2, 3);
/* The same of a name that a map does not have; the nearest one is offered. kind: "stack". */
void rfa_walk_no_such_name(struct rfa_walk *walk, const json_t *map, const char *kind,
			   const char *name);
void rfa_walk_enter(struct rfa_walk *walk, const char *key, size_t index);
void rfa_walk_leave(struct rfa_walk *walk);

/* Checks a value against its row, at every depth. */
void rfa_walk_check(struct rfa_walk *walk, const struct rfa_key *key, const json_t *value);

#endif
