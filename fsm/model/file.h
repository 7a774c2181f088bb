/* Files of a stack's Compose directory: what was brought, what would change, what was kept. */
#ifndef RFA_FSM_MODEL_FILE_H
#define RFA_FSM_MODEL_FILE_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_SYNCED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(path, "below the directory") \
	TEXT(sha256, "of what is in it; of a file of variables together with a key that only the host has") \
	INT(mode, 0, "its permissions")
/* clang-format on */
RFA_RECORD(synced, RFA_SYNCED_FIELDS);

/* The one of this path; NULL: there is none. */
const struct rfa_synced *rfa_synced_of(const struct rfa_synced_list *all, const char *path);

/* clang-format off */
#define RFA_SYNC_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(stack, "the stack") \
	TEXT(env, "where") \
	TEXT(run, "the run that has brought them last") \
	TEXT(at, "when") \
	NAMED(synced, files, "the files that were brought")
/* clang-format on */
RFA_RECORD(sync, RFA_SYNC_FIELDS);

/* clang-format off */
#define RFA_FILE_CHANGE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(path, "below the directory") \
	TEXT(change, "\"new\", \"changed\", \"gone\" (it is removed), \"stays\" (the source has it no more), \"same\", \"forgotten\" (neither side has it), \"problem\"") \
	TEXT(problem, "why it cannot be brought") \
	BOOL(edited, "on the host it is neither what was brought nor what the source has") \
	BOOL(unknown, "of an edited one: it never was brought") \
	BOOL(variables, "a file of variables: nothing of what is in it is kept") \
	TEXT(from, "where its content is, on the host that gives") \
	TEXT(sha256, "what it is to be; see synced") \
	TEXT(was, "what it is now") \
	INT(bytes, 0, "its size then") \
	INT(mode, 0, "its permissions then") \
	INT(mode_now, -1, "its permissions now; absent: it is not there") \
	INT(uid, -1, "its owner; absent: the directory's") \
	INT(gid, -1, "its group") \
	ONE(synced, back, "of what goes back: what had been brought there before")
/* clang-format on */
RFA_RECORD(file_change, RFA_FILE_CHANGE_FIELDS);

/* 1 if a run writes or removes it. */
int rfa_file_change_acts(const struct rfa_file_change *change);
int rfa_file_change_removes(const struct rfa_file_change *change);

/* clang-format off */
#define RFA_KEPT_FILE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(path, "below the directory") \
	TEXT(file, "on the host: what it had; absent: it was not there") \
	TEXT(sha256, "of that; absent: a file of variables") \
	INT(mode, 0, "its permissions") \
	INT(uid, -1, "its owner") \
	INT(gid, -1, "its group") \
	ONE(synced, synced, "what had been brought there; absent: nothing")
/* clang-format on */
RFA_RECORD(kept_file, RFA_KEPT_FILE_FIELDS);

/* clang-format off */
#define RFA_CONFIGURATION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(run, "the run that has kept it") \
	MANY(kept_file, files, "the Compose files, those that they include, extend or take variables from") \
	TEXTS(project, "of these the ones that Compose found by itself") \
	TEXTS(left_out, "what belongs to it and was not kept, each with the reason")
/* clang-format on */
RFA_RECORD(configuration, RFA_CONFIGURATION_FIELDS);

/* The kept file of this path; NULL: there is none. */
const struct rfa_kept_file *rfa_kept_file_of(const struct rfa_kept_file_list *all,
					     const char *path);

#endif
