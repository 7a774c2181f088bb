/* What hosts are asked about data, and what they answer: see transports/host/host.h. */
#ifndef RFA_FSM_MODEL_ASKED_H
#define RFA_FSM_MODEL_ASKED_H

#include "fsm/model/field.h"
#include "fsm/model/member.h"

/* clang-format off */
#define RFA_TREE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(kind, "\"directory\" or \"sqlite\"") \
	TEXT(path, "where it is")
/* clang-format on */
RFA_RECORD(tree, RFA_TREE_FIELDS);

/* clang-format off */
#define RFA_HOLDER_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(pid, 0, "of the process") \
	TEXT(command, "what it is called") \
	TEXT(path, "the tree that it holds")
/* clang-format on */
RFA_RECORD(holder, RFA_HOLDER_FIELDS);

/* clang-format off */
#define RFA_RUN_THERE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(run, "whose directory it is") \
	INT(bytes, 0, "what it takes on the disk") \
	BOOL(running, "a job of it runs")
/* clang-format on */
RFA_RECORD(run_there, RFA_RUN_THERE_FIELDS);

/* clang-format off */
#define RFA_SWAP_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(kind, "of a tree: \"directory\" or \"sqlite\"") \
	TEXT(place, "of a tree: where it lives") \
	ONE(database, database, "of a database: which one") \
	TEXT(in, "what takes the place; absent: nothing does") \
	TEXT(out, "what becomes of what is there; absent: nothing is there")
/* clang-format on */
RFA_RECORD(swap, RFA_SWAP_FIELDS);

/* clang-format off */
#define RFA_SESSION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(user, "as whom") \
	TEXT(from, "from where") \
	TEXT(program, "with what")
/* clang-format on */
RFA_RECORD(session, RFA_SESSION_FIELDS);

/* clang-format off */
#define RFA_SERVER_SEEN_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	BOOL(up, "it answers") \
	TEXT(why, "why it does not, in words") \
	TEXT(data, "where it keeps its data, in its container") \
	JSON(databases, "{name: bytes}: the database, and rfa's own beside it") \
	MANY(session, sessions, "of others, on the database")
/* clang-format on */
RFA_RECORD(server_seen, RFA_SERVER_SEEN_FIELDS);

/* clang-format off */
#define RFA_ACCESS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	BOOL(up, "it answers") \
	TEXT(why, "why it does not, in words") \
	TEXTS(open, "what lets somebody in from elsewhere without a password") \
	TEXTS(wide, "accounts that may come from everywhere, with a password") \
	TEXTS(unsure, "why something else may be in force than what was read")
/* clang-format on */
RFA_RECORD(access, RFA_ACCESS_FIELDS);

/* clang-format off */
#define RFA_TABLES_SEEN_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	BOOL(up, "it answers") \
	TEXT(why, "why it does not, in words") \
	INT(tables, 0, "how many tables of users it has") \
	TEXTS(names, "the first three")
/* clang-format on */
RFA_RECORD(tables_seen, RFA_TABLES_SEEN_FIELDS);

/* clang-format off */
#define RFA_CHECKED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	BOOL(ok, "it is whole") \
	TEXT(summary, "what the program says that has read it") \
	INT(bytes, 0, "of a backup: how much was read") \
	TEXTS(problems, "of a backup: what is missing, altered or too many")
/* clang-format on */
RFA_RECORD(checked, RFA_CHECKED_FIELDS);

/* clang-format off */
#define RFA_EXPORTED_IMAGE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(id, "the engine's own") \
	TEXT(name, "the tag under which it travels")
/* clang-format on */
RFA_RECORD(exported_image, RFA_EXPORTED_IMAGE_FIELDS);

/* clang-format off */
#define RFA_EXPORT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "the archive's") \
	MANY(exported_image, images, "what goes into it") \
	TEXTS(omit, "layers that do not")
/* clang-format on */
RFA_RECORD(export, RFA_EXPORT_FIELDS);

/* clang-format off */
#define RFA_LISTED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(backup, "its id") \
	JSON(manifest, "as it is written there; absent: it is not complete, or cannot be read")
/* clang-format on */
RFA_RECORD(listed, RFA_LISTED_FIELDS);

#endif
