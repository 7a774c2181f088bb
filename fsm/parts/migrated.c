/*
 * What the ledger knows of the schema of a stack's data: which migrations it has seen. It is
 * forgotten where other data takes the place of this.
 */
#include <stdio.h>
#include <string.h>

#include "fsm/parts/args.h"
#include "fsm/parts/catalog.h"
#include "fsm/parts/outputs.h"

static void path_of(const char *env, const char *stack, char out[256])
{
	snprintf(out, 256, "migrations/%.64s/%.64s.json", env, stack);
}

int rfa_prepare_migrated(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	json_t *known = NULL, *done;
	char path[256];
	int rc;

	path_of(rfa_facts_str(plan, "target/env", ""), p->word, path);
	rc = rfa_catalog_find(p->ledger, path, &known, err);
	done = rc ? NULL : json_object_get(known, "done");
	if (done)
		rc = rfa_plan_set(plan, "migrated", json_incref(done), err);
	json_decref(known);
	return rc;
}

static int no_such(const struct rfa_prepare *p, const char *version, struct rfa_error *err)
{
	rfa_fail(err, RFA_ENOTFOUND, "ledger", "no run has brought a version %.100s", version);
	return rfa_error_hint(err, "`rfa verified %s` lists those that there are", p->word);
}

int rfa_prepare_tried(const struct rfa_prepare *p, json_t *plan, struct rfa_error *err)
{
	const char *version = p->option(p, "with", 0);
	json_t *known = NULL, *set;
	int rc;

	if (!version)
		return 0;
	if (!rfa_facts_at(plan, "target/stack/migrate")) {
		rfa_fail(err, RFA_ECONFIG, "config", "the stack %.60s has no migration", p->word);
		return rfa_error_hint(err, "say how: \"migrate\" of the stack in rfa.json");
	}
	rc = rfa_catalog_version(p->ledger, p->word, version, &known, err);
	if (!rc && !known)
		rc = no_such(p, version, err);
	if (rc)
		return rc;
	set = json_pack("{s:s, s:O?}", "version", version, "images",
			json_object_get(known, "images"));
	json_decref(known);
	return rfa_plan_set(plan, "tried", set, err);
}

/* The same one again is the newest now. */
static void add(struct rfa_pool *pool, const struct rfa_migration_list *before,
		const struct rfa_migration *now, struct rfa_migration_list *out)
{
	const struct rfa_migration *one;

	RFA_EACH (one, *before)
		if (strcmp(one->identity, now->identity) != 0)
			*RFA_ADD(pool, migration, out) = *one;
	*RFA_ADD(pool, migration, out) = *now;
}

static int read_known(struct rfa_ledger *ledger, const char *path, struct rfa_pool *pool,
		      struct rfa_migrations *out, struct rfa_error *err)
{
	json_t *json = NULL;
	int rc = rfa_catalog_find(ledger, path, &json, err);

	rfa_record_clear(&rfa_shape_migrations, out);
	if (!rc && json)
		rc = rfa_record_read(&rfa_shape_migrations, rfa_pool_json_new(pool, json), pool,
				     out, err);
	return rc;
}

int rfa_outputs_migrated(struct rfa_outputs *o, const struct rfa_migration *migration,
			 struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_migrations known, now;
	struct rfa_out_file *f;
	json_t *json = NULL;
	char path[256];
	int rc;

	path_of(o->env, o->stack, path);
	rc = read_known(o->ledger, path, &pool, &known, err);
	rfa_record_clear(&rfa_shape_migrations, &now);
	now.stack = o->stack;
	now.env = o->env;
	if (!rc)
		add(&pool, &known.done, migration, &now.done);
	if (!rc)
		rc = rfa_pool_check(&pool, err);
	if (!rc)
		rc = rfa_record_write(&rfa_shape_migrations, &now, &json, err);
	if (!rc) {
		f = rfa_outputs_file(o, 0);
		snprintf(f->path, sizeof(f->path), "%s", path);
		rc = rfa_outputs_json(f, json, err);
	}
	rfa_pool_release(&pool);
	return rc;
}

int rfa_catalog_needs_data(struct rfa_ledger *ledger, const char *env, const char *stack,
			   const json_t *point, struct rfa_error *err)
{
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_migrations known;
	char path[256];
	int rc;

	path_of(env, stack, path);
	rc = read_known(ledger, path, &pool, &known, err);
	if (!rc)
		rc = rfa_migration_bars(&known.done, rfa_facts_str(point, "run", ""),
					rfa_facts_str(point, "version", "")) != NULL;
	rfa_pool_release(&pool);
	return rc;
}

int rfa_outputs_other_data(struct rfa_outputs *o, struct rfa_error *err)
{
	struct rfa_out_file *f;
	json_t *known = NULL;
	char path[256];
	int rc;

	path_of(o->env, o->stack, path);
	rc = rfa_catalog_find(o->ledger, path, &known, err);
	if (!rc && known) {
		f = rfa_outputs_file(o, 0);
		f->remove = 1;
		snprintf(f->path, sizeof(f->path), "%s", path);
	}
	json_decref(known);
	return rc;
}
