/* What can be gone back to: rollback points, and backups with their manifests. */
#ifndef RFA_FSM_MODEL_POINT_H
#define RFA_FSM_MODEL_POINT_H

#include "fsm/model/container.h"
#include "fsm/model/file.h"
#include "fsm/model/image.h"
#include "fsm/model/member.h"

/* clang-format off */
#define RFA_SPECS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(file, "on the host: how its containers were made, which may be secret") \
	TEXT(sha256, "of what is in it")
/* clang-format on */
RFA_RECORD(specs, RFA_SPECS_FIELDS);

/* clang-format off */
#define RFA_RETIRED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(point, "the rollback point") \
	TEXT(how, "\"used\" (it serves again), \"pruned\" (it was removed), \"gone\"") \
	TEXT(run, "by which run") \
	TEXT(at, "when") \
	TEXT(successor, "the point that this run left instead")
/* clang-format on */
RFA_RECORD(retired, RFA_RETIRED_FIELDS);

/* clang-format off */
#define RFA_POINT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "what `rfa rollback --to` takes") \
	TEXT(kind, "\"data\", \"files\"; absent: images") \
	TEXT(version, "what ran then") \
	TEXT(run, "the run that made it") \
	TEXT(at, "when") \
	MANY(image, images, "what ran") \
	ONE(specs, specs, "how its containers were made") \
	BOOL(pinned, "the Compose project was pinned to images") \
	TEXT(pins, "the file that pinned it") \
	BOOL(of_project, "a Compose project belongs to it") \
	ONE(configuration, configuration, "with which files its containers were made; absent: it is not known") \
	MANY(member, members, "of data: the pieces, with their copies") \
	TEXT(backup, "of data: the backup that replaced it; else: the newest one of the data then") \
	MANY(kept_file, files, "of files: those that the run wrote or removed, as they were") \
	TEXTS(directories, "of files: those that the run made") \
	ONE(retired, retired, "it is no longer there: why")
/* clang-format on */
RFA_RECORD(point, RFA_POINT_FIELDS);

/* clang-format off */
#define RFA_GENERATION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(stack, "the stack") \
	TEXT(env, "where it serves") \
	TEXT(generation, "the run that brought it") \
	TEXT(at, "when") \
	TEXT(run, "the same run") \
	TEXT(flow, "how") \
	TEXT(from, "from which environment, or from whose vault") \
	TEXT(backup, "of which backup") \
	MANY(member, members, "the pieces; of those that arrived their sizes and digests")
/* clang-format on */
RFA_RECORD(generation, RFA_GENERATION_FIELDS);

/* clang-format off */
#define RFA_MANIFEST_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(format, 0, "1") \
	TEXT(backup, "its id: \"20261122-103015-prod-data\"") \
	TEXT(stack, "the stack") \
	TEXT(env, "whose data or images it holds") \
	TEXT(set, "\"data\" or \"images\"") \
	TEXT(at, "when it was made") \
	TEXT(run, "by which run") \
	MANY(member, members, "the pieces, with their archives") \
	MANY(container, containers, "what ran then") \
	TEXT(version, "of images: see the image set") \
	MANY(image, images, "of images: see the image set") \
	TEXT(where, "in the ledger: the environment whose host has the vault") \
	TEXT(vault, "in the ledger: the vault's folder")
/* clang-format on */
RFA_RECORD(manifest, RFA_MANIFEST_FIELDS);

/* clang-format off */
#define RFA_VERDICT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(backup, "its id") \
	BOOL(stays, "a rule keeps it") \
	TEXT(why, "which rule")
/* clang-format on */
RFA_RECORD(verdict, RFA_VERDICT_FIELDS);

/* clang-format off */
#define RFA_RETENTION_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(count, 0, "the newest, so many") \
	INT(days, 0, "all that are not older") \
	INT(daily, 0, "the newest of a day, for so many days that have one") \
	INT(weekly, 0, "the same of weeks") \
	INT(monthly, 0, "the same of months")
/* clang-format on */
RFA_RECORD(retention, RFA_RETENTION_FIELDS);

#endif
