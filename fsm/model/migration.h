/* Migrations: changes of the schema of a stack's data, as runs have made them. */
#ifndef RFA_FSM_MODEL_MIGRATION_H
#define RFA_FSM_MODEL_MIGRATION_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_ONCE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(status, 0, "the exit status; 124: its time was over") \
	TEXT(sha256, "of what it wrote, without secrets") \
	TEXT(line, "the first line of that")
/* clang-format on */
RFA_RECORD(once, RFA_ONCE_FIELDS);

/* clang-format off */
#define RFA_MIGRATION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(version, "whose schema it is then") \
	TEXT(identity, "of the image that had the command") \
	TEXT(kind, "expand or breaking") \
	TEXT(run, "by which run") \
	TEXT(at, "when") \
	ONE(once, before, "what the check said before it") \
	ONE(once, after, "what the check said after it")
/* clang-format on */
RFA_RECORD(migration, RFA_MIGRATION_FIELDS);

/* clang-format off */
#define RFA_MIGRATIONS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(stack, "the stack") \
	TEXT(env, "where its data is") \
	MANY(migration, done, "those that this data has seen, the newest last")
/* clang-format on */
RFA_RECORD(migrations, RFA_MIGRATIONS_FIELDS);

/* The one that this image has made; NULL: none. */
const struct rfa_migration *rfa_migration_of(const struct rfa_migration_list *done,
					     const char *identity);

/*
 * The newest breaking one that this run or a later one has made, if the version that ran before
 * that run is not one with its schema: it does not run on the data of now. NULL: none.
 */
const struct rfa_migration *rfa_migration_bars(const struct rfa_migration_list *done,
					       const char *run, const char *version);

#endif
