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
	json_decref(data);
	json_decref(point);
	return rc;
}

const struct rfa_ending rfa_data_endings[] = {
	{ "data", generation, data_succeeded, NULL },
	{ "rollback-data", generation, data_succeeded, NULL },
	{ NULL, NULL, NULL, NULL },
};
