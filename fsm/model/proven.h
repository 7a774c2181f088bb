/*
 * What the rows of a run have proven of one host: the facts of their records, together. A row's
 * facts are a part of these fields; no two rows of a flow set the same one.
 */
#ifndef RFA_FSM_MODEL_PROVEN_H
#define RFA_FSM_MODEL_PROVEN_H

#include "fsm/model/container.h"
#include "fsm/model/image.h"
#include "fsm/model/member.h"
#include "fsm/model/plan.h"
#include "fsm/model/point.h"

/* clang-format off */
#define RFA_ENGINE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(hostname, "the host's own name") \
	TEXT(os, "\"linux\"") \
	TEXT(arch, "\"amd64\"") \
	TEXT(user, "as whom rfa works there") \
	INT(uid, 0, "its number") \
	TEXT(boot_id, "another one after each start of the host") \
	TEXT(engine, "the version of the Docker Engine") \
	TEXT(api, "the version of its API") \
	TEXT(store, "\"classic\" or \"containerd\"") \
	TEXT(driver, "the storage driver") \
	TEXT(docker_root, "where the engine keeps its things") \
	TEXT(compose, "the version of the Compose plugin; absent: there is none") \
	TEXT(builder, "the version of BuildKit's client; absent: it was not asked for, or there is none") \
	JSON(tools, "{program: true or false}")
/* clang-format on */
RFA_RECORD(engine, RFA_ENGINE_FIELDS);

/* clang-format off */
#define RFA_OWN_URL_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(file, "the file on the host") \
	TEXT(key, "the key in it") \
	TEXT(value, "the URL that it has") \
	TEXT(problem, "why it has none, in words")
/* clang-format on */
RFA_RECORD(own_url, RFA_OWN_URL_FIELDS);

/* clang-format off */
#define RFA_TAGGED_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(ref, "a tag") \
	TEXT(id, "the image that it names; absent: none")
/* clang-format on */
RFA_RECORD(tagged, RFA_TAGGED_FIELDS);

/* The first of this tag; NULL: there is none. */
const struct rfa_tagged *rfa_tagged_of(const struct rfa_tagged_list *tags, const char *ref);

/* clang-format off */
#define RFA_HELD_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(identity, "of an image of the run") \
	TEXT(id, "its id in this engine")
/* clang-format on */
RFA_RECORD(held, RFA_HELD_FIELDS);

/* The one of this identity; NULL: there is none. */
const struct rfa_held *rfa_held_of(const struct rfa_held_list *held, const char *identity);

/* clang-format off */
#define RFA_CHECK_RESULT_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "of a check") \
	TEXT(kind, "url, tcp, container or exec") \
	BOOL(ok, "it is as it should be") \
	INT(ms, 0, "how long the last try took") \
	INT(tries, 0, "how often it was asked") \
	TEXT(why, "what is wrong, in words") \
	TEXT(answer, "the beginning of what it answered then, without secrets")
/* clang-format on */
RFA_RECORD(check_result, RFA_CHECK_RESULT_FIELDS);

/* The one of this name; NULL: there is none. */
const struct rfa_check_result *rfa_check_result_of(const struct rfa_check_result_list *list,
						   const char *name);

/* clang-format off */
#define RFA_BLIND_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(why, "why no URL can be asked there") \
	TEXT(hint, "how to mend it")
/* clang-format on */
RFA_RECORD(blind, RFA_BLIND_FIELDS);

/* clang-format off */
#define RFA_OBSTACLE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(container, "the container") \
	TEXT(field, "the field of the engine's description") \
	TEXT(why, "what of it cannot be given to its successor, in words") \
	TEXT(hint, "how to mend it")
/* clang-format on */
RFA_RECORD(obstacle, RFA_OBSTACLE_FIELDS);

/* clang-format off */
#define RFA_RAN_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(container, "in which it was run") \
	TEXTS(command, "the command and its arguments") \
	INT(status, 0, "its exit status; 124: its time was over") \
	INT(bytes, 0, "how much it wrote, as far as it was read") \
	TEXT(output, "the beginning of that")
/* clang-format on */
RFA_RECORD(ran, RFA_RAN_FIELDS);

/* clang-format off */
#define RFA_SQL_FILE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(file, "its path below the Compose directory") \
	TEXT(sha256, "of its content")
/* clang-format on */
RFA_RECORD(sql_file, RFA_SQL_FILE_FIELDS);

/* clang-format off */
#define RFA_PROVEN_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	ONE(engine, engine, "the host and its engine") \
	MANY(container, containers, "the stack's containers (of data: those that use it, in the order in which they stop)") \
	ONE(image_set, images, "what runs there") \
	ONE(own_url, own_url, "the URL that the stack says is its own") \
	MANY(held, held, "the images of the run that are there") \
	TEXTS(missing, "the keys of those that are not") \
	TEXTS(omit, "the layers that need not travel") \
	INT(missing_bytes, 0, "how large the missing images are") \
	MANY(worktree, sources, "what images are built from") \
	TEXTS(built, "the keys of the images that this run has built") \
	JSON(blobs, "{image key: [{digest, size}]}: the layers as their registry has them") \
	TEXTS(pulled, "the keys of the images that the engine has pulled") \
	MANY(tagged, tags, "where each tag pointed that the run may move") \
	MANY(check_result, before, "how each check went before") \
	MANY(check_result, checks, "how each check went") \
	MANY(check_result, checks_back, "the same on the way back, or of a drill's end") \
	ONE(blind, blind, "they could not be asked") \
	MANY(obstacle, obstacles, "what cannot be carried over") \
	MANY(dependent, dependents, "other containers that are cut off") \
	MANY(joined, networks, "the networks of each container") \
	MANY(namesake, namesakes, "others that are called as one of the stack") \
	BOOL(of_project, "a Compose project was looked at") \
	BOOL(pinned, "its images were pinned") \
	TEXT(pins, "by this file") \
	TEXTS(files, "the project's files, where rfa.json names none") \
	TEXT(files_problem, "why they are not known") \
	BOOL(has_data, "the data was looked at") \
	MANY(member, members, "the pieces of the data") \
	MANY(container, users, "of a run that also brings images: the containers that use the data") \
	MANY(mounted, others, "other containers that have a piece of it") \
	MANY(mounted, kept_running, "what keep_running names, and has a piece of it") \
	MANY(mounted, database_files, "databases that a container has mounted as single files") \
	BOOL(has_vault, "the vault was looked at") \
	INT(backups, 0, "how many backups it has") \
	ONE(manifest, manifest, "of the run's backup") \
	TEXT(by, "who says it, or runs a command") \
	TEXT(place, "the container in which a command is to run") \
	ONE(ran, ran, "a command that was run") \
	MANY(sql_file, initialised, "files of SQL that have run in an empty database") \
	MANY(verdict, verdicts, "what the rules say of each backup") \
	JSON(gates, "what each gate said") \
	JSON(kept_head, "the head of a ledger that the host kept") \
	JSON(holder, "which run had the host's lock") \
	ONE(archive, exported, "the archive of images") \
	MANY(archive, archives, "the archives of the data") \
	MANY(archive, known, "of each member a list of what is there already: the source's archive leaves it out") \
	TEXT(zip, "how the archives that come there are compressed: \"zstd\", \"gzip\"; absent: not at all") \
	MANY(copy, copies, "the copies of the data") \
	INT(received, 0, "bytes that arrived") \
	INT(sent, 0, "bytes that travelled") \
	ONE(point, point, "what can be gone back to") \
	ONE(point, replaced, "of a run that also brings images: the data that can be gone back to") \
	ONE(configuration, configuration, "the files of the Compose project, as they were before the run") \
	BOOL(purged, "the data that was replaced does not lie beside any more") \
	BOOL(in_force, "its containers were made with what these files say") \
	ONE(point, files_replaced, "of a rollback: the files that it has written over") \
	MANY(archive, stored, "what the vault has of each member") \
	TEXTS(problems, "what of the backup is missing, altered or too many") \
	TEXT(generation, "another one whenever something ran that could have written") \
	INT(verified_ms, 0, "when it was proven that nothing uses the data") \
	MANY(thing, things, "what could go, and what holds it") \
	MANY(space, space, "what was free on the host's file systems") \
	MANY(space, left, "the same, at the end") \
	TEXTS(images_gone, "images that were removed") \
	TEXTS(spools_gone, "runs whose directories were removed") \
	INT(retained, 0, "how many backups stay") \
	TEXTS(removed, "backups that were removed") \
	MANY(retired, retired, "rollback points that are no longer there") \
	MANY(file_change, changes, "the files of the stack's directory, as they are and are to be") \
	TEXTS(directories, "that have to be made for them") \
	TEXTS(emptied, "directories that go, if they are empty") \
	MANY(synced, synced, "the files that were brought, in this run or before") \
	ONE(migration, migration, "the change of the schema") \
	ONE(migration, tried, "one that was tried on the data of a backup") \
	TEXT(schema, "what is true of the schema, in words") \
	TEXT(schema_back, "the same, on the way back")
/* clang-format on */
RFA_RECORD(proven, RFA_PROVEN_FIELDS);

/*
 * Those that use the data, in the order in which they stop. A run that brings images and data has
 * looked twice, and has two lists; any other has one. Borrowed.
 */
const struct rfa_container_list *rfa_users(const struct rfa_proven *proven);
/* The same of the data that the run has replaced; NULL: none. */
const struct rfa_point *rfa_replaced(const struct rfa_proven *proven);

/*
 * The images that a run brings: what its source has or has built, or the rollback point's; before
 * anything is built only their names. version: of them (may be NULL). Both are borrowed.
 */
const struct rfa_image_list *rfa_brings(const struct rfa_plan *plan,
					const struct rfa_proven *source, const char **version);

/* The configuration with which a run leaves the target's Compose project; NULL: not known. */
const struct rfa_configuration *rfa_brings_up(const struct rfa_plan *plan,
					      const struct rfa_proven *target);

/*
 * What a step has done so far, of a record in its middle: its next attempt and its undo know it,
 * whatever comes of this one.
 */
/* clang-format off */
#define RFA_MADE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	MANY(tagged, containers, "{ref: the name, id}: containers that it made") \
	TEXT(was, "what a file had before") \
	BOOL(begun, "a command may have begun, which nobody can undo") \
	ONE(once, before, "of a migration: what its check said before") \
	TEXTS(going, "rollback points that it is about to remove") \
	ONE(soak, soak, "the share of the traffic that proves itself")
/* clang-format on */
RFA_RECORD(made, RFA_MADE_FIELDS);

#endif
