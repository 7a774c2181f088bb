/* Completes the plans of runs that bring something: what the ledger knows of who gets it. */
#include <stdio.h>
#include <string.h>

#include "fsm/base/facts.h"
#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"

enum { MS_PER_MIN = 60 * 1000 };

/* *ended: when the run that made this backup has ended; 0: nobody knows. */
static int backup_ended(const struct rfa_prepare *p, const json_t *manifest, int64_t *ended,
			struct rfa_error *err)
{
	const char *run = rfa_facts_str(manifest, "run", "");
	struct rfa_history *history = NULL;
	int rc = *run ? rfa_ledger_load(p->ledger, run, &history, err) : 0;

	*ended = 0;
	if (history && history->final == RFA_FINAL_SUCCEEDED && history->n)
		*ended = history->records[history->n - 1].wall_ms;
	rfa_history_free(history);
	return rc;
}

/* A version that may change the schema has one made before it, if there is data that is named. */
static int may_migrate(const json_t *plan)
{
	return !rfa_facts_at(plan, "point") && rfa_facts_at(plan, "target/stack/migrate") &&
	       json_object_size(rfa_facts_at(plan, "target/stack/data/members"));
}

struct since {
	const char *backup; /* the run that made it */
	int64_t ms;
	int came;
};

static int came_since(void *user, const struct rfa_ledger_line *line)
{
	struct since *since = user;

	since->came |= line->final == RFA_FINAL_SUCCEEDED && line->ended_ms > since->ms &&
		       strcmp(line->run, since->backup) != 0;
	return since->came;
}

/* 1 if a run has ended well there since then: the data may have another schema now. */
static int has_moved_on(const struct rfa_prepare *p, const json_t *plan, const char *backup,
			int64_t ms, int *moved, struct rfa_error *err)
{
	const struct rfa_ledger_filter filter = { p->word, rfa_facts_str(plan, "target/env", ""), 0,
						  0 };
	struct since since = { backup, ms, 0 };
	int rc = rfa_ledger_list(p->ledger, &filter, came_since, &since, err);

	*moved = since.came;
	return rc;
}

/* A backup that has just been made is good enough: of a command that is typed again, say. */
static int is_fresh(const struct rfa_prepare *p, const json_t *plan, const char *id, int *fresh,
		    struct rfa_error *err)
{
	int64_t min = rfa_facts_int(plan, "target/stack/backup/before_min", 10);
	json_t *manifest = NULL;
	int64_t ended = 0;
	char path[400];
	int moved = 0;
	int rc;

	*fresh = 0;
	if (!*id || min <= 0)
		return 0;
	snprintf(path, sizeof(path), "backups/%.64s/%.64s/%.120s.json",
		 rfa_facts_str(plan, "target/env", ""), p->word, id);
	rc = rfa_catalog_find(p->ledger, path, &manifest, err);
	if (!rc && manifest)
		rc = backup_ended(p, manifest, &ended, err);
	*fresh = ended && p->clock->wall_ms(p->clock) - ended <= min * MS_PER_MIN;
	if (!rc && *fresh && may_migrate(plan)) {
		rc = has_moved_on(p, plan, rfa_facts_str(manifest, "run", ""), ended, &moved, err);
		*fresh = !moved;
	}
	json_decref(manifest);
	return rc;
}

/* 1 if data is deleted, or its schema may change; or if rfa.json asks for one before this command,
 * and the command brings something there. */
static int is_wanted(const json_t *plan, const char *command)
{
	if (rfa_facts_bool(plan, "options/wipe", 0))
		return 1;
	if (rfa_facts_bool(plan, "options/take_back", 0))
		return 0;
	return may_migrate(plan) ||
	       rfa_facts_has_text(rfa_facts_at(plan, "target/stack/backup/before"), command);
}

/* To the gate "fresh backup" it is as if it were there already. */
static int put_first(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	char now[RFA_TIME_MAX];
	int rc = rfa_plan_set(plan, "backup_first", json_true(), err);

	rfa_time_iso(p->clock->wall_ms(p->clock), now);
	return rc ? rc : rfa_plan_set(plan, "backup_at", json_string(now), err);
}

int rfa_prepare_before(const struct rfa_prepare *p, json_t *plan, const char *command,
		       struct rfa_error *err)
{
	int wanted = is_wanted(plan, command), fresh = 0;
	char id[128] = "";
	int rc = rfa_catalog_backup(p->ledger, rfa_facts_str(plan, "target/env", ""), p->word,
				    "data", id, err);

	if (!rc && *id)
		rc = rfa_plan_set(plan, "data_backup", json_string(id), err);
	if (!rc && wanted && p->option(p, "skip-backup", 0))
		return rfa_plan_set(plan, "no_backup", json_true(), err);
	if (!rc && wanted)
		rc = is_fresh(p, plan, id, &fresh, err);
	return rc || !wanted || fresh ? rc : put_first(p, plan, err);
}

int rfa_prepare_configuration(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	char path[256];
	json_t *there = NULL, *configuration;
	int rc;

	snprintf(path, sizeof(path), "environments/%.64s/%.64s.json",
		 rfa_facts_str(plan, "target/env", ""), p->word);
	rc = rfa_catalog_find(p->ledger, path, &there, err);
	configuration = rc ? NULL : json_object_get(there, "configuration");
	if (configuration)
		rc = rfa_plan_set(plan, "configuration", json_incref(configuration), err);
	json_decref(there);
	return rc;
}

int rfa_prepare_receiver(const struct rfa_prepare *p, json_t *plan, const char *command,
			 struct rfa_error *err)
{
	const char *env = rfa_facts_str(plan, "target/env", "");
	int rc = rfa_prepare_proven_images(p, plan, "proven", env, err);

	if (!rc)
		rc = rfa_prepare_configuration(p, plan, err);
	if (!rc)
		rc = rfa_prepare_synced(p, plan, err);
	if (!rc)
		rc = rfa_prepare_migrated(p, plan, err);
	if (!rc)
		rc = rfa_prepare_proof(p, plan, env, err);
	return rc ? rc : rfa_prepare_before(p, plan, command, err);
}
