/* How runs that bring data end in the ledger: the generation that serves, and the one it replaced.
 */
#include "fsm/parts/outputs.h"

#include <stdio.h>
#include <string.h>

/* A generation is called after the run that brought it: "data-20261122-103015". */
static void generation(struct rfa_outputs *o)
{
	snprintf(o->version, sizeof(o->version), "data-%.15s", o->run);
}

/* What is known of each member that arrived; of a generation that came back only its name. */
static json_t *members_of(const struct rfa_outputs *o)
{
	json_t *archives = rfa_outputs_fact(o, "source.pack", "archives");
	json_t *members = json_array();
	json_t *one;
	size_t i;

	if (!archives)
		archives = rfa_outputs_fact(o, "source.open", "archives");
	json_array_foreach (rfa_outputs_fact(o, "target.look", "members"), i, one) {
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

static int data_succeeded(struct rfa_outputs *o, struct rfa_error *err)
{
	const char *backup = rfa_facts_str(o->plan, "options/backup", NULL);
	json_t *point = rfa_facts_copy_shallow(rfa_outputs_fact(o, "target.swap", "point"));
	struct rfa_out_file *f = rfa_outputs_file(o, 0);
	json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "stack", o->stack,
				 "env", o->env, "generation", o->run, "at", o->now, "run", o->run,
				 "flow", o->flow->name, "from", o->from, "members", members_of(o));
	int rc = data && point ? 0 : rfa_fail_nomem(err);

	snprintf(f->path, sizeof(f->path), "data/%s/%s.json", o->env, o->stack);
	if (!rc && backup)
		rc = rfa_facts_set(data, "backup", json_string(backup), err);
	if (!rc && backup)
		rc = rfa_facts_set(point, "backup", json_string(backup), err);
	if (!rc)
		rc = rfa_facts_set(point, "version", json_string(o->version), err);
	if (!rc) {
		rc = rfa_outputs_json(f, data, err);
		data = NULL;
	}
	if (!rc)
		rc = rfa_outputs_point(o, o->version, point, err);
	/* The generation that serves again is no copy any more. */
	if (!rc)
		rc = rfa_outputs_spend(o, rfa_facts_str(o->plan, "point/name", ""), "used", err);
	json_decref(data);
	json_decref(point);
	return rc;
}

const struct rfa_result_ops rfa_result_data = { generation, data_succeeded, NULL };
