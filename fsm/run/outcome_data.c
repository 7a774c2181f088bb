/* How runs about data end in the ledger: the generation, the backup, the drill. */
#include "fsm/run/outcome.h"

#include <stdio.h>
#include <string.h>

static json_t *fact(const struct rfa_drive *d, const char *step, const char *path)
{
	return rfa_facts_at(json_object_get(d->facts, step), path);
}

/* ---- data, restore, rollback-data -------------------------------------------------------------
 */

/* A generation is called after the run that brought it: "data-20261122-103015". */
static void generation(const struct rfa_drive *d, struct rfa_outcome *o)
{
	snprintf(o->version, sizeof(o->version), "data-%.15s", d->result->run);
}

/* What is known of each member that arrived; of a generation that came back only its name. */
static json_t *members_of(const struct rfa_drive *d)
{
	json_t *archives = fact(d, "source.pack", "archives");
	json_t *members = json_array();
	json_t *one;
	size_t i;

	if (!archives)
		archives = fact(d, "source.open", "archives");
	json_array_foreach (fact(d, "target.look", "members"), i, one) {
		const char *name = rfa_facts_str(one, "name", "");
		const json_t *archive = json_object_get(archives, name);
		json_t *line = json_pack("{s:s}", "name", name);

		if (archive) {
			json_object_set(line, "bytes", json_object_get(archive, "bytes"));
			json_object_set(line, "sha256", json_object_get(archive, "sha256"));
		}
		json_array_append_new(members, line);
	}
	return members;
}

static int data_succeeded(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	const char *backup = rfa_facts_str(d->plan, "options/backup", NULL);
	json_t *point = json_copy(fact(d, "target.swap", "point"));
	struct rfa_out_file *f = rfa_outcome_file(o, 0);
	json_t *data =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "stack", d->stack, "env", d->env,
		      "generation", d->result->run, "at", o->now, "run", d->result->run, "flow",
		      d->flow->name, "from", d->from, "members", members_of(d));
	int rc = data && point ? 0 : rfa_fail_nomem(err);

	snprintf(f->path, sizeof(f->path), "data/%s/%s.json", d->env, d->stack);
	if (!rc && backup)
		rc = rfa_facts_set(data, "backup", json_string(backup), err);
	if (!rc && backup)
		rc = rfa_facts_set(point, "backup", json_string(backup), err);
	if (!rc)
		rc = rfa_facts_set(point, "version", json_string(o->version), err);
	if (!rc) {
		rc = rfa_outcome_json(f, data, err);
		data = NULL;
	}
	if (!rc)
		rc = rfa_outcome_point(d, o, o->version, point, err);
	/* The generation that serves again is no copy any more. */
	if (!rc)
		rc = rfa_outcome_spend(d, o, rfa_facts_str(d->plan, "point/name", ""), "used", err);
	json_decref(data);
	json_decref(point);
	return rc;
}

/* ---- backup -----------------------------------------------------------------------------------
 */

static void backup_id(const struct rfa_drive *d, struct rfa_outcome *o)
{
	snprintf(o->version, sizeof(o->version), "%s",
		 rfa_facts_str(d->plan, "options/backup", ""));
}

/* The manifest, and where the backup is. */
static int backup_succeeded(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	json_t *backup = json_copy(fact(d, "target.seal", "manifest"));
	struct rfa_out_file *f;
	int rc = backup ? 0 : rfa_fail(err, RFA_EINTERNAL, "run", "a backup without a manifest");

	if (!rc)
		rc = rfa_facts_set(backup, "where", json_string(d->env), err);
	if (!rc)
		rc = rfa_facts_set(backup, "vault",
				   json_string(rfa_facts_str(d->plan, "options/vault", "")), err);
	if (rc) {
		json_decref(backup);
		return rc;
	}
	f = rfa_outcome_file(o, 0);
	snprintf(f->path, sizeof(f->path), "backups/%s/%s/%.120s.json", d->from, d->stack,
		 o->version);
	return rfa_outcome_json(f, backup, err);
}

/* ---- drill ------------------------------------------------------------------------------------
 */

static int drill_file(struct rfa_drive *d, struct rfa_outcome *o, int proven, struct rfa_error *err)
{
	struct rfa_out_file *f = rfa_outcome_file(o, 0);
	json_t *before = NULL;
	json_t *drill = NULL;
	json_t *last;
	int rc;

	snprintf(f->path, sizeof(f->path), "drills/%s/%s.json", d->env, d->stack);
	rc = rfa_outcome_read(d, f->path, &before, err);
	if (rc && rc != -RFA_ENOTFOUND)
		return rc;
	rfa_error_clear(err);
	drill = json_pack("{s:b, s:s, s:s, s:s, s:s, s:s}", "proven", proven, "at", o->now, "run",
			  d->result->run, "backup", o->version, "of",
			  rfa_facts_str(fact(d, "source.look", "manifest"), "env", ""), "why",
			  proven ? "" : d->why.msg);
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
	return rfa_outcome_json(f, drill, err);
}

static int drill_succeeded(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	return drill_file(d, o, 1, err);
}

/*
 * A backup that could not be read, or did not serve, is no backup. But a drill that was refused for
 * another reason, or called off, says nothing of it.
 */
static int drill_failed(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	int row = rfa_flow_find(d->flow, d->why_step);
	int begun = row >= 0 && d->flow->steps[row].state != RFA_PRECHECK;
	int looked = fact(d, "source.look", "") != NULL;
	int lacking = looked && !json_is_object(fact(d, "source.look", "manifest"));

	if (o->final == RFA_FINAL_ABORTED || d->why.code == RFA_EABORTED || (!begun && !lacking))
		return 0;
	return drill_file(d, o, 0, err);
}

/* ---- prune ------------------------------------------------------------------------------------
 */

static void no_version(const struct rfa_drive *d, struct rfa_outcome *o)
{
	(void)d;
	o->version[0] = '\0';
}

static int prune_succeeded(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	json_t *one;
	size_t i;
	int rc = 0;

	json_array_foreach (fact(d, "target.prune", "spent"), i, one) {
		if (!rc)
			rc = rfa_outcome_spend(d, o, rfa_facts_str(one, "point", ""),
					       rfa_facts_str(one, "how", "gone"), err);
	}
	return rc;
}

/* What it was about to remove may be there in part: nobody is to go back to it. */
static int prune_broken_off(struct rfa_drive *d, struct rfa_outcome *o, struct rfa_error *err)
{
	json_t *name;
	size_t i;
	int rc = 0;

	json_array_foreach (fact(d, "target.prune", "made/going"), i, name) {
		if (!rc)
			rc = rfa_outcome_spend(d, o, json_string_value(name), "pruned", err);
	}
	return rc;
}

const struct rfa_ending rfa_data_endings[] = {
	{ "data", generation, data_succeeded, NULL },
	{ "rollback-data", generation, data_succeeded, NULL },
	{ "restore", generation, data_succeeded, NULL },
	{ "backup", backup_id, backup_succeeded, NULL },
	{ "drill", backup_id, drill_succeeded, drill_failed },
	{ "prune", no_version, prune_succeeded, prune_broken_off },
	{ NULL, NULL, NULL, NULL },
};
