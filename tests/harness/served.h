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
/* 1 if that holds of the members of env; else why is appended. */
int world_is_one_moment(struct world *w, const char *env, struct rfa_buf *why);
/* The guarded file's text on prod. New text in out. */
void world_guarded_text(struct world *w, struct rfa_buf *out);

#endif
