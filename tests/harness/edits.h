/* A standard world with a few things changed, each said by where it is. */
#ifndef RFA_TESTS_HARNESS_EDITS_H
#define RFA_TESTS_HARNESS_EDITS_H

#include <jansson.h>

enum { WORLD_EDITS = 6 };

/* One thing to change before the world is made: where (parts at '|'), and JSON; NULL: remove it. */
struct world_edit {
	const char *where; /* "hosts|…" of the setup, else of the plan */
	const char *json;
};

/* For world_make_edited(): user is an array of up to WORLD_EDITS, ended by one without a place. */
void world_edit_all(void *user, json_t *setup, json_t *plan);

#endif
