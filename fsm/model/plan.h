/* A plan: what a run was begun for, frozen. */
#ifndef RFA_FSM_MODEL_PLAN_H
#define RFA_FSM_MODEL_PLAN_H

#include "fsm/model/image.h"
#include "fsm/model/migration.h"
#include "fsm/model/point.h"
#include "fsm/model/stack.h"
#include "fsm/model/thing.h"

/* clang-format off */
#define RFA_PLAN_HOST_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(env, "the environment") \
	TEXT(transport, "\"ssh\" or \"local\"") \
	TEXT(destination, "as ssh takes it") \
	TEXT(address, "its name or address in URLs") \
	TEXTS(own_addresses, "more names that count as the host itself") \
	ONE(stack, stack, "the stack's configuration there")
/* clang-format on */
RFA_RECORD(plan_host, RFA_PLAN_HOST_FIELDS);

/* clang-format off */
#define RFA_REGISTRY_SPEC_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(domain, "as the names of images begin") \
	TEXT(ca, "a file of certificates that are trusted, on the operator's machine") \
	BOOL(http, "it is asked without TLS") \
	BOOL(login, "rfa.json says where a login for it is")
/* clang-format on */
RFA_RECORD(registry_spec, RFA_REGISTRY_SPEC_FIELDS);

/* clang-format off */
#define RFA_OPTIONS_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	TEXT(reason, "why the run is made") \
	TEXT(force_reason, "why gates may be passed that can be") \
	INT(idle_timeout_ms, 30000, "so long may nothing move") \
	INT(chunk_bytes, 8388608, "the unit of comparison after an interruption") \
	ONE(image_set, verified, "what the source has proven") \
	ONE(image_set, proven, "what the target has proven: by its version it is called") \
	TEXT(backup_at, "when the newest backup of the target's data was made") \
	TEXT(proven_drill_at, "when a drill has last proven a backup of the target") \
	TEXT(vault, "the vault's folder") \
	TEXT(vault_on, "whose host has it") \
	TEXT(backup, "the id of the backup") \
	TEXT(data_backup, "of a run that brings images or files: the newest backup of the data, which its rollback point names") \
	TEXT(once, "what the run was begun for, and no other run of the stack in that environment is: a release of a forge") \
	BOOL(backup_first, "that backup is made for this run, before it begins") \
	BOOL(no_backup, "it was left out, for the reason") \
	TEXT(then, "of such a backup: the command that goes on behind it") \
	TEXT(set, "what the backup is of: \"data\" or \"images\"") \
	TEXT(of, "whose backups") \
	TEXT(known, "the newest backup that the ledger knows in this vault") \
	ONE(retention, retention, "which backups stay; absent: all") \
	TEXTS(pinned, "ids of backups that no rule removes") \
	TEXTS(members, "only these members of the data; none: all") \
	JSON(agreed, "what the operator agreed to lose") \
	BOOL(accept_head, "the host trusts this copy of the ledger from now on") \
	JSON(kept, "the head that the host keeps") \
	TEXT(run, "the run whose lock is released") \
	BOOL(mark, "what passes a smoke test counts as verified") \
	TEXT(service, "the container or service in which a command is run") \
	TEXTS(command, "the command and its arguments") \
	INT(timeout_s, 0, "seconds that it may take") \
	BOOL(no_lock, "without the host's lock") \
	INT(wait_lock_s, 0, "seconds that a lock of another run is waited for") \
	ONE(image_set, desired, "what is built: names only, for nothing is known of it yet") \
	MANY(worktree, sources, "from what it is built") \
	TEXT(via, "whose host asks the registries: \"target\" (its engine), or an environment") \
	NAMED(registry_spec, registries, "how each is asked") \
	TEXT(arch, "the processor of the target, where no step asks it: for it registries are asked") \
	TEXT(item, "of the checklist, that is signed") \
	BOOL(take_back, "files that were edited on the host come to the source") \
	BOOL(remove_gone, "files that the source has no more are removed") \
	NAMED(synced, synced, "the files that were brought before") \
	ONE(configuration, configuration, "the files that the last run on the target has brought up") \
	BOOL(with_files, "the configuration goes back with the images") \
	TEXTS(differs, "what of the configuration is not as the rollback point has it, by file and key") \
	TEXTS(asked, "of images that are not there: the places that were asked, and what each said") \
	TEXT(zone, "the time zone in which the version was named") \
	TEXTS(kinds, "what is to go: \"image\", \"data\", \"spool\"") \
	MANY(need, needs, "what the ledger needs images of that host for") \
	TEXT(imported_from, "the file from which lines of a history are imported") \
	TEXTS(imported, "these lines") \
	TEXT(marked, "the version that the file's neighbours name as verified") \
	BOOL(recreate, "every container is made anew, whatever of it has changed") \
	BOOL(wipe, "the data goes: nothing takes its place") \
	BOOL(purge, "what was there does not stay beside, once the run has succeeded") \
	BOOL(as_drill, "the environment was made anew for this backup: it is recorded as a drill of that") \
	TEXT(standby_drill_at, "when an environment that was made anew has last served a backup of the target") \
	BOOL(keeps_data, "the data stays: no member of it is part of the run") \
	ONE(release, release, "the commit that is released") \
	INT(pause_at, 0, "per cent of the traffic behind whose soak the run pauses") \
	BOOL(at_once, "a rollback moves all of the traffic in one share, without a soak") \
	MANY(migration, migrated, "the migrations that the target's data has seen, the newest last") \
	ONE(image_set, tried, "of a drill: the version whose migration is tried, as it was brought first")
/* clang-format on */
RFA_RECORD(options, RFA_OPTIONS_FIELDS);

/* clang-format off */
#define RFA_PLAN_FIELDS(TEXT, INT, BOOL, TEXTS, JSON, ONE, MANY, NAMED) \
	INT(format, 0, "1") \
	TEXT(flow, "the flow's name") \
	TEXT(stack, "the stack's name; \"\" where the flow is about a host") \
	ONE(plan_host, source, "the host that gives") \
	ONE(plan_host, target, "the host that takes") \
	ONE(options, options, "what was asked for") \
	ONE(point, point, "the rollback point that is gone back to")
/* clang-format on */
RFA_RECORD(plan, RFA_PLAN_FIELDS);

/* The rollback point, if it is one of data: the data comes from there. NULL: it does not. */
const struct rfa_point *rfa_plan_data_point(const struct rfa_plan *plan);

#endif
