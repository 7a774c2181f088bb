/* The standard world, where a version changes the schema of the data. */
#ifndef RFA_TESTS_HARNESS_WORLD_MIGRATE_H
#define RFA_TESTS_HARNESS_WORLD_MIGRATE_H

#include "tests/harness/world.h"

/*
 * A world of SCENARIO_DATA's kind, in which test runs v2 of all but es, and prod's data is to
 * become of origin "new" by v2's command, which takes three seconds; half of it is of origin
 * "half". v2 makes data of before "early" when it starts on it. The plan of its promote to prod is
 * w->plan.
 *
 * BREAKING: what uses the data stops, and the undo is "restore"; v1 makes new data "met" when it
 * starts on it. Else: "expand", and the undo is "none". COMMAND: the undo is a command. FAILS: the
 * migration ends with status 3, half-way. ILL: v2 never becomes healthy. WEB: the command is in
 * `web`, a Compose service, which has the member "files". CHECK: there is a check. LATE: it takes
 * longer than it may. ADDRESS: `web` has an address of its own on prod.
 */
enum {
	MIGRATION_BREAKING = 1,
	MIGRATION_COMMAND = 2,
	MIGRATION_FAILS = 4,
	MIGRATION_ILL = 8,
	MIGRATION_WEB = 16,
	MIGRATION_CHECK = 32,
	MIGRATION_LATE = 64,
	MIGRATION_ADDRESS = 128,
};
void world_make_migration(struct world *w, enum scenario s, int how);

/* Of what origin the data is on prod that the command changes: "prod", "half", "new", …; "mixed".
 */
const char *world_schema(struct world *w, int how);
/* What serves on both hosts, without the data. New. */
json_t *world_migration_serves(struct world *w);
/* What a row of a run has proven: a text, "" if there is none. */
void world_fact(struct world *w, const char *run, const char *step, const char *key,
		struct rfa_buf *out);

#endif
