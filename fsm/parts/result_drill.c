/* How drills end in the ledger: whether the backup is proven. */
#include <stdio.h>
#include <string.h>

#include "fsm/parts/catalog.h"
#include "fsm/parts/outputs.h"

static int drill_file(struct rfa_outputs *o, const char *set, int proven, struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	json_t *before = NULL;
	json_t *drill = NULL;
	json_t *last;
	int rc;

	rfa_catalog_drill_path(o->env, o->stack, set, f->path);
	rc = rfa_catalog_read(o->ledger, f->path, &before, err);
	if (rc && rc != -RFA_ENOTFOUND)
		return rc;
	rfa_error_clear(err);
	drill =
	    json_pack("{s:b, s:s, s:s, s:s, s:s, s:s}", "proven", proven, "at", o->now, "run",
		      o->run, "backup", rfa_facts_str(o->plan, "options/backup", o->version), "of",
		      rfa_facts_str(rfa_outputs_fact(o, "source.observe", "manifest"), "env", ""),
		      "why", proven ? "" : o->why->msg);
	/* The last backup that was proven is known ever after: it is kept. */
	last =
	    rfa_facts_bool(before, "proven", 0) ? before : json_object_get(before, "last_proven");
	if (drill && !proven && json_is_object(last)) {
		json_t *line = json_pack("{s:s, s:s, s:s}", "at", rfa_facts_str(last, "at", ""),
					 "run", rfa_facts_str(last, "run", ""), "backup",
					 rfa_facts_str(last, "backup", ""));

		json_object_set_new(drill, "last_proven", line);
	}
	json_decref(before);
	return rfa_outputs_json(f, drill, err);
}

/* The version has a proof more: its migration was tried. The run itself is about a backup. */
static int put_tried(struct rfa_outputs *o, const struct rfa_migration *tried,
		     struct rfa_error *err)
{
	const struct rfa_image_list none = { NULL, 0 };
	struct rfa_pool pool = RFA_POOL_INIT;
	struct rfa_verification proof;
	char backup[sizeof(o->version)];
	int rc;

	memcpy(backup, o->version, sizeof(backup));
	snprintf(o->version, sizeof(o->version), "%s", tried->version);
	rfa_record_clear(&rfa_shape_verification, &proof);
	proof.how = "migrated";
	rfa_texts_add(&pool, &proof.identities, tried->identity);
	rc = rfa_pool_check(&pool, err);
	if (!rc)
		rc = rfa_outputs_version(o, &none, &proof, err);
	memcpy(o->version, backup, sizeof(backup));
	rfa_pool_release(&pool);
	return rc;
}

/* "data" or "images". */
static const char *set_of(const struct rfa_outputs *o)
{
	return rfa_facts_str(o->plan, "options/set", "data");
}

static int drill_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	const struct rfa_migration *tried;
	struct rfa_outputs_seen k;
	int rc = rfa_outputs_see(o, &k, err);

	tried = rc ? NULL : k.proven[RFA_TARGET].tried;
	if (tried)
		rc = put_tried(o, tried, err);
	rfa_outputs_seen_release(&k);
	return rc ? rc : drill_file(o, set_of(o), 1, err);
}

/*
 * A backup that could not be read, or did not serve, is no backup. But a drill that was refused for
 * another reason, or called off, says nothing of it.
 */
static int put_failed(struct rfa_outputs *o, const char *set, struct rfa_error *err)
{
	int row = rfa_flow_find(o->flow, o->why_step);
	int begun = row >= 0 && o->flow->steps[row].state != RFA_PRECHECK;
	int looked = rfa_outputs_fact(o, "source.observe", "") != NULL;
	int lacking = looked && !json_is_object(rfa_outputs_fact(o, "source.observe", "manifest"));

	if (o->final == RFA_FINAL_ABORTED || o->why->code == RFA_EABORTED || (!begun && !lacking))
		return 0;
	return drill_file(o, set, 0, err);
}

static int drill_failed(struct rfa_outputs *o, struct rfa_error *err)
{
	/* What a migration makes of the data is not the backup's fault. */
	return rfa_facts_at(o->plan, "options/tried") ? 0 : put_failed(o, set_of(o), err);
}

/* An environment that was made anew has the data of a backup, and serves it: or does not. */
static int restore_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	int rc = rfa_result_data.succeeded(o, err);

	return rc || !rfa_facts_bool(o->plan, "options/as_drill", 0)
		   ? rc
		   : drill_file(o, "rebuild", 1, err);
}

static int restore_failed(struct rfa_outputs *o, struct rfa_error *err)
{
	return rfa_facts_bool(o->plan, "options/as_drill", 0) ? put_failed(o, "rebuild", err) : 0;
}

static void restore_version(struct rfa_outputs *o)
{
	rfa_result_data.version(o);
}

const struct rfa_result_ops rfa_result_restore = { restore_version, restore_succeeded,
						   restore_failed };

const struct rfa_result_ops rfa_result_drill = { rfa_outputs_backup, drill_succeeded,
						 drill_failed };
