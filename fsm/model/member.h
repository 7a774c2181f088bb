/* Members: the pieces of a stack's data, as they are on one host. */
#ifndef RFA_FSM_MODEL_MEMBER_H
#define RFA_FSM_MODEL_MEMBER_H

#include "fsm/model/field.h"

/* clang-format off */
#define RFA_DATABASE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(engine, "\"postgres\" or \"mysql\"") \
	TEXT(container, "the container that the server runs in") \
	TEXT(user, "as whom") \
	TEXT(database, "the database")
/* clang-format on */
RFA_RECORD(database, RFA_DATABASE_FIELDS);

/* clang-format off */
#define RFA_MEMBER_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "the same in all environments; \"file.…\" of a single file") \
	TEXT(kind, "\"volume\", \"directory\", \"sqlite\", \"postgres\", \"mysql\", \"file\"; \"images\" in a backup") \
	TEXT(tree, "how the host is told what it is: \"directory\", \"sqlite\", or a database's kind") \
	TEXT(place, "its absolute path there; of a server's database \"CONTAINER/DATABASE\"") \
	TEXT(volume, "the volume's name") \
	TEXT(driver, "the volume's driver") \
	INT(options, 0, "how many options the volume has") \
	TEXT(type, "what is at its place: \"d\", \"f\", \"l\", \"o\"; absent: nothing") \
	BOOL(mount, "something is mounted on it or in it") \
	TEXT(unsafe, "why the way to it is not safe, in words") \
	INT(bytes, 0, "allocated; of a database what the server says; in a manifest: of the archive") \
	INT(inodes, 0, "how many entries it has") \
	INT(uid, 0, "the owner of its place") \
	INT(gid, 0, "the group of its place") \
	INT(mode, 0, "the permission bits of its place") \
	INT(too_long, 0, "how many paths in it are too long for a copy") \
	INT(apart, 0, "how many files have another name outside of it") \
	INT(special, 0, "how many FIFOs and devices have several names") \
	INT(flags, 0, "how many entries have flags that lsattr shows") \
	JSON(where, "where its path really leads: see tree_where in transports/host") \
	ONE(database, database, "which database it is") \
	BOOL(up, "the database's server answers") \
	TEXT(why, "why it does not, in words") \
	TEXT(version, "the server's version") \
	INT(major, 0, "a number that grows with the version") \
	TEXT(make, "\"MySQL\" or \"MariaDB\"") \
	TEXT(disk, "the path on the host where the server keeps its data") \
	TEXTS(obstacles, "why the database could not be swapped") \
	TEXTS(unfit, "why it cannot travel as a dump") \
	TEXT(sha256, "of its archive") \
	INT(chunks, 0, "of its archive in a vault") \
	INT(tree_bytes, -1, "in a manifest: allocated where it was; absent: not known") \
	TEXT(copy, "in a rollback point: where the replaced data is; absent: there was none")
/* clang-format on */
RFA_RECORD(member, RFA_MEMBER_FIELDS);

/* clang-format off */
#define RFA_ARCHIVE_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "the member's; \"images\"") \
	TEXT(archive, "the file's name in the spool") \
	INT(bytes, 0, "its length") \
	TEXT(sha256, "of its bytes") \
	INT(chunks, 0, "in a vault: how many") \
	INT(new_bytes, 0, "in a vault: of the chunks that it did not have") \
	INT(layers, 0, "of images: how many are in it") \
	INT(omitted, 0, "of images: how many the target has") \
	INT(fetched, 0, "of images: bytes that came from registries") \
	INT(saved, 0, "of images: bytes that the source has saved for it") \
	TEXT(whole, "of images: why the source's engine was asked for all layers, also for those that the target has")
/* clang-format on */
RFA_RECORD(archive, RFA_ARCHIVE_FIELDS);

/* clang-format off */
#define RFA_COPY_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(name, "the member's") \
	BOOL(reflink, "the file system copied it by reference") \
	INT(bytes, 0, "copied") \
	INT(inodes, 0, "copied")
/* clang-format on */
RFA_RECORD(copy, RFA_COPY_FIELDS);

/* By name; NULL: there is none. */
const struct rfa_member *rfa_member_named(const struct rfa_member_list *members, const char *name);
const struct rfa_archive *rfa_archive_named(const struct rfa_archive_list *archives,
					    const char *name);

/* What lies beside a member. */
enum rfa_beside { RFA_BESIDE_SNAPSHOT, RFA_BESIDE_NEW, RFA_BESIDE_OLD };
/* "snap", "new", "old": a part of its name. */
const char *rfa_beside_word(enum rfa_beside which);

#endif
