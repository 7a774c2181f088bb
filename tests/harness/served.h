/* What serves on both hosts of a standard world of data, and whether it is of one moment. */
#ifndef RFA_TESTS_HARNESS_SERVED_H
#define RFA_TESTS_HARNESS_SERVED_H

#include "tests/harness/world.h"

/*
 * {"test":{…},"prod":{…}}: containers, tags, networks, volumes, files, and of each tree whose it
 * is, whether it is whole, its attributes and who uses it; without what grows with the clock,
 * copies and backups. New.
 */
json_t *world_data_serves(struct world *w);

/*
 * A world of SCENARIO_DATA's kind in which one container, which every reboot starts again, writes
 * to all members: so those of one moment have been written equally often. With `url`, the guarded
 * file lies in the member "files".
 */
void world_make_one_writer(struct world *w, enum scenario s, int url);
/* An edit of a setup, and of the plan, that makes it so. */
void world_edit_one_writer(json_t *setup, json_t *plan);
/*
 * The same, and test runs version v2 of all but es. On prod v2 makes data of "prod" into data of
 * "test" as soon as it starts, and v1 the other way round: rfa_sim_migrations(w->prod) tells how
 * often either has met the data of the other. ILL: prod's v1 answers 500 on data of "prod". WEB:
 * the project's `web` does as the backend does, with the member "files". OTHER: prod has `cron`,
 * which uses the data and is none of the stack: it takes eight seconds to be healthy. FULL: v2
 * answers 500 on data that is empty. NO_SQL: prod's server says no to files of SQL.
 */
enum { WORLD_ILL = 1, WORLD_WEB = 2, WORLD_OTHER = 4, WORLD_FULL = 8, WORLD_NO_SQL = 16 };
void world_make_versions(struct world *w, enum scenario s, int how);
/* Its v2 is promoted to prod, after a backup `id` of prod's data. */
void world_promote_v2(struct world *w, const char *id);
/* world_data_serves() without ids: Compose makes containers again. New. */
json_t *world_versions_serves(struct world *w);
/* The plan of a rollback to v1 with the data of that backup. New. */
json_t *world_whole_plan(struct world *w, const char *id);
/* As world_promote_v2(), and the configuration changes with it (world_change_files()). */
void world_promote_v2_files(struct world *w, const char *id);
/* The plan of a rollback to v1 with that data, and with the configuration of then. New. */
json_t *world_whole_files_plan(struct world *w, const char *id);

/*
 * world_versions_serves() without the names of the files from which Compose has made a container:
 * it makes one anew that was as it should be, and the way back leaves that one. New.
 */
json_t *world_rebuild_serves(struct world *w);
/* The plan that makes the stack anew on prod, of what has proven itself there; wipe: its data goes.
 * New. */
json_t *world_rebuild_plan(struct world *w, int wipe);

/* Adds to such a plan that the database of SCENARIO_DATA_DATABASE begins with a file of SQL. */
void world_rebuild_init(struct world *w, json_t *plan);

/* 1 if that holds of the members of env; else why is appended. */
int world_is_one_moment(struct world *w, const char *env, struct rfa_buf *why);
/* The guarded file's text on prod. New text in out. */
void world_guarded_text(struct world *w, struct rfa_buf *out);

#endif
